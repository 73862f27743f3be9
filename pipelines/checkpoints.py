"""Whether a run may write its state once, at its end, and not at each step: the engine's PULUMI_SKIP_CHECKPOINTS.

The engine writes the whole state at each step, which is most of the time that a run of many rotations takes. A run that is killed without
these writes leaves the state of before: what it had made is then known by the keys' marks alone. For a rotation that is enough, for the
instance in the mark is the state's: the next `up` makes the key that it doesn't know a previous one, for consumers may hold it, and issues
another (`tests/end_to_end/test_rotations_without_checkpoints.py`). For a first key it isn't; and where the secret is an output, consumers
read it of the state.
"""

from __future__ import annotations

import re
from typing import Final

from pipelines.events import Events, Resource

VARIABLE: Final = "PULUMI_SKIP_CHECKPOINTS"
# The words of the provider's `rotation.py`: due by its schedule and nothing else, and the end of an overlap.
_ROTATION = re.compile(r"rotates: due since [\d :-]+ UTC, key \w+ is [\w ,]+ old; it keeps working until [\d :-]+ UTC")
_RETIREMENT = re.compile(r"retires key \w+: its overlap ended [\d :-]+ UTC")


def may_be_left_out(previewed: Events) -> bool:
    """Whether a preview shows nothing but rotations that are due and previous keys whose overlap is over, all delivered to Lockbox alone."""
    touched = [each for each in previewed.touched() if each.operation]
    settled = not previewed.pending and not previewed.drifted()
    return settled and bool(touched) and all(map(_is_plain, touched)) and any(map(_rotates, touched))


def _is_plain(resource: Resource) -> bool:
    if not resource.is_key or resource.operation != "update" or not resource.lines:
        return False
    to_lockbox_alone = all(
        values.get("lockbox") and not values.get("exposeSecret") for values in (resource.before, resource.inputs)
    )
    return to_lockbox_alone and all(_ROTATION.fullmatch(it) or _RETIREMENT.fullmatch(it) for it in resource.lines)


def _rotates(resource: Resource) -> bool:
    return any(_ROTATION.fullmatch(line) for line in resource.lines)
