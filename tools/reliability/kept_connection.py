"""HTTP to the local cloud over one connection that is kept: tens of thousands of small requests in a row."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

_TIMEOUT: Final = 60.0


class KeptConnection:
    """Requests one after the other; not for several threads at once."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=_TIMEOUT)

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """The status, and the answer read as JSON. A connection that the server has closed is opened once more."""
        content = None if body is None else json.dumps(body).encode()
        for last in (False, True):
            try:
                self._connection.request(method, path, content, dict(headers or {}))
                answer = self._connection.getresponse()
                text = answer.read()
            except (http.client.RemoteDisconnected, ConnectionError):
                self._connection.close()
                if last:
                    raise
            else:
                return answer.status, json.loads(text) if text else None
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Ends it."""
        self._connection.close()
