"""The end of a resource: its keys are deleted, and who had them is told."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import NotFound
from ..run import Runtime
from ..times import to_minute
from .account_keys import AccountKeys
from .delivery import Delivery
from .key import Listing, State
from .rotation import unknown_of_ours


def delete_keys(runtime: Runtime, urn: str, state: State) -> None:
    """Takes what consumers read away, deletes every key of this instance and no other, and schedules their versions.
    Raises CloudError."""
    keys, delivery = AccountKeys(runtime, urn, state.applied.service_account_id), Delivery(runtime, urn)
    targets = {previous.key_id: previous.lockbox for previous in state.previous} | {state.key_id: state.applied.lockbox}
    versions = {previous.key_id: previous.lockbox_version_id for previous in state.previous}
    versions[state.key_id] = state.lockbox_version_id
    try:
        keys.relist()
        listed = keys.listed
    except NotFound:
        listed = {}  # the account is gone, and its keys with it
    for key in unknown_of_ours(state, listed):
        targets[key.key_id] = state.applied.lockbox
    for key_id in [key_id for key_id in targets if _is_anothers(key_id, state, listed)]:
        runtime.log("warning", f"key {key_id} carries the mark of another resource by now: it isn't touched", urn)
        del targets[key_id]
    for key_id, target in targets.items():
        if target is not None:
            delivery.take_away(target, key_id, target.entries)
    deleted = [key_id for key_id in targets if keys.delete(key_id)]
    if state.key_id in deleted and urn not in runtime.record.ends_told:
        runtime.log("info", _told_of_the_end(runtime, urn, state, deleted, listed), urn)
    for key_id, target in targets.items():
        if target is not None:
            runtime.versions.destroy(target.secret_id, key_id, versions.get(key_id), even_current=True)


def _is_anothers(key_id: str, state: State, listed: Listing) -> bool:
    key = listed.get(key_id)
    return bool(state.instance and key and key.mark and key.mark.instance != state.instance)


def _told_of_the_end(runtime: Runtime, urn: str, state: State, deleted: Sequence[str], listed: Listing) -> str:
    """That the current key has ended, with the previous ones among the `deleted`, and who notices: in a run without a
    preview, or of a program of one's own, nothing has said so before."""
    current, applied, words = state.key_id, state.applied, f"deleted key {state.key_id}"
    if others := [key_id for key_id in deleted if key_id != current]:
        words += f" (and previous {', '.join(others)})"
    if (key := listed.get(current)) and key.last_used_at:
        words += f", last used {to_minute(key.last_used_at)}"
    if state.expires_at <= runtime.now():
        return f"{words}; it had ended {to_minute(state.expires_at)}"
    if urn in runtime.record.declared:
        return f"{words}: another key has taken its place, and who read it before and not since fails from now on"
    places = [f"Lockbox secret {it.secret_id}, entry {it.secret_entry}," for it in (applied.lockbox,) if it]
    places += ["the stack's outputs"] if applied.expose_secret else []
    return f"{words}; whoever has it from {' or '.join(places)} fails from now on"
