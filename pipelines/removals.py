"""What a removal ends, in words. The engine asks the provider nothing when it previews one, so it is told from what the state holds."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.events import ACCOUNT, LOCKBOX_SECRET, Events, Resource

_DIES = {"delete": "dies at once", "replace": "dies in this run, without overlap"}


def removals(events: Events) -> dict[str, str]:
    """By URN, what to know of each key, account and Lockbox secret that goes."""
    touched = events.touched()
    goes = [each for each in touched if each.operation == "delete"]
    comes = [each for each in touched if each.operation == "create"]
    told = {each.urn: _of_a_key(each, comes, events) for each in touched if each.is_key and each.operation in _DIES}
    told |= {each.urn: _of_an_account(each, goes, comes) for each in goes if each.type == ACCOUNT}
    secrets = (each for each in touched if each.type == LOCKBOX_SECRET and each.operation in _DIES)
    return told | {each.urn: _of_a_secret(each, events) for each in secrets}


def _of_a_key(key: Resource, comes: Sequence[Resource], events: Events) -> str:
    key_id, lockbox = key.before.get("keyId"), key.before.get("lockbox")
    previous = [str(each["keyId"]) for each in key.before.get("previous") or ()]
    dies = _DIES[key.operation] + (f" (and so do its previous ones, {', '.join(previous)})" if previous else "")
    where = "whoever got its secret as an output of the stack fails then"
    if lockbox:
        place = f"Lockbox secret {lockbox['secretId']}, entry {lockbox['secretEntry']}"
        where = f"its secret is in {place}, {_read_by(lockbox['secretId'], events)}"
    words = [f"key {key_id} {dies}", where, f"`yc iam api-key get {key_id}` says when it was last used"]
    if key.operation == "delete":
        alike = (each for each in comes if each.is_key and _account(each) == _account(key))
        words += [_renamed(key, new) for new in alike if _scopes(new) == _scopes(key)][:1]
    return "; ".join(words)


def _of_an_account(account: Resource, goes: Sequence[Resource], comes: Sequence[Resource]) -> str:
    words = "is deleted, and all its keys with it"
    for new in comes:
        if new.type == ACCOUNT and _keys(account, goes) & _keys(new, comes):
            return f"{words}; {_renamed(account, new)}"
    return words


def _of_a_secret(secret: Resource, events: Events) -> str:
    if secret.operation == "replace":
        return f"is replaced by one with another id, and deleted in the same run, {_read_by(secret.id, events)}"
    return f"is deleted with all that it holds, {_read_by(secret.id, events)}"


def _read_by(secret_id: str, events: Events) -> str:
    readers = sorted(events.readers.get(secret_id, ()))
    return f"read by {', '.join(readers)}" if readers else "whose readers this stack doesn't name"


def _renamed(gone: Resource, new: Resource) -> str:
    """How the one that goes can stay, where the one that comes is the same."""
    before = gone.name.rpartition("/")[2]
    keeps = (
        f"write `renamedFrom: {before}` at {new.name}"
        if "/" in gone.name or gone.type == ACCOUNT
        else "give it an alias"
    )
    return f"it looks like {new.name}, which is new: if that is the same under a new name, {keeps}, and nothing dies"


def _keys(account: Resource, among: Sequence[Resource]) -> set[tuple[str, frozenset[str]]]:
    """The keys of an account, each by its name and its scopes."""
    return {
        (each.name.rpartition("/")[2], _scopes(each))
        for each in among
        if each.is_key and _account(each) == account.name
    }


def _account(key: Resource) -> str:
    """By the name that stack files give it, or by its id in a team's own program."""
    return key.name.rpartition("/")[0] or str(key.before.get("serviceAccountId") or key.inputs.get("serviceAccountId"))


def _scopes(key: Resource) -> frozenset[str]:
    return frozenset(key.before.get("scopes") or key.inputs.get("scopes") or ())
