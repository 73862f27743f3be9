"""The policy pack as it is shipped, with its own environment: got once for the whole clone."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from setup.engine.places import REPOSITORY
from setup.virtual_environment import provide


@cache
def policy_pack() -> Path:
    """The folder for `--policy-pack`."""
    provide(REPOSITORY, "policy")
    return REPOSITORY / "policy"
