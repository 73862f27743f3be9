"""A harmless call that must succeed with a new key before anyone is given it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ..cloud import Cloud
from ..errors import Cancelled, ConfigurationError, VerificationFailed
from ..http import address, is_loopback, session
from ..scrubbing import safe_excerpt
from .key import Verify

if TYPE_CHECKING:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection

SERVICES_VARIABLE: Final = "YANDEX_KEYS_SERVICES"
"""Where the emulator plays the services that take keys, `http://127.0.0.1:<port>/services`: its keys are unknown to the
real ones."""
_YANDEX_CLOUD: Final = (".cloud.yandex.net", ".yandexcloud.net", ".yandexcloud.kz", ".yandex.cloud")
_ONE_TRY: Final = 10.0
"""Seconds after which a silent service is asked again."""
_GLANCE: Final = 0.05
"""How often, in seconds, a wait for an answer looks whether the run was cancelled."""
_LEAST_LEFT: Final = 0.1
"""With fewer seconds left, no further try is made."""
_READ: Final = 4096
"""Bytes of an answer that are read: no more than an error may show."""
# Whatever else the service answers while it doesn't know the key yet, these may pass (rights and keys take a while to
# spread: IAM docs).
_NOT_YET: Final = frozenset({401, 403, 429, 500, 502, 503, 504})


def verify(wanted: Verify, secret: str, cloud: Cloud, clock: Callable[[], float] = time.monotonic) -> None:
    """Returns when the service has accepted the key; asks again, within `wanted.timeout`, while it refuses it as
    unknown.

    The time is up when it is up, whatever the service is doing: not answering, sending its headers or its body in
    drops, sending without end. No redirect is followed, and nothing of the machine's goes along, so that what is tried
    is the new key, and it goes nowhere else: but for calls of Yandex Cloud's own services, which go to where these are
    played, if the environment says so (SERVICES_VARIABLE).

    Raises VerificationFailed with the service's answer, in which the secret is not to be found, and Cancelled.
    """
    deadline = clock() + wanted.timeout.total_seconds()
    try:
        url = _played_at(wanted.url, os.environ.get(SERVICES_VARIABLE, ""))
    except ConfigurationError as error:
        raise VerificationFailed(f"the new key was not tried: {error}; it was removed") from None
    attempt = 0
    last: _Call | None = None
    while True:
        call = _Call(wanted, url, secret)
        call.wait(cloud, clock, min(deadline, clock() + _ONE_TRY))
        if call.status == wanted.expect_status:
            return
        # The last try may have had no time for an answer: then the one before says more.
        last = call if last is None or call.says_something else last
        left = deadline - clock()
        if call.final or (call.status is not None and call.status not in _NOT_YET) or left < _LEAST_LEFT:
            verdict = "refused by" if last.status is not None else "not verified by"
            raise VerificationFailed(
                f"the new key was {verdict} {wanted.method} {wanted.url}: {last.said()}; "
                "it was removed, and what was there before stays current"
            )
        if cloud.wait(min(cloud.patience.delay(attempt, cloud.jitter()), left / 2)):
            raise Cancelled
        attempt += 1


class _Call:
    """One call, made by a thread of its own, so that neither a slow service nor a slow look-up of its name can hold the
    run."""

    def __init__(self, wanted: Verify, url: str, secret: str) -> None:
        self.status: int | None = None
        self.final = False
        self._wanted, self._url, self._secret = wanted, url, secret
        self._body = b""
        self._failure = ""
        self._connections: list[HTTPConnection] = []
        self._finished = threading.Event()
        self._cut = False
        self._lock = threading.Lock()

    def wait(self, cloud: Cloud, clock: Callable[[], float], until: float) -> None:
        """Makes the call and waits for the answer, until `until` by `clock` at the latest; whatever is still open then
        is closed.

        Raises Cancelled.
        """
        # A little longer than it is waited for, so that it is always the wait that ends first.
        threading.Thread(target=self._run, args=(max(until - clock(), 0.0) + 1,), daemon=True).start()
        try:
            while not self._finished.wait(min(_GLANCE, max(until - clock(), 0.0))):
                if cloud.wait(0):
                    raise Cancelled
                if clock() >= until:
                    return
        finally:
            self._close()

    @property
    def says_something(self) -> bool:
        """Whether there was an answer, or a reason why there can be none."""
        return self.status is not None or bool(self._failure)

    def said(self) -> str:
        """What came of it, for the user."""
        if self.status is None:
            return f"it can't be reached ({self._failure})" if self._failure else "it gave no answer in time"
        redirect = ", a redirect, which is not followed" if 300 <= self.status < 400 else ""
        excerpt = safe_excerpt(self._body, self._secret)
        return f"it answered {self.status}{redirect}{f': {excerpt}' if excerpt else ''}"

    def _run(self, seconds: float) -> None:
        # Few keys are verified, and most runs issue none: no reason to load it at every start of the plugin.
        import requests

        try:
            with session(self._url) as made:
                made.mount(self._url, self._transport())
                with made.request(
                    self._wanted.method,
                    self._url,
                    headers={"Authorization": f"Api-Key {self._secret}", "Accept-Encoding": "identity"},
                    timeout=seconds,
                    allow_redirects=False,
                    stream=True,
                ) as answer:
                    # Headers that were cut short look like whole ones: what comes after the end of the time counts for
                    # nothing.
                    with self._lock:
                        self.status = None if self._cut else answer.status_code
                    if answer.status_code != self._wanted.expect_status:
                        self._read(answer)
        except Exception as error:  # nothing may reach the thread's own handler: it would print the call
            # A time-out, and what comes of closing the connection, is no answer in time.
            with self._lock:
                self._failure = "" if self._cut or isinstance(error, requests.Timeout) else type(error).__name__
                # A certificate that isn't trusted now will not be in a minute.
                self.final = not self._cut and isinstance(error, requests.exceptions.SSLError)
        finally:
            self._finished.set()

    def _read(self, answer: requests.Response) -> None:
        while len(self._body) < _READ and not self._cut:
            piece = answer.raw.read1(_READ - len(self._body), decode_content=False)
            if not piece:
                return
            self._body += piece

    def _transport(self) -> HTTPAdapter:
        """A transport of `requests` whose connections are noted, so that another thread can close them."""
        from requests.adapters import HTTPAdapter

        call = self

        class Transport(HTTPAdapter):
            def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
                pool: Any = super().get_connection_with_tls_context(*args, **options)
                kind: Any = pool.ConnectionCls

                class Connection(kind):  # type: ignore[misc]
                    def connect(self) -> None:
                        call._connections.append(self)
                        super().connect()
                        if call._cut:
                            raise ConnectionAbortedError

                pool.ConnectionCls = Connection
                return pool

        return Transport()

    def _close(self) -> None:
        """Ends what is open, from any thread: a read that is waiting for a drop returns at once."""
        with self._lock:
            self._cut = True
        for connection in list(self._connections):
            opened = getattr(connection, "sock", None)
            if opened is not None:
                with contextlib.suppress(OSError):
                    opened.shutdown(socket.SHUT_RDWR)


def _played_at(url: str, services: str) -> str:
    """Where a call of `url` goes: to where the services are played, if they are, for an address of Yandex Cloud's own.

    Raises ConfigurationError where `services` is not on this machine.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not services or not host.endswith(_YANDEX_CLOUD):
        return url
    played = address(services)
    if not is_loopback(played.hostname or ""):
        raise ConfigurationError(f"{SERVICES_VARIABLE} must be on this machine, such as http://127.0.0.1:8080/services")
    return f"{services.rstrip('/')}/{host}{parts.path}{f'?{parts.query}' if parts.query else ''}"
