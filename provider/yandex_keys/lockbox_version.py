"""Versions of Lockbox secrets: one writer at a time, and a version belongs to the key that its description names.

A version is added to the secret's *current* one, which the cloud itself looks up (`base_version_id` left out): so whatever another
stack or a colleague wrote a moment ago stays. A base named by us would have to be read before, with a window in between in which what
others write would be lost, and the API has no compare-and-set to notice it.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from .cloud import Cloud
from .errors import NEVER_TOOK_EFFECT, CloudError, NotFound
from .reads import Reads

_DESCRIPTION: Final = re.compile(r"^API key (\S+) \[yandex-keys (\S+)\]$")
_TRIES: Final = 3


class LockboxVersions:
    """What this run does to versions. Two keys that share a secret take turns."""

    def __init__(self, cloud: Cloud, reads: Reads) -> None:
        self._cloud, self._reads = cloud, reads
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def deliver(self, secret_id: str, key_id: str, tag: str, entries: Mapping[str, str]) -> str:
        """Adds a version with `entries` for key `key_id`; the id of the version, which is the current one afterwards.

        After a lost answer the secret's versions tell whether it was made. Raises CloudError, with no value of `entries` in it.
        """
        request = {
            "secret_id": secret_id,
            "description": f"API key {key_id} [yandex-keys {tag}]",
            "payload_entries": [{"key": name, "text_value": value} for name, value in entries.items()],
        }
        with self._turn(secret_id):
            for attempt in range(1, _TRIES + 1):
                try:
                    operation = self._cloud.operate("SecretService/AddVersion", request, f"secret {secret_id}")
                except CloudError as error:
                    failure = _without(error, entries)
                    made = self._made_after_all(secret_id, key_id, failure)
                    if made is not None:
                        return str(made["id"])
                    if not failure.ambiguous or failure.uncertain or attempt == _TRIES:
                        raise failure from None
                    self._cloud.pause(attempt)
                else:
                    return str(operation["metadata"]["version_id"])
                finally:
                    self._reads.forget_secret(secret_id)
        raise AssertionError("unreachable")

    def named(self, secret_id: str) -> dict[str, dict[str, Any]]:
        """The newest version for each key id that a version's description names; none where the secret is gone."""
        found: dict[str, dict[str, Any]] = {}
        request = {"secret_id": secret_id}
        try:
            versions = list(self._cloud.pages("SecretService/ListVersions", "versions", request, f"secret {secret_id}"))
        except NotFound:
            return {}
        for version in versions:
            match = _DESCRIPTION.match(version.get("description", ""))
            if match and version.get("status", "ACTIVE") == "ACTIVE":
                held = found.get(match[1])
                if held is None or held["created_at"] < version["created_at"]:
                    found[match[1]] = version
        return found

    def schedule_destruction(self, secret_id: str, version_id: str, even_current: bool = False) -> None:
        """Schedules the version's destruction, after the cloud's default of 7 days; one that is gone already is fine.

        The current version is what consumers read, somebody may have put an old one back: it is left alone, unless `even_current`.
        """
        try:
            if not even_current:
                current = self._reads.secret(secret_id).get("current_version", {})
                if current.get("id") == version_id:
                    return
            self._cloud.operate(
                "SecretService/ScheduleVersionDestruction",
                {"secret_id": secret_id, "version_id": version_id},
                f"secret {secret_id}",
            )
        except NotFound:
            return
        except CloudError as error:
            # The current version can't be scheduled everywhere (facts: undecided), nor one that is scheduled or destroyed already.
            if error.code != "FAILED_PRECONDITION":
                raise
        finally:
            self._reads.forget_secret(secret_id)

    def remove_entries(self, secret_id: str, key_id: str, tag: str, names: tuple[str, ...]) -> None:
        """Takes the entries of a deleted key out of a secret that others use too; where they are the last, the version is left to its destruction."""
        with self._turn(secret_id):
            self._reads.forget_secret(secret_id)
            try:
                held = set(self._reads.secret(secret_id).get("current_version", {}).get("payload_entry_keys", ()))
                if not held & set(names) or not held - set(names):
                    return
                request = {
                    "secret_id": secret_id,
                    "description": f"without API key {key_id} [yandex-keys {tag}]",
                    "payload_entries": [{"key": name, "text_value": ""} for name in names if name in held],
                }
                self._cloud.operate("SecretService/AddVersion", request, f"secret {secret_id}")
            except NotFound:
                return
            finally:
                self._reads.forget_secret(secret_id)

    def _made_after_all(self, secret_id: str, key_id: str, failure: CloudError) -> dict[str, Any] | None:
        """The version that was made although the call failed. Marks `failure` as uncertain where it can't be known, or may still be under way.

        A refusal is looked into as well: to delete the key of a version that was made would leave a dead one in Lockbox.
        """
        if failure.code in NEVER_TOOK_EFFECT:
            return None
        try:
            made = self.named(secret_id).get(key_id)
        except CloudError as error:
            # Refused both times for the same reason: the call was never let in.
            failure.uncertain = failure.ambiguous or error.code != failure.code
            return None
        failure.uncertain = made is None and failure.code == "DEADLINE_EXCEEDED"
        return made

    def _turn(self, secret_id: str) -> threading.Lock:
        with self._lock:
            return self._turns[secret_id]


def _without(error: CloudError, entries: Mapping[str, str]) -> CloudError:
    """`error` with the values of `entries` struck out, should the cloud's words quote them."""
    message = error.message
    for value in entries.values():
        message = message.replace(value, "[secret]")
    return type(error)(error.call, error.code, message, error.request_id, error.resource)
