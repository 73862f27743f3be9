"""Which endpoints a request may choose: those that get the deployer's token must not be whoever can edit a stack
file."""

from __future__ import annotations

import re
from typing import Final

from .http import is_loopback

DEFAULT_ENDPOINT: Final = "api.cloud.yandex.net:443"
# Yandex Cloud's regions, Russia and Kazakhstan, by the address that the API's docs give for each (API concepts, "API
# endpoints"; `yc config`, property `endpoint`). Below these names are the cloud's own services only; what users put up
# is at yandexcloud.net.
YANDEX: Final = ("api.cloud.yandex.net", "api.yandexcloud.kz")
_ENDPOINT: Final = re.compile(
    r"(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?)(?P<port>:[0-9]{1,5})?"
)


def host_of(endpoint: str) -> str:
    """The host of `host` or `host:port`, in lower case and without brackets; empty where `endpoint` isn't of that form.

    Nothing else gets through: gRPC takes addresses with schemes too (`unix:…`), and lists of them.
    """
    found = _ENDPOINT.fullmatch(endpoint)
    return found["host"].strip("[]").lower() if found else ""


def with_port(endpoint: str) -> str:
    """`endpoint` with the port of gRPC over TLS where it names none: other tools of Yandex Cloud take bare hosts."""
    found = _ENDPOINT.fullmatch(endpoint)
    return f"{endpoint}:443" if found and not found["port"] else endpoint


def is_yandex(host: str) -> bool:
    """Whether `host` is Yandex Cloud's own."""
    return any(host == domain or host.endswith(f".{domain}") for domain in YANDEX)


def may_be_requested(endpoint: str) -> bool:
    """Whether a stack file or a program may choose `endpoint`. Nobody but whoever runs it decides about others, by
    environment.

    This machine's own loopback may be chosen as well: TLS is on there too, and whom it trusts is decided by the
    environment alone, so a listener that a request's program puts up there shows no certificate that counts.
    """
    host = host_of(endpoint)
    return is_yandex(host) or is_loopback(host)


def may_answer(endpoint: str, address: str) -> bool:
    """Whether discovery at `endpoint`, chosen by a request, may send us to `address` for a service: only to more of the
    same.

    The answer decides where the token goes. It comes over TLS from the endpoint, so from Yandex Cloud or from this
    machine; held to their own addresses, what a request can choose stays what it was allowed to choose. (An endpoint
    from the environment may answer anything: it is trusted.)
    """
    asked, told = host_of(endpoint), host_of(address)
    return is_yandex(told) if is_yandex(asked) else is_loopback(told)
