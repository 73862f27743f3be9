"""The state holds nothing of the stack of calls that declared a resource: no paths of a machine's Python, and half the bytes."""

from __future__ import annotations

import pulumi
import pulumi.runtime.resource as sdk
import pytest

from components.frames import without_frames
from components.service_account_keys import ServiceAccountKeys
from components.settings import stack_provider
from components.spec import SpecError
from tests.components.declared import Declared, run

ACCOUNT = {
    "name": "translator",
    "readers": ["self"],
    "kmsKey": True,
    "roles": ["monitoring.viewer"],
    "keys": [{"name": "default", "uses": ["translate"]}],
}


class Theirs(pulumi.CustomResource):
    """A resource of the user's own program."""

    def __init__(self, name: str) -> None:
        super().__init__("theirs:index:Thing", name, {})


def frames(declared: Declared, name: str) -> list[int]:
    """How many frames each resource of that name was registered with."""
    return [len(it.stackTrace.frames) for (_, known), it in declared.requests.items() if known == name]


def test_an_account_and_all_that_it_declares_are_registered_without_frames() -> None:
    declared = run(
        lambda: ServiceAccountKeys("translator", ACCOUNT, opts=pulumi.ResourceOptions(provider=stack_provider()))
    )
    assert len(declared.requests) > 6
    assert [
        which for which, it in declared.requests.items() if it.HasField("sourcePosition") or it.stackTrace.frames
    ] == []


def test_the_users_own_resources_keep_their_frames() -> None:
    def program() -> None:
        Theirs("before")
        ServiceAccountKeys("translator", ACCOUNT)
        Theirs("after")

    declared = run(program)
    assert min(*frames(declared, "before"), *frames(declared, "after")) > 1
    position = next(it for (_, name), it in declared.requests.items() if name == "after").sourcePosition
    assert position.uri.endswith("/test_frames.py"), "of the line that declared it, as without us"


def test_after_an_account_that_is_wrong_frames_are_as_before() -> None:
    def program() -> None:
        with pytest.raises(SpecError):
            ServiceAccountKeys("translator", {**ACCOUNT, "keys": [{"name": "?"}]})
        Theirs("after")

    assert frames(run(program), "after")[0] > 1


def test_the_sdk_still_sends_frames_with_each_resource_and_has_no_setting_for_it() -> None:
    """Where this fails, the SDK has changed: `components/frames.py` can go, or must follow it."""
    assert callable(vars(sdk)["_get_stack_trace"])
    assert frames(run(lambda: Theirs("one")), "one")[0] > 1
    with without_frames():
        assert frames(run(lambda: Theirs("one")), "one") == [0]
