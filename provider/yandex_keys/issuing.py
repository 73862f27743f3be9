"""Issuing a key exactly once, although the API isn't idempotent, and taking it back where it comes to nothing.

Between the issue and the delivery the secret is in memory only, and nothing that isn't needed happens. Whatever dies there leaves a tagged key, which
the next run finds: it is adopted where a Lockbox version names it, for then its secret was delivered, and deleted where none does.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from .api_key_state import cloud_time
from .errors import CloudError, NotFound, VerificationFailed, YandexKeysError
from .resource import Runtime
from .rotation import Inputs, Lockbox
from .schedule import later
from .settings import format_time
from .tags import tagged, untagged
from .verification import verify

_TRIES: Final = 3


@dataclass(frozen=True)
class Issued:
    """A delivered key: the cloud's key, its secret (None where it was delivered by a run that died), and its Lockbox version.

    left_over: keys that runs which died had delivered before; consumers may hold them, so they get their overlap. Pairs of key and version.
    """

    key: Mapping[str, Any]
    secret: str | None = field(repr=False)
    version_id: str | None
    left_over: tuple[tuple[Mapping[str, Any], Mapping[str, Any], Lockbox], ...] = ()


@dataclass(frozen=True)
class Issuer:
    """Issues for one resource. `known` are the key ids that its state accounts for, `targets` where it delivers and has delivered."""

    runtime: Runtime
    urn: str
    tag: str
    inputs: Inputs
    known: frozenset[str]
    targets: tuple[Lockbox, ...]

    @property
    def _about(self) -> str:
        return f"API key {self.urn.rpartition('::')[2]}"

    def issue(self, now: datetime) -> Issued:
        """A key that is delivered, and verified before where that is asked for.

        Raises YandexKeysError; then no key of ours is left, or the next run finds it.
        """
        delivered = self._sorted_out()
        adopted = self._adoptable(delivered, now)
        if adopted is not None:
            key, version = adopted
            self.runtime.log("info", f"adopts key {key['id']}, which an interrupted run had delivered", self.urn)
            rest = tuple(item for item in delivered if item[0]["id"] != key["id"])
            return Issued(self._as_wanted(key), None, version["id"], rest)
        keep = frozenset(item[0]["id"] for item in delivered)
        key, secret, tries = self._create(now, keep)
        self._claim(key["id"])
        try:
            if self.inputs.verify is not None:
                verify(self.inputs.verify, secret, self.runtime.cloud)
            version_id = self._deliver(key["id"], secret)
        except VerificationFailed:
            self.discard(key["id"])
            raise
        except CloudError as error:
            if not error.uncertain:
                self.discard(key["id"])
            raise
        if tries > 1:
            self._look_again(keep)
        return Issued(key, secret, version_id, delivered)

    def discard(self, key_id: str) -> None:
        """Deletes a key that nobody was given. A failure is left to the next run, which finds the key by its tag."""
        try:
            self.delete(key_id)
        except YandexKeysError as error:
            self.runtime.log(
                "warning", f"key {key_id} could not be deleted; the next `pulumi up` does it. {error}", self.urn
            )

    def delete(self, key_id: str) -> None:
        """Deletes the key; one that is gone already is fine. Raises CloudError."""
        try:
            self.runtime.cloud.operate("ApiKeyService/Delete", {"api_key_id": key_id}, self._about)
        except NotFound:
            return
        finally:
            self.runtime.reads.forget_keys(self.inputs.service_account_id)

    def strays(self) -> list[Mapping[str, Any]]:
        """The live keys with our tag that no state accounts for. Raises CloudError."""
        account = self.inputs.service_account_id
        if account in self.runtime.fresh:
            return []
        known = self.known | self.runtime.seen.get(self.tag, set())
        return [
            key
            for key in self.runtime.reads.keys(account)
            if key["id"] not in known and untagged(key.get("description", ""))[1] == self.tag
        ]

    def _sorted_out(self) -> tuple[tuple[Mapping[str, Any], Mapping[str, Any], Lockbox], ...]:
        """The strays that were delivered, newest first; the others are deleted."""
        strays = self.strays()
        if not strays:
            return ()
        named = [(target, self.runtime.versions.named(target.secret_id)) for target in dict.fromkeys(self.targets)]
        delivered = []
        for key in strays:
            found = next(
                ((key, versions[key["id"]], target) for target, versions in named if key["id"] in versions), None
            )
            if found is None:
                self.runtime.log(
                    "info", f"deletes key {key['id']}, which an interrupted run left without a delivery", self.urn
                )
                self.delete(key["id"])
            else:
                delivered.append(found)
        return tuple(sorted(delivered, key=lambda item: str(item[1]["created_at"]), reverse=True))

    def _adoptable(
        self, delivered: tuple[tuple[Mapping[str, Any], Mapping[str, Any], Lockbox], ...], now: datetime
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
        for key, version, target in delivered:
            fits = (
                target == self.inputs.lockbox
                and not self.inputs.expose_secret
                and key["id"] not in self.inputs.compromised
            )
            # Until it is due once more, and for its overlap after that.
            needed = later(now, self.inputs.rotate_every + self.inputs.overlap)
            alive = cloud_time(key.get("expires_at")) >= needed
            if (
                fits
                and alive
                and {target.secret_entry, target.key_id_entry} <= set(version.get("payload_entry_keys", ()))
            ):
                return key, version
        return None

    def _as_wanted(self, key: Mapping[str, Any]) -> Mapping[str, Any]:
        if set(key.get("scopes", ())) == self.inputs.scopes:
            return key
        request = {"api_key_id": key["id"], "scopes": sorted(self.inputs.scopes), "update_mask": "scopes"}
        self.runtime.cloud.operate("ApiKeyService/Update", request, self._about)
        return {**key, "scopes": sorted(self.inputs.scopes)}

    def _create(self, now: datetime, keep: frozenset[str]) -> tuple[dict[str, Any], str, int]:
        """The key, its secret, and how many calls it took. Strays in `keep` have been delivered by a run before."""
        request = {
            "service_account_id": self.inputs.service_account_id,
            "description": tagged(self.inputs.description, self.tag),
            "scopes": sorted(self.inputs.scopes),
            "expires_at": format_time(later(now, self.inputs.lifetime)),
        }
        cloud = self.runtime.cloud
        started = cloud.monotonic()
        for attempt in itertools.count(1):
            try:
                answer = cloud.call("ApiKeyService/Create", request, self._about)
            except CloudError as error:
                self.runtime.reads.forget_keys(self.inputs.service_account_id)
                spreading = error.code == "PERMISSION_DENIED" and cloud.rights_are_spreading(started)
                if not error.ambiguous and not spreading:
                    raise
                # The answer is lost, and the secret with it: whatever key it made is of no use.
                self.runtime.fresh.discard(self.inputs.service_account_id)
                found = self._delete_strays_after(error, keep)
                # What has outlived its deadline may still be on its way: a second key beside it would leave that one to nobody.
                on_its_way = error.code == "DEADLINE_EXCEEDED" and not found
                if on_its_way or (attempt >= _TRIES and not spreading):
                    raise
                cloud.pause(attempt)
            else:
                return answer["api_key"], answer["secret"], attempt
        raise AssertionError("unreachable")

    def _delete_strays_after(self, error: CloudError, keep: frozenset[str]) -> int:
        """How many there were. Raises `error` where that can't be known."""
        try:
            strays = [key for key in self.strays() if key["id"] not in keep]
            for key in strays:
                self.delete(key["id"])
        except CloudError:
            raise error from None
        return len(strays)

    def _look_again(self, keep: frozenset[str]) -> None:
        """A call that failed may have made its key after it was looked for. The new key is delivered; a failure here is left to the next rotation."""
        self.runtime.reads.forget_keys(self.inputs.service_account_id)
        try:
            for key in self.strays():
                if key["id"] not in keep:
                    self.delete(key["id"])
        except YandexKeysError as error:
            self.runtime.log(
                "warning",
                f"whether a lost call left a key could not be seen; the next rotation does. {error}",
                self.urn,
            )

    def _deliver(self, key_id: str, secret: str) -> str | None:
        target = self.inputs.lockbox
        if target is None:
            return None
        entries = {target.secret_entry: secret, target.key_id_entry: key_id}
        return self.runtime.versions.deliver(target.secret_id, key_id, self.tag, entries)

    def _claim(self, key_id: str) -> None:
        self.runtime.seen.setdefault(self.tag, set()).add(key_id)
