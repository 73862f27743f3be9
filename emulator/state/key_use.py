"""When each API key was last used: collected in memory, written down in batches, so that a use costs no commit."""

from __future__ import annotations

import threading

from google.protobuf.timestamp_pb2 import Timestamp
from yandex.cloud.iam.v1.api_key_pb2 import ApiKey

from emulator.state.backend import Backend
from emulator.storage import Kind


class KeyUse:
    """The last uses that aren't written down yet."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._last: dict[str, Timestamp] = {}

    def note(self, key_id: str, moment: Timestamp) -> None:
        """The key was used at that moment (emulated time)."""
        with self._lock:
            self._last[key_id] = moment

    def last(self, key_id: str) -> Timestamp | None:
        """The last use that isn't written down yet, if there is one."""
        return self._last.get(key_id)

    def flush(self) -> None:
        """Writes all of it down, in one transaction."""
        with self._lock:
            noted = dict(self._last)
        if not noted:
            return
        with self._backend.storage.transaction():
            for key_id, moment in noted.items():
                record = self._backend.storage.get(Kind.API_KEY, key_id)
                if record is not None:
                    key = ApiKey.FromString(record.body)
                    key.last_used_at.CopyFrom(moment)
                    self._backend.storage.put(record.with_body(key.SerializeToString()))
        with self._lock:
            for key_id, moment in noted.items():
                if self._last.get(key_id) is moment:
                    del self._last[key_id]
