"""Lockbox versions and what they hold: added, scheduled for destruction and, when the time has come, destroyed."""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from datetime import timedelta

from yandex.cloud.lockbox.v1.payload_pb2 import Payload
from yandex.cloud.lockbox.v1.secret_pb2 import PasswordPayloadSpecification, Secret, Version
from yandex.cloud.lockbox.v1.secret_service_pb2 import AddVersionRequest, PayloadEntryChange

from emulator import identifiers
from emulator.clock import moment, timestamp
from emulator.errors import bad_request, not_found, precondition, quota_exceeded
from emulator.state.backend import Backend
from emulator.state.listing import facts_of_new
from emulator.storage import Kind, Record

LARGEST_PAYLOAD = 65_536
"""Bytes of keys and values of one version."""
DEFAULT_PENDING_PERIOD = timedelta(days=7)
_STATUS = Version.Status


class Versions:
    """The versions of all secrets: what they hold and what becomes of them, whoever asks."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def find(self, secret_id: str, version_id: str) -> Version:
        """One version as it is now. Raises NOT_FOUND."""
        record = self._backend.storage.get(Kind.VERSION, version_id)
        if record is None or record.parent != secret_id:
            raise not_found("Version", version_id)
        return self.from_record(record)

    def from_record(self, record: Record) -> Version:
        """The version of a record; destroys it first if its time has come."""
        version = Version.FromString(record.body)
        is_scheduled = version.status == _STATUS.SCHEDULED_FOR_DESTRUCTION
        if is_scheduled and moment(version.destroy_at) <= self._backend.clock.now():
            version.status = _STATUS.DESTROYED
            self._backend.storage.delete(Kind.PAYLOAD, version.id)
            self._backend.storage.put(record.with_body(version.SerializeToString()))
        return version

    def first(self, secret: Secret, entries: Sequence[PayloadEntryChange], description: str) -> Version:
        """The first version of a new secret."""
        return self._keep(secret, self._merged(secret, [], entries, "version_payload_entries"), description)

    def add(self, secret: Secret, current: str, request: AddVersionRequest) -> Version:
        """A version that has the entries of its base (by default the version `current`), changed as the request asks.

        Raises RESOURCE_EXHAUSTED beyond the number of versions that a secret may have, and refuses a version that is
        left without entries, unless the settings accept it.
        """
        base = self._base(secret.id, request.base_version_id, current)
        alive = [record for record in self._backend.storage.children(Kind.VERSION, secret.id) if self._is_alive(record)]
        limit = self._backend.settings.version_quota
        if len(alive) >= limit:
            raise quota_exceeded("lockbox.versions.count", limit, f"secret:{secret.id}")
        merged = self._merged(secret, base, request.payload_entries, "payload_entries")
        return self._keep(secret, merged, request.description)

    def payload(self, secret_id: str, version_id: str) -> Payload:
        """What one version holds. Raises FAILED_PRECONDITION unless the version is active."""
        version = self.find(secret_id, version_id)
        if version.status != _STATUS.ACTIVE:
            raise precondition(f"Version {version_id} is {_STATUS.Name(version.status)}: its payload can't be accessed")
        return self._kept_payload(version_id)

    def _kept_payload(self, version_id: str) -> Payload:
        """What one version holds, whether it may be read or not. Raises NOT_FOUND when it is destroyed."""
        return Payload.FromString(self._backend.existing(Kind.PAYLOAD, version_id, "Payload").body)

    def schedule(self, secret_id: str, version_id: str, pending: timedelta) -> Version:
        """The version is destroyed when `pending` is over, and can't be read from now on."""
        version = self.find(secret_id, version_id)
        if version.status == _STATUS.DESTROYED:
            raise precondition(f"Version {version_id} is DESTROYED")
        version.status = _STATUS.SCHEDULED_FOR_DESTRUCTION
        version.destroy_at.CopyFrom(timestamp(self._backend.clock.now() + pending))
        return self._replace(version)

    def cancel(self, secret_id: str, version_id: str) -> Version:
        """The version isn't destroyed after all. Raises FAILED_PRECONDITION when it is too late."""
        version = self.find(secret_id, version_id)
        if version.status != _STATUS.SCHEDULED_FOR_DESTRUCTION:
            raise precondition(f"Version {version_id} is {_STATUS.Name(version.status)}: nothing to cancel")
        version.status = _STATUS.ACTIVE
        version.ClearField("destroy_at")
        return self._replace(version)

    def remove(self, secret_id: str) -> None:
        """The secret is gone, and its versions with it."""
        self._backend.storage.delete_children(Kind.PAYLOAD, secret_id)
        self._backend.storage.delete_children(Kind.VERSION, secret_id)

    def _base(self, secret_id: str, asked: str, current: str) -> list[Payload.Entry]:
        """The entries that a new version begins with: those of the version that was asked for, or of the current one.

        What holds of a current version that is on its way to destruction, the settings say.
        """
        if asked or not current:
            return list(self.payload(secret_id, asked).entries) if asked else []
        status = self.find(secret_id, current).status
        if status == _STATUS.ACTIVE or self._backend.settings.scheduled_base == "refuse":
            return list(self.payload(secret_id, current).entries)
        if status == _STATUS.SCHEDULED_FOR_DESTRUCTION and self._backend.settings.scheduled_base == "merge":
            return list(self._kept_payload(current).entries)
        return []

    def _is_alive(self, record: Record) -> bool:
        return bool(self.from_record(record).status != _STATUS.DESTROYED)

    def _merged(
        self,
        secret: Secret,
        base: Sequence[Payload.Entry],
        changes: Sequence[PayloadEntryChange],
        field: str,
    ) -> list[Payload.Entry]:
        merged = {entry.key: entry for entry in base}
        if secret.HasField("password_payload_specification"):
            if changes:
                raise bad_request([(field, "can't be given: this secret generates its payload")])
            specification = secret.password_payload_specification
            merged[specification.password_key] = Payload.Entry(
                key=specification.password_key, text_value=_password(specification)
            )
        given: set[str] = set()
        for index, change in enumerate(changes):
            if change.key in given:
                raise bad_request([(f"{field}[{index}].key", f"{change.key} is given twice")])
            given.add(change.key)
            merged.pop(change.key, None)
            # An entry without a value, or with an empty text, takes the key out of the version.
            if change.WhichOneof("value") == "binary_value":
                merged[change.key] = Payload.Entry(key=change.key, binary_value=change.binary_value)
            elif change.text_value:
                merged[change.key] = Payload.Entry(key=change.key, text_value=change.text_value)
        if not merged:
            self._refuse_empty(field, bool(base))
        self._check_size(list(merged.values()), field)
        return list(merged.values())

    def _refuse_empty(self, field: str, took_the_last: bool) -> None:
        """A version without entries: refused where nothing was there before, and otherwise as the settings say."""
        treatment = self._backend.settings.empty_versions if took_the_last else "invalid"
        if treatment == "refuse":
            raise precondition("The version would be left without entries; a version has at least one")
        if treatment == "invalid":
            raise bad_request([(field, "leaves the version without entries; a version has at least one")])

    def _check_size(self, entries: Sequence[Payload.Entry], field: str) -> None:
        size = sum(len(entry.key) + len(entry.text_value.encode()) + len(entry.binary_value) for entry in entries)
        if size > LARGEST_PAYLOAD:
            raise bad_request([(field, f"makes a version of {size} bytes; at most {LARGEST_PAYLOAD} are allowed")])

    def _keep(self, secret: Secret, entries: Sequence[Payload.Entry], description: str) -> Version:
        version = Version(
            id=identifiers.new_id(identifiers.LOCKBOX),
            secret_id=secret.id,
            created_at=self._backend.clock.timestamp(),
            description=description,
            status=_STATUS.ACTIVE,
            payload_entry_keys=[entry.key for entry in entries],
        )
        if secret.HasField("password_payload_specification"):
            version.password_payload_specification.CopyFrom(secret.password_payload_specification)
        payload = Payload(version_id=version.id, entries=entries)
        storage = self._backend.storage
        facts = facts_of_new(self._backend)
        storage.put(Record(Kind.VERSION, version.id, version.SerializeToString(), secret.id, facts=facts))
        storage.put(Record(Kind.PAYLOAD, version.id, payload.SerializeToString(), secret.id))
        return version

    def _replace(self, version: Version) -> Version:
        record = self._backend.existing(Kind.VERSION, version.id, "Version")
        self._backend.storage.put(record.with_body(version.SerializeToString()))
        return version


def _password(specification: PasswordPayloadSpecification) -> str:
    """A random password of the kind that the secret's specification asks for; all kinds of characters by default."""
    punctuation = specification.included_punctuation or string.punctuation
    excluded = specification.excluded_punctuation
    alphabet = ""
    if not specification.HasField("include_uppercase") or specification.include_uppercase.value:
        alphabet += string.ascii_uppercase
    if not specification.HasField("include_lowercase") or specification.include_lowercase.value:
        alphabet += string.ascii_lowercase
    if not specification.HasField("include_digits") or specification.include_digits.value:
        alphabet += string.digits
    if not specification.HasField("include_punctuation") or specification.include_punctuation.value:
        alphabet += "".join(sign for sign in punctuation if sign not in excluded)
    if not alphabet:
        raise bad_request([("password_payload_specification", "leaves no character to make a password of")])
    return "".join(secrets.choice(alphabet) for _ in range(specification.length or 32))
