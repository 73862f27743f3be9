"""The policy pack with the real engine: what a team sees that breaks a policy, and that nothing is made then."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from setup.engine.places import REPOSITORY
from tests.end_to_end.example_program import ExampleProgram
from tests.support.forked_python import ForkedPython, forked_python
from tests.support.local_cloud import LocalCloud
from tests.support.policy_pack import policy_pack
from tests.support.stack import Stack

PAGE = (REPOSITORY / "docs" / "policy.md").read_text(encoding="utf-8")


def account(*, owner: str = "support-team", **key: Any) -> dict[str, Any]:
    keys = [{"name": "default", "uses": ["translate"], **key}]
    return {"name": "translator", "readers": ["self"], **({"owner": owner} if owner else {}), "keys": keys}


@pytest.fixture
def stack(tmp_path: Path, cloud: LocalCloud, python: ForkedPython | None) -> Stack:
    """The stack `prod`, with the pack beside it as in a clone."""
    made = Stack(tmp_path / "stack", cloud, name="prod", python=python)
    (made.directory / "policy").symlink_to(policy_pack(), target_is_directory=True)
    return made


def judged(
    stack: Stack, config: dict[str, Any] | None = None, command: tuple[str, ...] = ("preview",)
) -> tuple[int, str]:
    """Runs `pulumi` under the pack; its exit code, and what it says of policies."""
    options = ["--policy-pack", "policy"]
    if config is not None:
        (stack.directory / "config.json").write_text(json.dumps(config))
        options += ["--policy-pack-config", "config.json"]
    code, printed = stack.attempt(*command, *options)
    return code, printed.partition("\nPolicies:\n")[2].partition("\n\n")[0] or printed


UP = ("up", "--yes", "--skip-preview")


def test_a_stack_that_breaks_no_policy_comes_up_and_stays_as_it_is(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([account()])
    readers = {"allowed-readers": {"readers": ["serviceAccount:*"]}, "allowed-scopes": {"services": ["translate"]}}
    assert judged(stack, readers)[0] == 0
    assert judged(stack, readers, UP)[0] == 0
    assert len(cloud.live_keys()) == 1
    cloud.forget_calls()
    assert judged(stack, readers, (*UP, "--expect-no-changes"))[0] == 0
    assert cloud.calls() == {}


BREAKING: dict[str, dict[str, Any]] = {
    "lifetime": account(lifetime="180d"),
    "output": account(deliver="output"),
    "owner": account(owner=""),
    "scopes": account(uses=["vision"]),
}
ONLY_TRANSLATE = {"allowed-scopes": {"services": ["translate"]}}


@pytest.fixture(scope="module")
def previewed(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """How a preview ends of a stack in which each account breaks another policy, and what it says of them; an `up` ends at the first."""
    folder = tmp_path_factory.mktemp("broken")
    with LocalCloud(folder / "cloud") as cloud:
        stack = Stack(folder / "stack", cloud, name="prod", python=forked_python())
        (stack.directory / "policy").symlink_to(policy_pack(), target_is_directory=True)
        stack.write([{**written, "name": name} for name, written in BREAKING.items()])
        return judged(stack, ONLY_TRANSLATE)


@pytest.mark.parametrize(
    ("breaks", "policy", "resource", "told"),
    [
        ("lifetime", "maximum-lifetime", "ApiKey: {}/default", "lifetime 180d is longer than 90d"),
        ("output", "no-output-delivery", "ApiKey: {}/default", "its secret is an output of stack prod"),
        ("owner", "owner-required", "ServiceAccountKeys: {}", "no one answers for the keys of this account"),
        ("scopes", "allowed-scopes", "ApiKey: {}/default", "scope yc.ai.vision.execute is not allowed"),
    ],
    ids=BREAKING,
)
def test_what_breaks_a_policy_is_told_in_the_preview_and_never_made(
    stack: Stack, cloud: LocalCloud, previewed: tuple[int, str], breaks: str, policy: str, resource: str, told: str
) -> None:
    line = f"[mandatory]  {policy}  (yandex-keys:index:{resource})"
    code, printed = previewed
    assert code != 0
    assert printed.count(line.format(breaks)) == printed.count(told) == 1
    stack.write([BREAKING[breaks]])
    code, printed = judged(stack, ONLY_TRANSLATE, UP)
    assert code != 0
    assert printed.count(line.format("translator")) == printed.count(told) == 1
    assert cloud.live_keys() == []


def test_a_reader_who_may_not_read_is_found_before_the_role_is_given(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([account()])
    only_groups = {"allowed-readers": {"readers": ["group:*"]}}
    assert judged(stack, only_groups)[0] == 0  # whose id it will be isn't known yet
    code, printed = judged(stack, only_groups, UP)
    assert code != 0
    assert re.search(r"serviceAccount:aje\w+ may not read it: take it out of `readers`; allowed are group:\*", printed)
    secrets = {secret["id"] for secret in cloud.state()["secrets"]}
    assert not [it for it in cloud.state()["accessBindings"] if it["resourceId"] in secrets]
    assert cloud.live_keys() == []


def test_an_advisory_policy_warns_and_the_run_goes_on(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([account(lifetime="180d")])
    code, printed = judged(stack, {"maximum-lifetime": "advisory"}, UP)
    assert code == 0
    assert "[advisory]  maximum-lifetime" in printed
    assert len(cloud.live_keys()) == 1


def test_a_policy_holds_only_in_the_stacks_that_are_named(stack: Stack) -> None:
    stack.write([account(deliver="output")])
    assert judged(stack, {"no-output-delivery": {"stacks": ["live"]}})[0] == 0


def test_the_pack_is_named_by_the_environment_as_well(stack: Stack) -> None:
    """So every command of a pipeline takes it, `pipelines up` too."""
    stack.write([account(lifetime="180d")])
    code, printed = stack.attempt("preview", more={"PULUMI_OPTION_POLICY_PACK": "policy"})
    assert code != 0
    assert "lifetime 180d is longer than 90d" in printed


def test_a_program_in_another_language_is_held_to_it_as_well(
    tmp_path: Path, cloud: LocalCloud, python: ForkedPython | None
) -> None:
    """Its component is declared by the plugin, its resources reach the engine as those of a stack file do."""
    program = ExampleProgram("yaml", tmp_path / "program", cloud, python)
    (program.directory / "config.json").write_text(json.dumps({"maximum-lifetime": {"lifetime": "60d"}}))
    code, printed = program.attempt(
        "preview", "--policy-pack", str(policy_pack()), "--policy-pack-config", "config.json"
    )
    assert code != 0
    for key in ("translator/default", "nightly/batch", "vision"):
        assert f"maximum-lifetime  (yandex-keys:index:ApiKey: {key})" in printed
    for account in ("translator", "nightly"):
        assert f"owner-required  (yandex-keys:index:ServiceAccountKeys: {account})" in printed


def test_a_setting_of_the_wrong_type_is_the_engine_s_own_line(stack: Stack) -> None:
    stack.write([account()])
    code, printed = judged(stack, {"maximum-lifetime": {"lifetime": 90}})
    assert code != 0
    assert "maximum-lifetime: lifetime: Invalid type. Expected: string, given: integer" in printed


def test_no_secret_is_told_by_a_policy(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([account(deliver="output")])
    code, printed = judged(stack, {"no-output-delivery": "advisory"}, UP)
    assert code == 0
    assert "[advisory]  no-output-delivery" in printed
    (key,) = cloud.live_keys()
    assert key["secret"] not in "".join(stack.printed)


def test_the_page_s_commands_print_what_it_shows(stack: Stack) -> None:
    """`make policy` has been run by the fixture."""
    translator = account(owner="", lifetime="180d", scopes=["yc.postbox.send"])
    stack.write([translator])
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        printed = ""
        for command in re.findall(r"^\$ (.+)$", block, re.MULTILINE):
            if command == "make policy":
                continue
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=stack.directory,
                env={**stack.environment, **stack.cloud.environment(), "PULUMI_STACK": "prod"},
                check=False,
                capture_output=True,
                text=True,
            )
            printed += done.stdout + done.stderr
        shown = [line for line in block.splitlines() if line != "…" and not line.startswith("$ ")]
        lines = [line.replace(f"local: {stack.directory}/", "local: ") for line in printed.splitlines()]
        assert [line for line in shown if line not in lines] == [], printed
