"""Which key of the chosen stacks somebody means."""

from __future__ import annotations

import difflib
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
    known = [f"{key.stack}/{key.path}" for key in keys]
    near = [] if is_credential(wanted) else _near(wanted, known)
    told = f"did you mean {_listed(near)}?" if near else f"they have {_listed(known) or 'none'}"
    raise WrongUse(f"{_shown(wanted)}: no chosen stack has such a key; {told}")


def _near(wanted: str, names: Sequence[str]) -> list[str]:
    """The names that `wanted` is a part of, such as an account's, or else those that are written much like it, with their stack or without."""
    if within := [name for name in names if wanted in name]:
        return within
    known = {written: name for name in names for written in (name, name.partition("/")[2])}
    return list(dict.fromkeys(known[it] for it in difflib.get_close_matches(wanted, known, cutoff=0.8)))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN_NAMES:,} more" if len(names) > _SHOWN_NAMES else ""
    return f"{', '.join(names[:_SHOWN_NAMES])}{more}"


def _shown(wanted: str) -> str:
    # Somebody may have pasted the secret in the place of its id.
    return "KEY" if is_credential(wanted) else wanted
