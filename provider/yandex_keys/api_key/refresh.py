"""What the cloud says of a key: the truth for a refresh, and what an import adopts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..answers import ApiKeyAnswer, VersionAnswer
from ..durations import SHORTEST, format_duration, parse_duration
from ..errors import InvalidInput, NotFound
from ..fields import defaults
from ..lockbox_version import last_setters, moment_of, provenance_of
from ..marks import words_and_mark
from ..properties import Properties
from ..resource import Read
from ..run import Runtime
from ..times import cloud_time, format_time
from .inputs import FIELDS, INPUTS
from .key import Lockbox, State, Status
from .schedule import time_after
from .state import lifetime_text, state_of


def refreshed(urn: str, resource_id: str, inputs: Properties, state: Properties, runtime: Runtime) -> Read | None:
    """The state as the cloud has it; None where the account is gone, and its keys with it.

    What consumers suffer from until the next `pulumi up` is one warning under the resource.
    """
    was = state_of(state)
    try:
        keys = runtime.reads.keys_with(was.applied.service_account_id, was.key_ids)
    except NotFound:
        runtime.log("warning", _gone(was, f"with its account {was.applied.service_account_id}, "), urn)
        return None
    found = dict(state)
    key = keys.get(was.key_id)
    if key is None:
        found["status"] = str(Status.MISSING)
        runtime.log("warning", _gone(was), urn)
    else:
        description, _ = words_and_mark(key.get("description", ""))
        found.update(scopes=sorted(key.get("scopes", ())), description=description)
        expires_at = cloud_time(key.get("expires_at"))
        if expires_at != was.expires_at:
            found.update(
                expiresAt=format_time(expires_at), lifetime=lifetime_text(was.issued_at, key.get("expires_at"))
            )
        found["status"], instead = _delivered(was, runtime)
        if instead:
            runtime.log(
                "warning",
                f"key {was.key_id} is not what Lockbox gives, and not by us: {instead}; the next `pulumi up` issues a "
                "new one and delivers it; consumers that read before that get no key, or the wrong one",
                urn,
            )
    found["previous"] = [_refreshed_previous(item, keys, runtime) for item in state.get("previous", ())]
    inputs_found: Properties = {**inputs, "scopes": found["scopes"], "description": found.get("description", "")}
    return Read(resource_id, inputs_found, found)


def imported(key_id: str, inputs: Properties, runtime: Runtime) -> Read | None:
    """A key that was made by hand. Its secret can't be read again, so the next `up` rotates it, with overlap."""
    try:
        key = runtime.cloud.call("ApiKeyService/Get", {"api_key_id": key_id}, f"API key {key_id}")
    except NotFound:
        return None
    issued_at, expires_at = cloud_time(key["created_at"]), key.get("expires_at")
    description, _ = words_and_mark(key.get("description", ""))
    # What it gets until the program says otherwise; shorter where its own expiry leaves less.
    usual = defaults(FIELDS)
    usually_lives = parse_duration(usual["lifetime"])
    lifetime = max(cloud_time(expires_at) - issued_at if expires_at else usually_lives, 2 * SHORTEST)
    overlap = max(min(parse_duration(usual["overlap"]), lifetime / 10), SHORTEST)
    rotate_every = min(parse_duration(usual["rotateEvery"]), lifetime - overlap)
    wanted = {
        **usual,
        "serviceAccountId": key["service_account_id"],
        "scopes": sorted(key.get("scopes", ())),
        "description": description,
        "lifetime": format_duration(lifetime),
        "rotateEvery": format_duration(rotate_every),
        "overlap": format_duration(overlap),
        "exposeSecret": True,
        **{name: value for name, value in inputs.items() if name in INPUTS},
    }
    if not wanted["scopes"]:
        raise InvalidInput([("scopes", f"key {key_id} has no scopes at all: give it some before it is imported")])
    state = {
        **wanted,
        "keyId": key_id,
        "status": str(Status.ADOPTED),
        "maskedSecret": key.get("masked_secret", ""),
        "issuedAt": format_time(issued_at),
        "expiresAt": format_time(cloud_time(expires_at)),
        "nextRotationAt": format_time(time_after(issued_at, rotate_every)),
        "generation": 1,
        # Kept from here on, so that what its first rotation issues is known again if that run dies.
        "instance": runtime.random_part(),
        "previous": [],
    }
    return Read(key_id, wanted, state)


def _gone(state: State, how: str = "") -> str:
    return (
        f"key {state.key_id} is gone, {how}and not by us: the next `pulumi up` issues a new one; consumers fail until "
        "then"
    )


def _delivered(state: State, runtime: Runtime) -> tuple[str, str]:
    """The key's status by what Lockbox gives, and that in words where it isn't the key.

    It is where Lockbox's current version holds the key's entries, is no older than the key, and set them for no other
    key.
    """
    target = state.applied.lockbox
    if state.status == Status.ADOPTED or target is None:
        gone = state.status in (Status.MISSING, Status.UNDELIVERED)
        return str(Status.CURRENT if gone else state.status), ""
    if _is_shown_as_delivered(state, target, runtime):
        return str(Status.CURRENT), ""
    try:
        version: VersionAnswer = runtime.reads.secret(target.secret_id).get("current_version", {})
    except NotFound:
        return str(Status.UNDELIVERED), f"Lockbox secret {target.secret_id} is gone"
    instead = _given_instead(state, target, version)
    if not instead and version.get("id") != state.lockbox_version_id:
        instead = _taken_over(state, target, version, runtime.reads.versions(target.secret_id))
    return str(Status.UNDELIVERED if instead else Status.CURRENT), instead


def _is_shown_as_delivered(state: State, target: Lockbox, runtime: Runtime) -> bool:
    """Whether a listing of secrets shows all to be as the state has it. It may lag: that it doesn't says nothing."""
    if state.status != Status.CURRENT:
        return False
    secret = runtime.reads.secret_as_listed(target.secret_id)
    version: VersionAnswer = secret.get("current_version", {}) if secret else {}
    return version.get("id") == state.lockbox_version_id and not _given_instead(state, target, version)


def _given_instead(state: State, target: Lockbox, version: VersionAnswer) -> str:
    """What the secret's current version gives in the key's place, as far as that is known; empty where it gives the
    key."""
    secret = f"Lockbox secret {target.secret_id}"
    entries, said = {target.secret_entry, target.key_id_entry}, provenance_of(version)
    if not version:
        return f"{secret} has no current version"
    which = f"the current version {version.get('id', '')} of {secret}"
    if version.get("status", "ACTIVE") != "ACTIVE":
        return f"{which} is to be destroyed"
    if missing := sorted(entries - set(version.get("payload_entry_keys", ()))):
        return f"{which} has no entry {' and no '.join(missing)}"
    if said.key_id not in ("", state.key_id) and entries & set(said.sets):
        return f"{which} gives key {said.key_id}"
    if bool(version.get("created_at")) and cloud_time(version["created_at"]) < state.issued_at:
        return f"{which} is older than the key"
    return ""


def _taken_over(state: State, target: Lockbox, version: VersionAnswer, versions: Iterable[VersionAnswer]) -> str:
    """Whose key the current version gives in the key's place, where it holds what an older one had set: it was put
    back, or another key's version was made on one that was; empty where it gives the key, or nobody can tell."""
    known = list(versions)
    if all(item["id"] != state.lockbox_version_id for item in known):
        return ""  # a listing that lags
    setters = last_setters((item for item in known if moment_of(item) <= moment_of(version)), target.secret_entry)
    if state.key_id in setters or not setters - {""}:
        return ""
    return f"the current version {version['id']} of Lockbox secret {target.secret_id} gives key {min(setters - {''})}"


def _refreshed_previous(item: Properties, keys: Mapping[str, ApiKeyAnswer], runtime: Runtime) -> Properties:
    """One that is gone, or was made to end already, has no overlap left; one that was re-dated is to be given its own
    end again."""
    key = keys.get(item["keyId"])
    if key is None:
        return {**item, "expiresAt": min(item["expiresAt"], format_time(runtime.now()))}
    if not item.get("enforced", True):
        return dict(item)
    expires_at = format_time(cloud_time(key.get("expires_at")))
    if expires_at <= format_time(runtime.now()):
        return {**item, "expiresAt": min(item["expiresAt"], expires_at)}
    return dict(item) if expires_at == item["expiresAt"] else {**item, "enforced": False}
