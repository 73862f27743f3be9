"""The component as the plugin makes it, by `Construct`: what this project's own program makes, several at once, refused or ended as a whole."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.end_to_end.example_program import ExampleProgram
from tests.support.forked_python import ForkedPython
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

ACCOUNTS: list[dict[str, Any]] = [
    {"name": "translator", "kmsKey": True, "readers": ["self"], "keys": [{"name": "default", "uses": ["translate"]}]},
    {"name": "nightly", "keys": [{"name": "batch", "uses": ["text-generation"], "deliver": "output"}]},
]
BY_CONSTRUCT = """
import pulumi
from components.settings import stack_provider
import pulumi_yandex_keys as yandex_keys

opts = pulumi.ResourceOptions(provider=stack_provider())
yandex_keys.ServiceAccountKeys(
    "translator", name="translator", kms_key=True, readers=["self"], keys=[{"name": "default", "uses": ["translate"]}], opts=opts
)
yandex_keys.ServiceAccountKeys(
    "nightly", name="nightly", keys=[{"name": "batch", "uses": ["text-generation"], "deliver": "output"}], opts=opts
)
"""
MANY = """
import pulumi_yandex_keys as yandex_keys

for number in range(12):
    yandex_keys.ServiceAccountKeys(
        f"account-{number}", name=f"account-{number}", keys=[{"name": "default", "uses": ["translate"]}]
    )
"""
ONE = """
import pulumi
import pulumi_yandex_keys as yandex_keys

yandex_keys.ServiceAccountKeys("desk", name="desk", readers=["self"], keys=[{"name": "words", "uses": ["translate"]}])
"""
OTHER_NAMES = """
import pulumi
import pulumi_yandex_keys as yandex_keys

yandex_keys.ServiceAccountKeys(
    "help",
    name="helpdesk",
    readers=["self"],
    keys=[{"name": "tickets", "renamed_from": "words", "uses": ["translate"]}],
    opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="desk")]),
)
"""
LEAKED = "AQVN" + "x" * 36
WRONG = f"""
import pulumi_yandex_keys as yandex_keys

yandex_keys.ServiceAccountKeys(
    "translator",
    name="Translator",
    readers=["system:allUsers"],
    keys=[
        {{"name": "default", "uses": ["transalte"], "compromised": ["{LEAKED}"]}},
        {{"name": "default", "uses": ["vision"], "overlap": "5", "verify": {{"url": "https://user:{LEAKED}@example.test/"}}}},
    ],
)
"""


@pytest.fixture
def program(tmp_path: Any, cloud: LocalCloud, python: ForkedPython | None) -> Callable[[str], ExampleProgram]:
    """A Python program of this text, whose plugin makes the components."""

    def of(text: str) -> ExampleProgram:
        made = ExampleProgram("python", tmp_path / "program", cloud, python)
        (made.directory / "__main__.py").write_text(text)
        return made

    return of


def resources(stack: Stack) -> dict[str, str]:
    """What is in the cloud by URN, and each component."""
    return {item["urn"]: item.get("id", "") for item in stack.resources() if item["type"].startswith("yandex")}


def test_it_is_the_same_resources_as_the_project_s_own_program_declares(stack: Stack, cloud: LocalCloud) -> None:
    stack.write(ACCOUNTS)
    stack.up()
    before, keys = resources(stack), cloud.live_keys()
    cloud.forget_calls()
    own = (stack.directory / "__main__.py").read_text()
    for text in (BY_CONSTRUCT, own):
        (stack.directory / "__main__.py").write_text(text)
        stack.up()
        assert resources(stack) == before
        # By either way nothing of the machine that ran it stays in the state.
        held = [it for it in stack.resources() if it["custom"] and it["type"].startswith("yandex")]
        assert [it["urn"] for it in held if "stackTrace" in it or "sourcePosition" in it] == []
    assert cloud.calls() == {}
    assert cloud.live_keys() == keys
    assert len([urn for urn in before if urn.rpartition("::")[0].endswith(":ServiceAccountKeys")]) == len(ACCOUNTS)


def test_many_are_made_at_once_by_one_process(program: Callable[[str], ExampleProgram], cloud: LocalCloud) -> None:
    many = program(MANY)
    many.up()
    assert len(cloud.live_keys()) == 12
    assert many.starts.taken() == 1
    cloud.forget_calls()
    many.up("--expect-no-changes")
    assert cloud.calls() == {}
    many.destroy()
    assert cloud.live_keys() == []


def test_other_names_of_component_account_and_key_replace_nothing_as_the_page_says(
    program: Callable[[str], ExampleProgram], cloud: LocalCloud
) -> None:
    renamed = program(ONE)
    renamed.up()
    (key,) = cloud.live_keys()
    (secret,) = cloud.state()["secrets"]
    renamed.program.write_text(OTHER_NAMES)
    renamed.up()
    assert [it["id"] for it in cloud.live_keys("helpdesk")] == [key["id"]]
    assert [it["id"] for it in cloud.state()["secrets"]] == [secret["id"]]


def test_what_a_program_protects_is_kept_when_it_is_taken_out(
    program: Callable[[str], ExampleProgram], cloud: LocalCloud
) -> None:
    guarded = program(ONE.replace('name="desk",', 'name="desk", protect=True,'))
    guarded.up()
    keys = cloud.live_keys()
    guarded.program.write_text("import pulumi")
    failed, printed = guarded.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert "cannot be deleted" in printed
    assert cloud.live_keys() == keys


def test_a_wrong_account_is_refused_before_anything_is_made_with_every_path_and_no_secret(
    program: Callable[[str], ExampleProgram], cloud: LocalCloud
) -> None:
    wrong = program(WRONG)
    failed, printed = wrong.attempt("up", "--yes", "--skip-preview")
    assert failed
    paths = (
        "name",
        "readers[0]",
        "keys[0].uses[0]",
        "keys[0].compromised[0]",
        "keys[1].name",
        "keys[1].overlap",
        "keys[1].verify.url",
    )
    for path in paths:
        assert f"property `{path}` has a problem: " in printed, path
    assert "'transalte' is not a service that the catalogue knows: did you mean translate?" in printed
    assert LEAKED not in printed
    assert cloud.calls() == {}


@pytest.mark.usefixtures("ordinary_python")
def test_ctrl_c_ends_it_and_the_next_up_finishes_what_was_begun(
    program: Callable[[str], ExampleProgram], cloud: LocalCloud
) -> None:
    many = program(MANY)
    cloud.fault("ServiceAccountService/Create", code="OK", times=12, delayMs=1500)
    running = many.start("up", "--yes", "--skip-preview")
    while not cloud.state()["serviceAccounts"][1:] and running.poll() is None:
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGINT)
    printed, _ = running.communicate(timeout=60)
    assert running.returncode != 0
    assert "yandex_keys/" not in printed, "a traceback of the plugin's"
    cloud.clear_faults()
    many.up()
    many.run("preview", "--expect-no-changes")
    assert len(cloud.live_keys()) == 12
    many.destroy()
    assert cloud.live_keys() == []
