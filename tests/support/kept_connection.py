"""HTTP to the local cloud over one connection that is kept: tens of thousands of small requests in a row."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

_TIMEOUT: Final = 60.0


class KeptConnection:
    """Requests one after the other; threads take turns."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=_TIMEOUT)
        self._turn = threading.Lock()

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """The status, and the answer read as JSON. A connection that the server has closed is opened once more."""
        content = None if body is None else json.dumps(body).encode()
        kind = {} if content is None else {"Content-Type": "application/json"}
        with self._turn:
            status, text = self._exchange(method, path, content, {**kind, **(headers or {})})
        return status, json.loads(text) if text else None

    def _exchange(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        for last in (False, True):
            try:
                self._connection.request(method, path, content, headers)
                answer = self._connection.getresponse()
                text = answer.read()
            except (http.client.RemoteDisconnected, ConnectionError):
                self._connection.close()
                if last:
                    raise
            else:
                return answer.status, text
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Ends it."""
        self._connection.close()
