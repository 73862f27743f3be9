"""Carrying out what was decided for one key, one action at a time, so that whatever fails, `state` says what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from .api_key_state import cloud_time, rotated_state
from .errors import CloudError, NotFound, YandexKeysError
from .issuing import Issued, Issuer
from .resource import Runtime
from .rotation import Action, Inputs, Lockbox, PreviousKey, State, Verb
from .schedule import later
from .settings import format_time
from .tags import tagged

# A clock of ours that is ahead would let keys live longer than they should; what a run itself takes is less than this.
_CLOCK_TOLERANCE: Final = timedelta(minutes=5)
# How far our clock may be ahead before a key could be deleted within its overlap.
_CLOCK_DOUBT: Final = timedelta(days=1, hours=1)


class Life:
    """One key's life within a run. `state` and `secret` are always what is there now."""

    def __init__(
        self, runtime: Runtime, urn: str, tag: str, inputs: Inputs, state: State, secret: str | None, now: datetime
    ) -> None:
        self.runtime, self.urn, self.tag, self.inputs, self.now = runtime, urn, tag, inputs, now
        self.state, self.secret = state, secret

    def carry_out(self, action: Action) -> list[str]:
        """Does it; what failed although the main thing was done, in words. Raises YandexKeysError where it was not done."""
        if action.verb == Verb.ROTATE:
            return self._rotate(action.overlap or timedelta(0))
        if action.verb == Verb.CHANGE:
            self._change(action)
        elif action.verb == Verb.REVOKE:
            self._retire(self._previous(action.key_id))
        elif action.verb == Verb.RETIRE:
            previous = self._previous(action.key_id)
            if self._is_over(previous):
                self._retire(previous)
        elif action.verb == Verb.ENFORCE:
            self._enforce(self._previous(action.key_id))
        elif action.verb == Verb.EXTEND:
            self._extend(self._previous(action.key_id), action.until)
        return []

    def take_over(self, issued: Issued) -> None:
        """Notes where the secret went, and the keys that runs which died had delivered: each keeps working for its overlap."""
        self.state = replace(self.state, lockbox_version_id=issued.version_id)
        self.secret = issued.secret if self.inputs.expose_secret else None
        for key, version, target in issued.left_over:
            overlap = timedelta(0) if key["id"] in self.inputs.compromised else self.inputs.overlap
            expires_at = cloud_time(key.get("expires_at"))
            old = PreviousKey(
                key_id=key["id"],
                issued_at=cloud_time(key["created_at"]),
                expires_at=min(expires_at, later(self.now, overlap)),
                rotated_at=self.now,
                lifetime_ends_at=expires_at,
                lockbox=target,
                lockbox_version_id=version["id"],
                enforced=False,
            )
            self.state = replace(self.state, previous=(*self.state.previous, old))

    def settle(self) -> list[str]:
        """Tells the cloud what must follow an issue: expiries of previous keys, and ours where our clock is ahead. What failed, in words."""
        failures = []
        for previous in self.state.previous:
            if previous.enforced:
                continue
            try:
                if previous.expires_at <= self.now:
                    self._retire(previous)
                else:
                    self._enforce(previous)
            except YandexKeysError as error:
                failures.append(str(error))
        latest = later(self.state.issued_at, self.inputs.lifetime)
        if self.runtime.trusts_cloud_clock and self.state.expires_at > later(latest, _CLOCK_TOLERANCE):
            try:
                self._update(self.state.key_id, "expiresAt", expires_at=format_time(latest))
                self.state = replace(self.state, expires_at=latest)
            except YandexKeysError as error:
                failures.append(str(error))
        return failures

    def end(self) -> None:
        """Deletes every key, then schedules the destruction of their versions and takes their entries away. Raises CloudError."""
        state = self.state
        issuer = self._issuer()
        versions = [(previous.key_id, previous.lockbox, previous.lockbox_version_id) for previous in state.previous]
        versions.append((state.key_id, self.inputs.lockbox, state.lockbox_version_id))
        for key_id, _, _ in versions:
            issuer.delete(key_id)
        try:
            for stray in issuer.strays():
                issuer.delete(stray["id"])
        except NotFound:
            pass  # the account is gone, and its keys with it
        for key_id, target, version_id in versions:
            self._undeliver(key_id, target, version_id, keep=None, even_current=True)

    def _rotate(self, overlap: timedelta) -> list[str]:
        before = self.state
        issued = self._issuer().issue(self.now)
        now = self._time_of(issued)
        self.state = rotated_state(self.inputs, before, issued.key, self.tag, self.urn, now, overlap)
        self.take_over(issued)
        return self.settle()

    def _time_of(self, issued: Issued) -> datetime:
        """When the rotation was: by the cloud's own clock where it has just told it, unless `asOf` rules."""
        if issued.secret is None or not self.runtime.trusts_cloud_clock:
            return self.now
        self.now = cloud_time(issued.key["created_at"])
        return self.now

    def _change(self, action: Action) -> None:
        inputs, state = self.inputs, self.state
        self._update(
            state.key_id,
            "scopes,description,expiresAt",
            scopes=sorted(inputs.scopes),
            description=tagged(inputs.description, self.tag),
            expires_at=format_time(action.until or state.expires_at),
        )
        if self.tag != state.tag:
            for previous in state.previous:
                self._update(previous.key_id, "description", description=tagged(inputs.description, self.tag))
        self.state = replace(state, expires_at=action.until or state.expires_at, lifetime=inputs.lifetime, tag=self.tag)

    def _enforce(self, previous: PreviousKey) -> None:
        self._expire(previous.key_id, previous.expires_at)
        self._put(replace(previous, enforced=True))

    def _extend(self, previous: PreviousKey, until: datetime | None) -> None:
        assert until is not None, "decide gives every extension its end"
        self._expire(previous.key_id, until)
        self._put(replace(previous, expires_at=until, extended_at=self.now))

    def _is_over(self, previous: PreviousKey) -> bool:
        """Whether the overlap is over by the cloud's clock too, where ours alone would be little to go by.

        Only a change tells the cloud's time: the expiry is set to what it is. A cloud that refuses it as past has answered as well.
        """
        if not self.runtime.trusts_cloud_clock or self.now - previous.expires_at > _CLOCK_DOUBT:
            return True
        try:
            operation = self._update(previous.key_id, "expiresAt", expires_at=format_time(previous.expires_at))
        except CloudError as error:
            if error.code in ("NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION"):
                return True
            raise
        if cloud_time(operation.get("created_at")) >= previous.expires_at:
            return True
        words = f"key {previous.key_id} works until {format_time(previous.expires_at)} by the cloud's clock, which is behind this machine's"
        self.runtime.log("warning", f"{words}: a later run retires it", self.urn)
        return False

    def _retire(self, previous: PreviousKey) -> None:
        self._issuer().delete(previous.key_id)
        self._undeliver(previous.key_id, previous.lockbox, previous.lockbox_version_id, keep=self.inputs.lockbox)
        self.state = replace(
            self.state, previous=tuple(item for item in self.state.previous if item.key_id != previous.key_id)
        )

    def _undeliver(
        self,
        key_id: str,
        target: Lockbox | None,
        version_id: str | None,
        keep: Lockbox | None,
        even_current: bool = False,
    ) -> None:
        """Takes a dead key's entries away where nothing of ours overwrote them, and schedules its version."""
        if target is None:
            return
        kept = {keep.secret_entry, keep.key_id_entry} if keep and keep.secret_id == target.secret_id else set()
        names = tuple(name for name in (target.secret_entry, target.key_id_entry) if name not in kept)
        if names:
            self.runtime.versions.remove_entries(target.secret_id, key_id, self.tag, names)
        if version_id:
            self.runtime.versions.schedule_destruction(target.secret_id, version_id, even_current)

    def _expire(self, key_id: str, at: datetime) -> None:
        try:
            self._update(key_id, "expiresAt", expires_at=format_time(at))
        except NotFound:
            return  # it can't outlive its overlap if it is gone already

    def _update(self, key_id: str, mask: str, **fields: str | Sequence[str]) -> dict[str, Any]:
        """The finished operation."""
        request = {"api_key_id": key_id, "update_mask": mask, **fields}
        about = f"API key {self.urn.rpartition('::')[2]}"
        operation = self.runtime.cloud.operate("ApiKeyService/Update", request, about)
        self.runtime.reads.forget_keys(self.inputs.service_account_id)
        return operation

    def _issuer(self) -> Issuer:
        known = frozenset({self.state.key_id, *(previous.key_id for previous in self.state.previous)})
        targets = (self.inputs.lockbox, self.state.applied.lockbox)
        return Issuer(
            self.runtime, self.urn, self.tag, self.inputs, known, tuple(target for target in targets if target)
        )

    def _previous(self, key_id: str) -> PreviousKey:
        return next(previous for previous in self.state.previous if previous.key_id == key_id)

    def _put(self, changed: PreviousKey) -> None:
        self.state = replace(
            self.state,
            previous=tuple(changed if item.key_id == changed.key_id else item for item in self.state.previous),
        )
