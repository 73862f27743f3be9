"""What a run has read of the cloud, kept so that a refresh of many resources asks once: one listing an account, one read a secret.

A plugin process serves one run, and Pulumi lets one run at a time change a stack: what it read stays true until it changes it itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from .cloud import Cloud
from .errors import Cancelled, NotFound

# A run may wait for long between two resources: what is older than this many seconds is read again.
MAX_AGE: Final = 120.0
Value = TypeVar("Value")


class Reads:
    """Answers shared by the verbs of one run; two that ask for the same at once make one call."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, str], tuple[float, Future[Any]]] = {}

    def secret(self, secret_id: str) -> dict[str, Any]:
        """The Lockbox secret, its current version included. Raises NotFound and what `Cloud.call` raises."""
        return self._shared(
            ("secret", secret_id),
            lambda: self._cloud.call("SecretService/Get", {"secret_id": secret_id}, f"secret {secret_id}"),
        )

    def versions(self, secret_id: str) -> list[dict[str, Any]]:
        """All versions of the Lockbox secret. Raises NotFound and what `Cloud.call` raises."""
        request, about = {"secret_id": secret_id}, f"secret {secret_id}"
        return self._shared(
            ("versions", secret_id),
            lambda: list(self._cloud.pages("SecretService/ListVersions", "versions", request, about)),
        )

    def keys(self, service_account_id: str) -> list[dict[str, Any]]:
        """All API keys of the account. Raises NotFound and what `Cloud.call` raises."""
        request = {"service_account_id": service_account_id}
        about = f"service account {service_account_id}"
        return self._shared(
            ("keys", service_account_id),
            lambda: list(self._cloud.pages("ApiKeyService/List", "api_keys", request, about)),
        )

    def list_keys_anew(self, service_account_id: str) -> list[dict[str, Any]]:
        """All API keys of the account as they are now, whatever was listed before. Raises what `keys` raises."""
        self.forget_keys(service_account_id)
        return self.keys(service_account_id)

    def key(self, key_id: str) -> dict[str, Any] | None:
        """One API key, asked for by its id; None where there is none. A listing may lack what was made or changed a moment ago."""
        try:
            return self._cloud.call("ApiKeyService/Get", {"api_key_id": key_id}, f"API key {key_id}")
        except NotFound:
            return None

    def bindings(self, service: str, resource_id: str) -> list[dict[str, Any]]:
        """The access bindings of a folder, a secret or a key, by the API's service for it."""
        method, request = f"{service}/ListAccessBindings", {"resource_id": resource_id}
        return self._shared(
            (method, resource_id),
            lambda: list(self._cloud.pages(method, "access_bindings", request, resource_id)),
        )

    @contextmanager
    def changing_bindings(self, service: str, resource_id: str) -> Iterator[None]:
        """While they are changed, and afterwards, what was read of the bindings before is no longer true."""
        what = (f"{service}/ListAccessBindings", resource_id)
        self._forget(what)
        try:
            yield
        finally:
            self._forget(what)

    def forget_secret(self, secret_id: str) -> None:
        """What was read of the secret is no longer true."""
        self._forget(("secret", secret_id))
        self._forget(("versions", secret_id))

    def forget_keys(self, service_account_id: str) -> None:
        """What was listed for the account is no longer true."""
        self._forget(("keys", service_account_id))

    def _forget(self, what: tuple[str, str]) -> None:
        with self._lock:
            self._answers.pop(what, None)

    def _shared(self, what: tuple[str, str], ask: Callable[[], Value]) -> Value:
        now = self._cloud.monotonic()
        with self._lock:
            known = self._answers.get(what)
            mine = known is None or now - known[0] > MAX_AGE
            if mine:
                known = (now, Future())
                self._answers[what] = known
        assert known is not None
        future: Future[Value] = known[1]
        if mine:
            try:
                future.set_result(ask())
            except Exception as error:
                with self._lock:
                    if self._answers.get(what) is known:
                        del self._answers[what]
                future.set_exception(error)
        if not mine and self._cloud.wait(0):
            raise Cancelled
        return future.result()
