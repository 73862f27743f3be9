"""What a run has read of the cloud, kept so that a refresh of many resources asks once: one listing an account, and a
few a folder (folder_listings.py) in the place of one read a secret.

A plugin process serves one run, and Pulumi lets one run at a time change a stack: what it read stays true until it
changes it itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, cast

from .answers import ApiKeyAnswer, BindingAnswer, FolderResourceAnswer, SecretAnswer, VersionAnswer
from .cloud import Cloud
from .errors import Cancelled, NotFound
from .folder_listings import FolderListings, Listing

# A run may wait for long between two resources: what is older than this many seconds is read again.
MAX_AGE: Final = 120.0
_AHEAD: Final = 8
"""How many accounts' keys are listed at once before anybody waits for them."""
SECRETS: Final = Listing("SecretService", "secrets")


class Reads:
    """Answers shared by the verbs of one run; two that ask for the same at once make one call."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, str], tuple[float, Future[Any]]] = {}
        self._listings = FolderListings(cloud, MAX_AGE)
        self._expected: set[str] = set()

    def as_listed(self, listing: Listing, folder_id: str, resource_id: str) -> FolderResourceAnswer | None:
        """What a listing of the folder shows of the thing; None where its id has to be asked for, or has been. Listings
        may lag: who reads believes what is as the state has it, and asks for the rest by id. Raises Cancelled."""
        if self._is_known(listing, resource_id):
            return None
        return self._listings.shown(listing, folder_id, resource_id)

    def secret_as_listed(self, secret_id: str) -> SecretAnswer | None:
        """As `as_listed`, of the Lockbox secret, whose folder needn't be known. Raises Cancelled."""
        if self._is_known(SECRETS, secret_id):
            return None
        return cast(SecretAnswer | None, self._listings.shown_anywhere(SECRETS, secret_id))

    def forget_listed(self, resource_id: str) -> None:
        """What listings of its folder showed of the thing is no longer true."""
        self._listings.forget(resource_id)

    def secret(self, secret_id: str) -> SecretAnswer:
        """The Lockbox secret, its current version included. Raises NotFound and what `Cloud.call` raises."""
        request, about = {"secret_id": secret_id}, f"secret {secret_id}"
        found: SecretAnswer = self._shared(
            ("SecretService/Get", secret_id), lambda method: self._cloud.call(method, request, about)
        )
        self._listings.note_folder(SECRETS, found.get("folder_id", ""))
        return found

    def versions(self, secret_id: str) -> list[VersionAnswer]:
        """All versions of the Lockbox secret. Raises NotFound and what `Cloud.call` raises."""
        listing = ("SecretService/ListVersions", secret_id)
        return self._listed(listing, "versions", {"secret_id": secret_id}, f"secret {secret_id}")

    def expect_keys(self, service_account_id: str) -> None:
        """The keys of this account will be asked for, if any are: then they are listed while others are.

        The engine has a few verbs under way at once, which may all wait for the listing of one account.
        """
        with self._lock:
            self._expected.add(service_account_id)

    def keys(self, service_account_id: str) -> list[ApiKeyAnswer]:
        """All API keys of the account. Raises NotFound and what `Cloud.call` raises."""
        self._list_expected(service_account_id)
        return self._keys(service_account_id)

    def _list_expected(self, but: str) -> None:
        """Lists the keys of accounts that are expected to be asked for, beside what the caller does. What fails is
        asked for again by who needs it."""
        with self._lock:
            expected, self._expected = self._expected - {but}, set()
        if not expected:
            return
        pool = ThreadPoolExecutor(_AHEAD, thread_name_prefix="listing")
        for account in sorted(expected):
            pool.submit(self._keys, account)
        pool.shutdown(wait=False)

    def _keys(self, service_account_id: str) -> list[ApiKeyAnswer]:
        listing, request = ("ApiKeyService/List", service_account_id), {"service_account_id": service_account_id}
        return self._listed(listing, "api_keys", request, f"service account {service_account_id}")

    def list_keys_anew(self, service_account_id: str) -> list[ApiKeyAnswer]:
        """All API keys of the account as they are now, whatever was listed before. Raises what `keys` raises."""
        self.forget_keys(service_account_id)
        return self.keys(service_account_id)

    def keys_with(self, service_account_id: str, ids: Set[str]) -> dict[str, ApiKeyAnswer]:
        """All API keys of the account by their ids. A listing may lag: what it lacks of `ids` is asked for by its id.
        Raises what `keys` raises."""
        found = {key["id"]: key for key in self.keys(service_account_id)}
        for key_id in sorted(ids - found.keys()):
            key = self.key(key_id)
            if key is not None and key.get("service_account_id") == service_account_id:
                found[key_id] = key
        return found

    def key(self, key_id: str) -> ApiKeyAnswer | None:
        """One API key, asked for by its id; None where there is none. A listing may lack what was made or changed a
        moment ago."""
        try:
            return cast(
                ApiKeyAnswer, self._cloud.call("ApiKeyService/Get", {"api_key_id": key_id}, f"API key {key_id}")
            )
        except NotFound:
            return None

    def bindings(self, service: str, resource_id: str) -> list[BindingAnswer]:
        """The access bindings of a folder, a secret or a key, by the API's service for it."""
        listing = (f"{service}/ListAccessBindings", resource_id)
        return self._listed(listing, "access_bindings", {"resource_id": resource_id}, resource_id)

    def changing_bindings(self, service: str, resource_id: str) -> AbstractContextManager[None]:
        """While they are changed, and afterwards, what was read of the bindings before is no longer true."""
        return self._changing((f"{service}/ListAccessBindings", resource_id))

    def changing_secret(self, secret_id: str) -> AbstractContextManager[None]:
        """While it or its versions are changed, and afterwards, what was read of the secret before is no longer
        true."""
        return self._changing(*_of_secret(secret_id))

    def forget_secret(self, secret_id: str) -> None:
        """What was read of the secret is no longer true."""
        self._forget(*_of_secret(secret_id))

    def forget_keys(self, service_account_id: str) -> None:
        """What was listed for the account is no longer true."""
        self._forget(("ApiKeyService/List", service_account_id))

    @contextmanager
    def _changing(self, *calls: tuple[str, str]) -> Iterator[None]:
        self._forget(*calls)
        try:
            yield
        finally:
            self._forget(*calls)

    def _forget(self, *calls: tuple[str, str]) -> None:
        with self._lock:
            for call in calls:
                self._answers.pop(call, None)
        for _, about in calls:
            self._listings.forget(about)

    def _is_known(self, listing: Listing, resource_id: str) -> bool:
        """Whether the thing was asked for by its id, so that nothing needs to be listed for it."""
        with self._lock:
            return self._is_fresh(self._answers.get((f"{listing.service}/Get", resource_id)))

    def _is_fresh(self, known: tuple[float, Future[Any]] | None) -> bool:
        return known is not None and self._cloud.monotonic() - known[0] <= MAX_AGE

    def _listed(self, what: tuple[str, str], items: str, request: Mapping[str, str], about: str) -> list[Any]:
        answers: list[Any] = self._shared(what, lambda method: list(self._cloud.pages(method, items, request, about)))
        return answers

    def _shared(self, what: tuple[str, str], ask: Callable[[str], Any]) -> Any:
        """The answer to the call (its method, and whom it is about), by which it is remembered."""
        with self._lock:
            known = self._answers.get(what)
            mine = not self._is_fresh(known)
            if mine:
                known = (self._cloud.monotonic(), Future())
                self._answers[what] = known
        assert known is not None
        future = known[1]
        if mine:
            try:
                future.set_result(ask(what[0]))
            except Exception as error:
                with self._lock:
                    if self._answers.get(what) is known:
                        del self._answers[what]
                future.set_exception(error)
        if not mine and self._cloud.wait(0):
            raise Cancelled
        return future.result()


def _of_secret(secret_id: str) -> tuple[tuple[str, str], ...]:
    return ("SecretService/Get", secret_id), ("SecretService/ListVersions", secret_id)
