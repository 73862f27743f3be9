"""The cloud, as the provider's own client asks it: the same way of logging in, deadlines and retries. It is imported where it is needed alone."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from cli.borrowed import Settings, YandexKeysError
from cli.exit_codes import CouldNotLook
from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.credentials import find_credentials
from provider.yandex_keys.endpoints import may_answer
from provider.yandex_keys.errors import CloudError, NotFound
from provider.yandex_keys.lockbox_version import provenance_of
from provider.yandex_keys.login import Login
from provider.yandex_keys.version import VERSION

__all__ = ["Lookup", "cloud_of", "provenance_of"]
_CALLS_AT_ONCE = 16
_OF_RUNS = re.compile(
    r"(?:;| and)? then run `pulumi up` again|(?: |^)Run `pulumi up` again: it finishes what was begun\."
)
Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Lookup:
    """What a command asks the cloud. It only reads: there is no method for anything else."""

    def __init__(self, cloud: Cloud, deployer: str = "") -> None:
        self._cloud = cloud
        self.deployer = deployer
        """The id of the service account that logs in, where an authorized key says it; else empty."""

    def get(self, name: str, request: Mapping[str, object], about: str) -> dict[str, Any]:
        """The answer to one call. Raises CloudError."""
        return self._cloud.call(name, request, about)

    def found(self, name: str, request: Mapping[str, object], about: str) -> dict[str, Any] | None:
        """The answer to one call; None where there is no such thing. Raises CloudError."""
        try:
            return self._cloud.call(name, request, about)
        except NotFound:
            return None

    def listed(self, name: str, items: str, request: Mapping[str, object], about: str) -> list[dict[str, Any]]:
        """All pages of a listing. Raises CloudError."""
        return list(self._cloud.pages(name, items, request, about))

    def each(self, ask: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """`ask` of each, several at once, in the order of `items`. Raises the first failure."""
        wanted: Sequence[Item] = list(items)
        with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
            return list(pool.map(ask, wanted))


@contextmanager
def cloud_of(settings: Settings, environment: Mapping[str, str]) -> Iterator[Lookup]:
    """A way to ask the cloud of `settings`, with the environment's credentials. What the cloud refuses ends the command as CouldNotLook."""
    try:
        credentials = find_credentials({}, environment)
        login = Login(settings.endpoint, settings.root_certificates, credentials, f"yckeys/{VERSION}")
        if settings.endpoint_is_requested:
            login.may_answer = lambda address: may_answer(settings.endpoint, address)
        cloud = Cloud(login, wait=threading.Event().wait)
        key = credentials.service_account_key or {}
        yield Lookup(cloud, str(key.get("service_account_id", "")))
    except CloudError as error:
        raise CouldNotLook(f"the cloud could not be read: {_for_a_look(error)}") from None
    except YandexKeysError as error:
        raise CouldNotLook(_for_a_look(error)) from None


def _for_a_look(error: YandexKeysError) -> str:
    """The error without the advice for runs: nothing was begun here that another run could finish."""
    return _OF_RUNS.sub("", str(error))
