"""What accounts, KMS keys and Lockbox secrets have in common, before any call: names, folders, defaults, previews."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import cast

import pytest

from provider.yandex_keys.errors import InvalidInput
from provider.yandex_keys.fields import Change
from provider.yandex_keys.folder_resource import FolderResource, logical_name, whole_seconds
from provider.yandex_keys.kms_symmetric_key import KmsSymmetricKey
from provider.yandex_keys.lockbox_secret import LockboxSecret
from provider.yandex_keys.properties import UNKNOWN
from provider.yandex_keys.run import RunRecord, Runtime
from provider.yandex_keys.service_account import ServiceAccount

RUNTIME = cast(Runtime, SimpleNamespace(folder_id="b1gdefault", record=RunRecord(), log=lambda *said: None))
NO_FOLDER = cast(Runtime, SimpleNamespace(folder_id=""))


def urn(name: str) -> str:
    return f"urn:pulumi:local::api-keys::pkg:index/thing:Thing::{name}"


@pytest.fixture(params=[ServiceAccount, KmsSymmetricKey, LockboxSecret])
def handler(request: pytest.FixtureRequest) -> FolderResource:
    made = request.param()
    assert isinstance(made, FolderResource)
    return made


class TestAName:
    def test_that_is_given_is_kept(self, handler: FolderResource) -> None:
        assert handler.check(urn("x"), {"name": "old"}, {"name": "translator"}, RUNTIME)["name"] == "translator"

    def test_that_is_not_given_is_the_resources_and_seven_random_digits(self, handler: FolderResource) -> None:
        made = [handler.check(urn("translator"), {}, {}, RUNTIME)["name"] for _ in range(2)]
        assert all(re.fullmatch(r"translator-[0-9a-f]{7}", name) for name in made)
        assert made[0] != made[1]

    def test_that_was_made_up_once_stays(self, handler: FolderResource) -> None:
        first = handler.check(urn("translator"), {}, {}, RUNTIME)
        assert handler.check(urn("translator"), first, {}, RUNTIME) == first

    def test_that_was_made_up_is_never_too_long(self, handler: FolderResource) -> None:
        name = handler.check(urn("n" * 300), {}, {}, RUNTIME)["name"]
        assert len(name) == handler.longest_name

    @pytest.mark.parametrize("logical", ["My Account!", "1st", "Übersetzer", "---", "a::b", "$"])
    def test_of_an_account_that_was_made_up_has_only_letters_that_it_may_have(self, logical: str) -> None:
        name = ServiceAccount().check(urn(logical), {}, {}, RUNTIME)["name"]
        assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", name)


class TestAFolder:
    def test_that_is_not_given_is_the_providers(self, handler: FolderResource) -> None:
        assert handler.check(urn("x"), {}, {}, RUNTIME)["folderId"] == "b1gdefault"

    def test_stays_where_the_resource_is_when_the_providers_changes(self, handler: FolderResource) -> None:
        assert handler.check(urn("x"), {"folderId": "b1gold"}, {}, RUNTIME)["folderId"] == "b1gold"

    def test_is_not_known_while_the_providers_settings_are_not(self, handler: FolderResource) -> None:
        assert handler.check(urn("x"), {}, {}, None)["folderId"] is UNKNOWN

    def test_that_nobody_names_is_a_problem_with_a_remedy(self, handler: FolderResource) -> None:
        with pytest.raises(InvalidInput) as refused:
            handler.check(urn("x"), {}, {"nmae": "x"}, NO_FOLDER)
        assert [path for path, _ in refused.value.problems] == ["nmae", "folderId"]
        assert "YC_FOLDER_ID" in str(refused.value)

    def test_that_changes_replaces_the_resource(self, handler: FolderResource) -> None:
        diff = handler.diff(urn("x"), "id", {"folderId": "a", "name": "n"}, {"folderId": "b", "name": "n"}, RUNTIME)
        assert diff.changes == {"folderId": Change("update", replace=True)}

    def test_that_changes_frees_the_name_of_an_account_first(self) -> None:
        def deletes_first(name: str) -> bool:
            state, inputs = {"folderId": "a", "name": "n"}, {"folderId": "b", "name": name}
            return ServiceAccount().diff(urn("x"), "aje", state, inputs, RUNTIME).delete_before_replace

        assert deletes_first("n")
        assert not deletes_first("other")


class TestAPreview:
    def test_of_a_create_knows_what_is_given_and_not_what_the_cloud_decides(self, handler: FolderResource) -> None:
        inputs = handler.check(urn("x"), {}, {"name": "n", "description": UNKNOWN}, RUNTIME)
        seen = handler.preview(urn("x"), None, inputs, RUNTIME)
        assert {name: seen[name] for name in inputs} == inputs
        assert {name: seen[name] for name in handler.outputs} == dict.fromkeys(handler.outputs, UNKNOWN)

    def test_knows_every_output_that_no_input_gives(self, handler: FolderResource) -> None:
        seen = handler.preview(urn("x"), None, handler.check(urn("x"), {}, {"name": "n"}, RUNTIME), RUNTIME)
        assert seen.keys() == {*(field.name for field in handler.fields), *handler.outputs}
        assert seen["description"] == ""

    def test_of_an_update_keeps_what_the_cloud_has_decided(self, handler: FolderResource) -> None:
        state = {"name": "old", "folderId": "b1g", "description": "gone", **dict.fromkeys(handler.outputs, "known")}
        seen = handler.preview(urn("x"), state, {"name": "new", "folderId": "b1g"}, RUNTIME)
        assert seen["name"] == "new"
        assert seen["description"] == ""
        assert {name: seen[name] for name in handler.outputs} == dict.fromkeys(handler.outputs, "known")


def test_defaults_are_filled_in() -> None:
    assert KmsSymmetricKey().check(urn("x"), {}, {"name": "n"}, RUNTIME)["defaultAlgorithm"] == "AES_128"
    assert LockboxSecret().check(urn("x"), {}, {"name": "n"}, RUNTIME)["deletionProtection"] is False


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        LockboxSecret().check(
            urn("x"), {}, {"name": "n" * 101, "labels": {"A": "b"}, "kmsKey": "x", "folderId": 5}, RUNTIME
        )
    assert sorted(path for path, _ in refused.value.problems) == ["folderId", "kmsKey", "labels[A]", "name"]


def test_state_of_the_upstream_plugin_makes_no_difference() -> None:
    state = {
        "id": "aje1",
        "__meta": '{"schema_version":"0"}',
        "name": "n",
        "folderId": "b1g",
        "description": "",
        "createdAt": "x",
    }
    inputs = ServiceAccount().check(
        urn("x"), {"__defaults": [], "name": "n", "folderId": "b1g"}, {"name": "n"}, RUNTIME
    )
    assert ServiceAccount().diff(urn("x"), "aje1", state, inputs, RUNTIME).changes == {}


def test_times_lose_their_fractions() -> None:
    assert (
        whole_seconds("2026-01-02T03:04:05.678901Z") == whole_seconds("2026-01-02T03:04:05Z") == "2026-01-02T03:04:05Z"
    )


def test_a_logical_name_may_hold_the_urns_own_separator() -> None:
    assert logical_name(urn("a::b")) == "a::b"
