"""The pack's own environment: of the engine's SDK as the project pins it, and the only one that holds Pulumi's policy SDK."""

from __future__ import annotations

import re

from setup.engine.places import REPOSITORY


def pins(name: str) -> dict[str, str]:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", text, re.MULTILINE))


def test_the_pack_runs_on_the_sdk_that_the_project_is_pinned_to() -> None:
    assert pins("policy/requirements.txt")["pulumi"] == pins("requirements.txt")["pulumi"]


def test_the_lock_holds_what_is_declared() -> None:
    assert pins("policy/requirements.txt").items() <= pins("policy/requirements.lock").items()


def test_the_reason_for_an_environment_of_its_own_still_holds() -> None:
    """pulumi-policy asks for protobuf 5; where it takes the project's, the pack may move into .venv."""
    ours, packs = pins("requirements.lock")["protobuf"], pins("policy/requirements.lock")["protobuf"]
    assert ours.split(".")[0] != packs.split(".")[0]
    assert "pulumi-policy" not in pins("requirements-dev.lock")


def test_every_pin_of_the_lock_has_a_hash() -> None:
    text = (REPOSITORY / "policy" / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-z0-9])", text.partition("\n\n")[2] or text)
    pinned = [block for block in blocks if "==" in block.splitlines()[0]]
    assert len(pinned) == len(pins("policy/requirements.lock"))
    assert [block for block in pinned if "--hash=sha256:" not in block] == []
