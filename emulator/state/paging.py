"""Pages and filters of listings, the same for every resource."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from emulator.errors import bad_request
from emulator.storage import Kind, Record, Storage

T = TypeVar("T")

DEFAULT_PAGE_SIZE = 100
LARGEST_PAGE_SIZE = 1000
_FILTER = re.compile(r"""\s*(\w+)\s*(?:=|:)\s*(["'])(.*)\2\s*""")
_PREFIX = "after:"


class PageRequest(Protocol):
    """A request for one page of a listing."""

    page_size: int
    page_token: str


class FilteredRequest(Protocol):
    """A request for a listing that can be filtered."""

    filter: str


def page_of_children(
    storage: Storage, kind: Kind, parent: str, request: PageRequest, keep: Callable[[Record], bool] | None = None
) -> tuple[list[Record], str]:
    """One page of what `parent` holds, and the token of the next one (empty on the last), as `request` asks."""
    size, after = _asked(request)
    if keep is None:
        found = storage.children(kind, parent, after, size + 1)
    else:
        found = [record for record in storage.children(kind, parent, after) if keep(record)]
    page = found[:size]
    return page, _token(page[-1].position) if len(found) > size else ""


def page_of_list(items: Sequence[T], request: PageRequest) -> tuple[list[T], str]:
    """One page of a list that is in memory, and the token of the next one."""
    size, after = _asked(request)
    page = list(items[after : after + size])
    return page, _token(after + size) if len(items) > after + size else ""


def name_filter(request: FilteredRequest) -> str | None:
    """The name that a `name="x"` filter asks for; None without a filter.

    Raises INVALID_ARGUMENT for any other filter.
    """
    if not request.filter:
        return None
    match = _FILTER.fullmatch(request.filter)
    if match is None or match[1] != "name":
        raise bad_request([("filter", 'has to be of the form name="value"')])
    return match[3]


def has_name(request: FilteredRequest) -> Callable[[Record], bool] | None:
    """Which records the request's filter keeps, of a kind whose records' names are the resources'; None: all."""
    name = name_filter(request)
    return None if name is None else lambda record: record.name == name


def _asked(request: PageRequest) -> tuple[int, int]:
    size = min(request.page_size, LARGEST_PAGE_SIZE) if request.page_size > 0 else DEFAULT_PAGE_SIZE
    return size, _position(request.page_token) if request.page_token else 0


def _token(position: int) -> str:
    return base64.urlsafe_b64encode(f"{_PREFIX}{position}".encode()).decode()


def _position(token: str) -> int:
    try:
        plain = base64.urlsafe_b64decode(token.encode()).decode()
        if plain.startswith(_PREFIX):
            return int(plain.removeprefix(_PREFIX))
    except (ValueError, binascii.Error):
        pass
    raise bad_request([("page_token", "isn't a token that a listing has given")])
