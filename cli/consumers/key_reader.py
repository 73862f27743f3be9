"""An API key that is read in Lockbox, kept, and read again: by age, and where a service refuses it. Copy this file; it stands alone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")
_UNAUTHORIZED = 401


class KeyUnread(Exception):
    """No secret has been read yet, and reading fails; the cause says how."""


class KeyReader:
    """The secret of one key, for any number of threads.

    read: answers the secret; max_age: seconds after which it is read again, at most a quarter of the key's overlap; rest: seconds until the next try
    where reading failed, or where it gave again what was refused.

    One thread reads at a time. A secret that is only old is used on by the others meanwhile, and kept where reading fails: it works until its overlap
    is over. Whoever was refused waits for the reading, which is one for all.
    """

    def __init__(
        self,
        read: Callable[[], str],
        max_age: float,
        rest: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._max_age, self._rest, self._clock = read, max_age, rest, clock
        self._reading = threading.Lock()
        self._begun = 0
        self._secret: str | None = None
        self._failure: Exception | None = None
        self._next_reading = 0.0
        self._useless_until = 0.0

    def secret(self) -> str:
        """The secret to use now. Raises KeyUnread as long as none could be read."""
        kept = self._secret
        if kept is None:
            return self._first()
        if self._clock() >= self._next_reading and self._reading.acquire(blocking=False):
            try:
                if self._clock() >= self._next_reading:
                    self._read_again()
            finally:
                self._reading.release()
        return self._secret or kept

    def refused(self, secret: str) -> str:
        """A service answered 401 to `secret`: what to use now, which is the same where there is nothing newer yet."""
        begun = self._begun
        if self._secret == secret and self._clock() >= self._useless_until:
            with self._reading:
                # Not where a reading began since this one was refused. One that was under way by then may have come too early.
                if self._secret == secret and self._begun == begun:
                    self._read_again()
                    if self._secret == secret:
                        self._useless_until = self._clock() + self._rest
        return self._secret or secret

    def call(self, send: Callable[[str], _Answer], status: Callable[[_Answer], int]) -> _Answer:
        """What `send` answers to the secret; after a 401, what it answers to a newer one, where there is one.

        Raises KeyUnread, and what `send` raises.
        """
        secret = self.secret()
        answer = send(secret)
        if status(answer) == _UNAUTHORIZED:
            newer = self.refused(secret)
            if newer != secret:
                return send(newer)
        return answer

    def _first(self) -> str:
        begun = self._begun
        with self._reading:
            if self._secret is None and self._begun == begun:
                self._read_again()
            if self._secret is None:
                raise KeyUnread("the key could not be read") from self._failure
            return self._secret

    def _read_again(self) -> None:
        self._begun += 1
        at = self._clock()
        try:
            self._secret = self._read()
            self._next_reading = at + self._max_age
        except Exception as failure:
            self._failure = failure
            self._next_reading = self._clock() + self._rest
            if self._secret is not None:
                _log.warning(
                    "the key could not be read again (%s): the one of before is used on", type(failure).__name__
                )


def lockbox_entry(secret_id: str, entry: str, sdk: Any = None, timeout: float = 15.0) -> Callable[[], str]:
    """Reads an entry of a secret's current version. `sdk`: a `yandexcloud.SDK`; by default one that logs in by the machine's metadata service.

    What it answers raises grpc.RpcError, and KeyError where the secret has no such entry.
    """
    from yandex.cloud.lockbox.v1.payload_service_pb2 import GetPayloadRequest
    from yandex.cloud.lockbox.v1.payload_service_pb2_grpc import PayloadServiceStub

    if sdk is None:
        import yandexcloud

        sdk = yandexcloud.SDK()
    payloads = sdk.client(PayloadServiceStub)

    def read() -> str:
        # Without a version: what a rotation delivers becomes the current one.
        payload = payloads.Get(GetPayloadRequest(secret_id=secret_id), timeout=timeout)
        return {it.key: str(it.text_value) for it in payload.entries}[entry]

    return read
