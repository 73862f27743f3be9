"""What happens to a key in its overlap: it gets its end, is watched and extended, and is retired."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from ..errors import CloudError, NotFound
from ..run import Runtime
from ..times import format_time
from .account_keys import AccountKeys
from .delivery import Delivery
from .key import Inputs, PreviousKey
from .rotation import still_used


@dataclass(frozen=True)
class PreviousKeys:
    """The previous keys of one resource. What changes one answers the key as it is from then on; all raise
    CloudError."""

    runtime: Runtime
    urn: str
    inputs: Inputs
    keys: AccountKeys
    delivery: Delivery

    def enforce(self, previous: PreviousKey) -> PreviousKey:
        """Tells the cloud of its end."""
        with suppress(NotFound):  # it can't outlive its overlap if it is gone already
            self.keys.expire(previous.key_id, previous.expires_at)
        return replace(previous, enforced=True)

    def extend(self, previous: PreviousKey, until: datetime | None, now: datetime) -> PreviousKey:
        """Moves its end, for a consumer that is stuck on it."""
        assert until is not None, "decide gives every extension its end"
        try:
            self.keys.expire(previous.key_id, until)
        except NotFound:
            self.runtime.log("warning", f"key {previous.key_id} is gone, and not by us: it can't be extended", self.urn)
            return previous
        # By the clock that says when it was last used.
        return replace(previous, expires_at=until, extended_at=self.runtime.cloud.time() or now)

    def living(self, previous: PreviousKey) -> PreviousKey | None:
        """The key as the cloud has it; None where it is over there, and by the cloud's clock: nothing that lives is
        deleted on the word of this machine or its state."""
        try:
            if not self.keys.listed:
                self.keys.relist()
        except NotFound:
            return None  # the account is gone, and its keys with it
        listed = self.keys.listed.get(previous.key_id)
        ends = listed.expires_at if listed else previous.expires_at
        try:
            told = self.keys.time_told_by(previous.key_id, ends)
        except CloudError as error:
            if error.code in ("NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION"):
                return None  # gone already, or the cloud won't take a time that has passed
            raise
        if told is None or told >= ends:
            return None
        if ends > previous.expires_at:
            self.runtime.log(
                "warning",
                f"key {previous.key_id} works until {format_time(ends)} in the cloud, later than this state set it: "
                "it is left until then",
                self.urn,
            )
            return replace(previous, expires_at=ends)
        self.runtime.log(
            "warning",
            f"key {previous.key_id} works until {format_time(ends)} by the cloud's clock, which is behind this "
            "machine's: a later run retires it",
            self.urn,
        )
        return previous

    def watch(self, previous: PreviousKey, now: datetime) -> PreviousKey:
        """Looks whether a consumer is stuck on a key that is over by this machine's clock alone, and not by the
        cloud's."""
        use = still_used(previous, self.keys.listed, self.inputs)
        if use is None:
            return previous
        self.runtime.log("warning", use.warning, self.urn)
        for extension in use.extension:
            previous = self.extend(previous, extension.until, now)
        return previous

    def retire(self, previous: PreviousKey) -> None:
        """Takes what consumers read of it away, deletes it, and schedules the destruction of its version."""
        target, kept = previous.lockbox, self.inputs.lockbox
        gone: tuple[str, ...] = ()
        if target is not None:
            same_secret = kept is not None and kept.secret_id == target.secret_id
            gone = tuple(name for name in target.entries if not (same_secret and kept and name in kept.entries))
            if gone:
                self.delivery.take_away(target, previous.key_id, gone)
        self.keys.delete(previous.key_id)
        if target is not None:
            self.runtime.versions.destroy(target.secret_id, previous.key_id, previous.lockbox_version_id)
