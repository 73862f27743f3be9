"""Which key of the chosen stacks somebody means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cli.borrowed import is_credential
from cli.deployed import Deployed, DeployedKey
from cli.exit_codes import WrongUse

_SHOWN_NAMES: Final = 20


def key_named(stacks: Sequence[Deployed], wanted: str) -> DeployedKey:
    """The key that `wanted` names. Raises WrongUse where there is none, or more than one."""
    keys = [key for stack in stacks for key in stack.keys]
    found = [key for key in keys if wanted in (key.path, f"{key.stack}/{key.path}") or wanted in key.state.key_ids]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{key.stack}/{key.path}" for key in found)
        raise WrongUse(f"{wanted}: there are several such keys: {names}")
    names = ", ".join(f"{key.stack}/{key.path}" for key in keys[:_SHOWN_NAMES]) or "none"
    more = f" and {len(keys) - _SHOWN_NAMES:,} more" if len(keys) > _SHOWN_NAMES else ""
    raise WrongUse(f"{_shown(wanted)}: no chosen stack has such a key; they have {names}{more}")


def _shown(wanted: str) -> str:
    # Somebody may have pasted the secret in the place of its id.
    return "KEY" if is_credential(wanted) else wanted
