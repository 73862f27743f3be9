"""Where consumers read a key: its secret goes into Lockbox, and is taken away again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..run import Runtime
from .key import Lockbox


@dataclass(frozen=True)
class Delivery:
    """The deliveries of one resource. All raise CloudError."""

    runtime: Runtime
    urn: str

    def deliver(self, target: Lockbox, key_id: str, secret: str) -> str:
        """Puts key and secret there; answers the Lockbox version."""
        entries = {target.secret_entry: secret, target.key_id_entry: key_id}
        return self.runtime.versions.deliver(target.secret_id, key_id, entries)

    def take_away(self, target: Lockbox, key_id: str, names: Sequence[str]) -> None:
        """Takes those entries from consumers, but for what may not be of that key."""
        for name in self.runtime.versions.take_away(target.secret_id, key_id, names):
            self.runtime.log(
                "warning",
                f"entry {name} of Lockbox secret {target.secret_id} may have been written by hand after key {key_id} "
                "was delivered there: it stays",
                self.urn,
            )
