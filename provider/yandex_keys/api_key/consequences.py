"""What a change of a key means for those who read its secret, in words: what they lose in this run comes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ..durations import format_duration
from ..times import to_minute
from .key import Inputs, Lockbox, State, Status


def output_that_goes(inputs: Inputs, state: State) -> tuple[str, ...]:
    """What becomes of who reads the secret as an output, where it is one no more. An adopted key's secret never was."""
    if inputs.expose_secret or not state.applied.expose_secret or state.status is Status.ADOPTED:
        return ()
    use = "use" if state.applied.lockbox is None else "keep"
    return (
        "moves away from the output: who reads it gets nothing from now on; "
        f"{use} `deliver: both` (`exposeSecret: true`) until they read Lockbox",
    )


def of_a_new_key(
    inputs: Inputs, state: State, ends: datetime, overlap: timedelta
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a new key changes beside being new, where the current one works until `ends`: what makes consumers fail in
    this very run, and the rest."""
    applied = state.applied
    at_once, also = [*output_that_goes(inputs, state)], list[str]()
    if applied.lockbox is not None and inputs.lockbox != applied.lockbox:
        if inputs.lockbox is None or inputs.lockbox.secret_id != applied.lockbox.secret_id:
            at_once.append(_moved(inputs.lockbox, applied.lockbox, state, ends))
        else:
            crossed = [*_crossed(inputs.lockbox, applied.lockbox)]
            at_once += crossed
            if overlap:
                at_once += [] if crossed else _pair_taken_apart(inputs.lockbox, applied.lockbox, state)
                also += _moved_within(inputs.lockbox, applied.lockbox, state, ends)
            else:
                at_once += _taken_away(inputs.lockbox, applied.lockbox)
    if inputs.scopes != applied.scopes:
        also.append(f"the new key has other scopes: {gains_and_loses(inputs.scopes, applied.scopes)}")
    if inputs.lifetime not in (state.lifetime, applied.lifetime):
        also.append(f"the new key has another lifetime: {format_duration(inputs.lifetime)}")
    if inputs.description != applied.description:
        also.append("the new key has a new description")
    if not overlap:
        # The old key itself works no longer: nothing is graver.
        at_once, also = [], at_once + also
    return tuple(at_once), tuple(also)


def _moved(target: Lockbox | None, source: Lockbox, state: State, ends: datetime) -> str:
    """What becomes of consumers of the Lockbox secret that is left: whether it goes in this run the program alone
    knows."""
    if target is not None and target.takes_place:
        return (
            f"moves away from Lockbox secret {source.secret_id} (entry {source.secret_entry}), which is replaced: who "
            "reads it gets nothing from this run on, and its own warning has the way without a gap"
        )
    way = (
        "use `deliver: both` until they read the output"
        if target is None
        else "list its name under `secrets:` of the account until they read the new one"
    )
    return (
        f"{_left(source, state, ends, source.secret_entry)}, and nothing at all once the secret is deleted, in this "
        f"very run where no key or `secrets:` keeps it: {way}"
    )


def _moved_within(target: Lockbox, source: Lockbox, state: State, ends: datetime) -> Iterator[str]:
    """The entries that consumers must have moved from by the end of the overlap, within their Lockbox secret."""
    if source.secret_entry not in target.entries:
        pair = source.key_id_entry not in target.entries
        (left, to) = (source.entries, target.entries) if pair else ((source.secret_entry,), (target.secret_entry,))
        before = " before that" if state.status is Status.CURRENT else ""
        yield f"{_left(source, state, ends, *left)}; move them to its {_named(to)}{before}"


def _left(source: Lockbox, state: State, ends: datetime, *entries: str) -> str:
    works = state.status is Status.CURRENT
    given = f"key {state.key_id}, which ends {to_minute(ends)}" if works else "no working key of this resource"
    return f"moves away from Lockbox secret {source.secret_id} ({_named(entries)}), which gives its readers {given}"


def _crossed(target: Lockbox, source: Lockbox) -> Iterator[str]:
    """What becomes of who reads an entry of one half that gets the other half."""
    for name, had, gets, over in (
        (source.key_id_entry, "id", "secret", target.secret_entry),
        (source.secret_entry, "secret", "id", target.key_id_entry),
    ):
        if name == over:
            yield (
                f"writes the {gets} of the new key over entry {name}, which held the {had}: who reads it fails at "
                "once; give secretEntry and keyIdEntry names that are new"
            )


def _pair_taken_apart(target: Lockbox, source: Lockbox, state: State) -> Iterator[str]:
    """What becomes of who reads both entries of a Lockbox secret, where the new key is written over one of them
    alone."""
    if not set(source.entries) & set(target.entries):
        return
    left, what, beside, new, setting = (
        (source.key_id_entry, "id", source.secret_entry, "secret", "secretEntry")
        if source.secret_entry == target.secret_entry
        else (source.secret_entry, "secret", source.key_id_entry, "id", "keyIdEntry")
    )
    held = f"the {what} of key {state.key_id}" if state.status is Status.CURRENT else "what it holds"
    yield (
        f"leaves entry {left} with {held} beside the {new} of the new key in entry {beside}: who reads both fails at "
        f"once; change {setting} in the same run, and the old pair stays whole"
    )


def _taken_away(target: Lockbox, source: Lockbox) -> Iterator[str]:
    """What becomes of the entries of a key that has no overlap."""
    gone = [name for name in source.entries if name not in target.entries]
    if gone:
        yield f"takes {_named(gone)} away: who reads that fails at once; the new key is in {_named(target.entries)}"


def of_a_replaced_resource(state: State, account: str | None) -> tuple[str, ...]:
    """What becomes of consumers where the engine replaces the whole resource, and the way in two steps. `account`: whose
    the new key is; None where that account is made in this run."""
    previous = [each.key_id for each in state.previous]
    too = f" with previous {'key' if len(previous) == 1 else 'keys'} {' and '.join(previous)}" if previous else ""
    place, places = state.applied.lockbox, list[str]()
    if place is not None:
        places.append(f"in Lockbox secret {place.secret_id} ({_named([place.secret_entry])})")
    if state.applied.expose_secret:
        places.append("as an output")
    first = f"a key of account {account}" if account else "another account with such a key"
    return (
        f"replaces key {state.key_id}, which is deleted{too} in this run: whoever read it {' or '.join(places)} fails "
        "at once",
        f"to move them before, declare {first}, and remove this one when nobody uses it; "
        f"`yc iam api-key get {state.key_id}` says when it was last used",
    )


def _named(entries: Sequence[str]) -> str:
    return f"{'entry' if len(entries) == 1 else 'entries'} {' and '.join(entries)}"


def gains_and_loses(wanted: frozenset[str], had: frozenset[str], when: str = "") -> str:
    """The difference between two sets of scopes, what is lost first."""
    lost, gained = sorted(had - wanted), sorted(wanted - had)
    parts = [f"loses {', '.join(lost)}{when}"] if lost else []
    return "; ".join([*parts, *([f"gains {', '.join(gained)}"] if gained else [])])
