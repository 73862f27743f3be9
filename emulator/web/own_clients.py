"""Who may use the HTTP side: clients of this machine, and no page that a browser has loaded from elsewhere.

The HTTP side needs no login, moves clocks and shows secrets. A web page can't listen on the loopback, but it can call
it: by a host name of its own that resolves to 127.0.0.1 (DNS rebinding), or by a plain cross-site request, which a
browser sends before it asks anybody. Browsers tell the first by the `Host` header and the second by `Origin` and
`Sec-Fetch-Site`; a page can set none of the three.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from emulator.web.http_server import HttpRequest, HttpResponse

_AUTHORITY: Final = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]]+)):(?P<port>\d{1,5})")
_OWN_SITES: Final = ("", "none", "same-origin")
"""What `Sec-Fetch-Site` says of no browser, of an address that somebody typed, and of the emulator's own pages."""


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Why it isn't answered: 421 for another host's name, 403 for another page's request; None for one of ours."""
    port = request.port
    for name, authority in (("the request's address", request.authority), ("Host", request.headers.get("host", ""))):
        if (name == "Host" or authority) and not _is_own(authority, port):
            wanted = f"127.0.0.1:{port}, localhost:{port} or [::1]:{port}"
            return _refused(421, f"{name}: {authority!r} isn't this emulator; it answers as {wanted}")
    origin = request.headers.get("origin", "")
    if origin and not (origin.startswith("http://") and _is_own(origin.removeprefix("http://"), port)):
        return _refused(403, f"Origin: {origin!r} isn't this emulator's own; pages of other sites may not call it")
    site = request.headers.get("sec-fetch-site", "")
    if site.lower() not in _OWN_SITES:
        return _refused(403, f"Sec-Fetch-Site: {site!r}; pages of other sites may not call it")
    return None


def media_type(request: HttpRequest) -> str:
    """The body's media type, in lower case and without parameters; empty where none is given."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_own(authority: str, port: int) -> bool:
    """Whether `host:port` is a name of the loopback and the port that the request came in by."""
    match = _AUTHORITY.fullmatch(authority)
    if match is None or int(match["port"]) != port:
        return False
    host = match["v6"] or match["name"]
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(status: int, reason: str) -> HttpResponse:
    return HttpResponse(status, {"error": reason})
