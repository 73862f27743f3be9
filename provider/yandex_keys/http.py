"""Sessions of HTTP that carry credentials: what goes along, and through whom, is decided here and nowhere else."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from .errors import ConfigurationError

# `requests` takes a fifth of the plugin's start: it is imported by the first session.
if TYPE_CHECKING:
    import requests

_PROXY: Final = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_NO_PROXY: Final = ("no_proxy", "NO_PROXY")


def session(url: str, environment: Mapping[str, str] | None = None) -> requests.Session:
    """A session for requests to `url` that may carry a credential. `environment` (of this process by default) may name
    a proxy, and no more.

    No `.netrc`, no cookies (none is sent, none is kept), no certificate authorities but those of the library, no
    redirect followed, whatever the call says. An https address is asked through the proxy that HTTPS_PROXY names, as
    NO_PROXY allows: the proxy sees an address and TLS. Plain http goes to this machine's own loopback and link-local
    addresses only, and never through a proxy, which would read along.

    Timeouts of `requests` bound a connection and each read, not the whole: who needs a deadline reads in pieces
    (`stream=True`). Raises ConfigurationError for an address that a credential must not be sent to.
    """
    import requests

    parts = address(url)
    made = requests.Session()
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Even where redirects are forbidden, `requests` would read a redirect's whole body to prepare the next request.
    made.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
    proxy = "" if parts.scheme == "http" else proxy_for(parts, os.environ if environment is None else environment)
    if proxy:
        made.proxies = {"https": proxy}
    return made


def address(url: str) -> SplitResult:
    """The parts of `url`. Raises ConfigurationError, without a user's name and password, where a credential must not go
    there."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (it is checked only when it is asked for)
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    # Readers of addresses disagree on what a backslash is, and so on where the host ends.
    if not parts.netloc or "\\" in url or any(character.isspace() or not character.isprintable() for character in url):
        raise ConfigurationError("an address can't be read: give one such as https://example.org/path")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"an address at {parts.hostname} holds a user name or a password: leave them out")
    host = parts.hostname or ""
    if host and (parts.scheme == "https" or (parts.scheme == "http" and (is_loopback(host) or is_link_local(host)))):
        return parts
    raise ConfigurationError(
        f"an address at {host or 'no host'} must begin with https:// (plain http only on this machine's own loopback)"
    )


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine: `localhost` or an address of its loopback."""
    number = _ip(host)
    return host.lower() == "localhost" if number is None else number.is_loopback


def is_link_local(host: str) -> bool:
    """Whether `host` is an address that no router passes on, such as that of a metadata service."""
    number = _ip(host)
    return number is not None and number.is_link_local


def proxy_for(parts: SplitResult, environment: Mapping[str, str]) -> str:
    """The proxy that `environment` names for an https address; empty where there is none, or NO_PROXY excepts the host,
    or it is this machine."""
    host = parts.hostname or ""
    proxy = next((environment[name] for name in _PROXY if environment.get(name)), "")
    excepted = next((environment[name] for name in _NO_PROXY if environment.get(name)), "")
    if not proxy or is_loopback(host) or is_link_local(host):
        return ""
    if any(_covers(entry.strip(), host, parts.port or 443) for entry in excepted.split(",")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY covers the host: `*`, a domain with all below it, an address, a network, each
    perhaps with a port."""
    if entry == "*":
        return True
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdigit() and _ip(entry) is None:
        if int(wanted) != port:
            return False
        entry = name
    number = _ip(host)
    if number is not None:
        try:
            return number in ipaddress.ip_network(entry.strip("[]"), strict=False)
        except ValueError:
            return False
    domain = entry.lower().removeprefix("*").removeprefix(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
