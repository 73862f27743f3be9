"""An account's keys as this run knows them, and the calls that change one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..errors import NotFound
from ..run import Runtime
from ..times import format_time
from .key import Listing
from .state import listing_of


class AccountKeys:
    """The keys of one account, for one resource.

    listed: as this run has listed them; empty where the account was made in this run, or nothing needed them. All calls
    raise CloudError.
    """

    def __init__(self, runtime: Runtime, urn: str, service_account_id: str, listed: Listing | None = None) -> None:
        self.account = service_account_id
        self.listed: Listing = listed or {}
        self.about = f"API key {urn.rpartition('::')[2]}"
        self._runtime = runtime

    def relist(self) -> None:
        """Lists them. Raises NotFound where the account is gone."""
        self.listed = listing_of(self._runtime.reads.keys(self.account))

    def delete(self, key_id: str) -> bool:
        """Deletes the key; whether it was there, for one that is gone already is fine."""
        there = True
        try:
            self._runtime.cloud.operate("ApiKeyService/Delete", {"api_key_id": key_id}, self.about)
        except NotFound:
            there = False
        # The listing was made before: a rotation later in this run would take the key for one that a run which died has
        # left.
        self.listed = {known: key for known, key in self.listed.items() if known != key_id}
        return there

    def expire(self, key_id: str, at: datetime) -> None:
        """Gives the key that end."""
        self.update(key_id, "expiresAt", expires_at=format_time(at))

    def update(self, key_id: str, mask: str, **fields: str | Sequence[str]) -> None:
        """Changes the fields that the mask names."""
        self._runtime.cloud.operate(
            "ApiKeyService/Update", {"api_key_id": key_id, "update_mask": mask, **fields}, self.about
        )

    def time_told_by(self, key_id: str, ends: datetime) -> datetime | None:
        """The cloud's time. Where nothing has told it in this run, the key is given the end that it has: every change
        tells it."""
        if self._runtime.cloud.time() is None:
            self.expire(key_id, ends)
        return self._runtime.cloud.time()
