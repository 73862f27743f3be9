"""The emulated time: the real time and an offset, so that it runs; the offset is kept with the cloud."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from emulator.errors import AdminError
from emulator.storage import Kind, Record, Storage

RealTime = Callable[[], float]
"""Seconds since 1970 (UTC), as `time.time` has them."""

_LATEST = datetime(2105, 1, 1, tzinfo=UTC)


class Clock:
    """Keys, versions and rights live in `now()`; logins and network delays are judged by `real()`."""

    def __init__(self, storage: Storage, real_time: RealTime = time.time) -> None:
        self._storage = storage
        self.real = real_time
        kept = storage.get(Kind.SETTING, "clock")
        self._offset = timedelta(seconds=json.loads(kept.body)["offsetSeconds"] if kept else 0)

    @property
    def offset(self) -> timedelta:
        """How far the emulated time is ahead of the real one."""
        return self._offset

    def now(self) -> datetime:
        """The emulated time, in UTC."""
        return datetime.fromtimestamp(self.real(), UTC) + self._offset

    def timestamp(self, *, whole_seconds: bool = False) -> Timestamp:
        """The emulated time as the API writes it: in milliseconds, or in whole seconds, as IAM does."""
        return timestamp(self.now(), whole_seconds=whole_seconds)

    def advance(self, duration: timedelta) -> None:
        """Moves the emulated time forward. Raises AdminError past the year 2104, where the API's dates end."""
        self.move_to(self.now() + duration)

    def move_to(self, moment: datetime) -> None:
        """Makes the emulated time `moment` (UTC), from which it runs on."""
        if not datetime(1971, 1, 1, tzinfo=UTC) < moment < _LATEST:
            raise AdminError(f"now: {moment.isoformat()} is outside of 1971 to 2104")
        self._offset = moment - datetime.fromtimestamp(self.real(), UTC)
        body = json.dumps({"offsetSeconds": self._offset.total_seconds()}).encode()
        with self._storage.transaction():
            self._storage.put(Record(Kind.SETTING, "clock", body))


def timestamp(moment: datetime, *, whole_seconds: bool = False) -> Timestamp:
    """`moment` as a proto message, cut to milliseconds or to whole seconds."""
    precision = moment.replace(microsecond=0 if whole_seconds else moment.microsecond // 1000 * 1000)
    message = Timestamp()
    message.FromDatetime(precision)
    return message


def moment(message: Timestamp) -> datetime:
    """A proto timestamp as a datetime in UTC."""
    return message.ToDatetime(tzinfo=UTC)


def text(message: Timestamp) -> str:
    """A proto timestamp as RFC 3339 text."""
    return message.ToJsonString()


def read_moment(value: object, field: str) -> datetime:
    """The moment that RFC 3339 text means, in UTC. Raises AdminError, naming `field`."""
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            if parsed.tzinfo is not None:
                return parsed.astimezone(UTC)
    except ValueError:
        pass
    raise AdminError(f"{field}: {value!r} isn't a moment; write it as 2026-01-31T12:00:00Z")
