"""A key service in place of a passphrase: to derive a key of one takes the engine more processor time than the rest of a small command.

It plays what the engine asks of HashiCorp Vault's transit engine: to wrap a stack's own key, and to unwrap it again. The rest is the same: values
are encrypted with that key by AES-256-GCM. Where `tests/conftest.py` has asked for it, stacks that `fresh_stack` makes have it. The benchmark and
the proof, which show what users run, keep the passphrase; so do tests that make their stacks by the command itself: pipelines' and `make up`'s.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

_WRAPPED: Final = "vault:v1:"
_variables: dict[str, str] = {}


def use() -> None:
    """Starts it, if it doesn't run yet; it ends with this process."""
    if _variables:
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Transit)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _variables.update(
        {
            "VAULT_SERVER_URL": f"http://127.0.0.1:{server.server_port}",
            "VAULT_SERVER_TOKEN": "the-key-service-of-tests-asks-for-none",
        }
    )


def options() -> list[str]:
    """With what `pulumi stack init` makes a stack of it; none where nobody has asked for it."""
    return ["--secrets-provider", "hashivault://tests"] if _variables else []


def variables() -> dict[str, str]:
    """What the engine finds it by."""
    return dict(_variables)


class _Transit(BaseHTTPRequestHandler):
    """Wraps a key by a word before it: whoever runs a test may know its secrets."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.startswith("/v1/transit/encrypt/"):
            data = {"ciphertext": _WRAPPED + asked["plaintext"]}
        else:
            data = {"plaintext": asked["ciphertext"].removeprefix(_WRAPPED)}
        answer = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
