"""What lives in a folder, as listings of the folder show it, so that a refresh of many secrets or accounts asks for pages
of them and not for each.

A listing may confirm, and never accuse. It may lag, or be denied to who may see single things: so a caller believes only
what it shows to be as the state has it, and asks for the rest by id. What this run has changed is asked for by id too.

Pages are asked for where they pay. The first reads of a folder are by id; a folder in which that goes on, for it holds
much that is others', is looked at page by page, each after twice as many of them as the one before. So pages that show
nothing of ours add to the calls by the logarithm of their number.
"""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Final

from .answers import FolderResourceAnswer
from .cloud import Cloud
from .errors import Cancelled, YandexKeysError

FIRST_BY_ID: Final = 2
"""How many reads of a folder are by id before its first page is asked for: more than these, and a page is one call for
all of them."""
_PAGE: Final = 1000


@dataclass(frozen=True)
class Listing:
    """How the API lists one kind of what lives in a folder: the service whose `List` it is, and the field of its
    answer that has the items."""

    service: str
    items: str

    @property
    def method(self) -> str:
        """The method of the API: `SecretService/List`."""
        return f"{self.service}/List"


@dataclass
class _Folder:
    """What the pages of one folder have shown so far, by id. by_id: the reads that they had no answer to; token: of the
    next page, None after the last one; under_way: is done when the page is there that somebody asks for now."""

    began: float
    shown: dict[str, FolderResourceAnswer] = field(default_factory=dict)
    by_id: int = 0
    pages: int = 0
    token: str | None = ""
    under_way: Future[None] | None = None

    @property
    def is_worth_a_page(self) -> bool:
        """Whether so many reads had no answer that one more page is one call for what may be many."""
        return self.token is not None and self.by_id >= FIRST_BY_ID * 2**self.pages


class FolderListings:
    """The folders that this run has looked at. Of those who need a page at once, one asks for it, and the others wait."""

    def __init__(self, cloud: Cloud, max_age: float) -> None:
        self._cloud = cloud
        self._max_age = max_age
        self._lock = threading.Lock()
        self._folders: dict[Listing, dict[str, _Folder]] = {}
        self._refused: set[Listing] = set()
        self._changed: set[str] = set()

    def shown(self, listing: Listing, folder_id: str, resource_id: str) -> FolderResourceAnswer | None:
        """What a listing shows of the thing in that folder; None where its id has to be asked for. Raises Cancelled."""
        while True:
            with self._lock:
                if self._asks_by_id(listing, resource_id):
                    return None
                folder = self._folder(listing, folder_id)
                if resource_id in folder.shown:
                    return folder.shown[resource_id]
                mine = folder.under_way is None
                if mine:
                    if not folder.is_worth_a_page:
                        folder.by_id += 1
                        return None
                    folder.under_way = Future()
                page = folder.under_way
            assert page is not None
            if mine:
                self._turn_page(listing, folder_id, folder, page)
            else:
                self._wait_for(page)

    def shown_anywhere(self, listing: Listing, resource_id: str) -> FolderResourceAnswer | None:
        """As `shown`, of a thing whose folder isn't known: in one that this run has seen. Raises Cancelled."""
        with self._lock:
            if self._asks_by_id(listing, resource_id):
                return None
            folders = {folder_id: self._folder(listing, folder_id) for folder_id in self._folders.get(listing, ())}
            found = (folder.shown[resource_id] for folder in folders.values() if resource_id in folder.shown)
            answer = next(found, None)
        if answer is not None or not folders:
            return answer
        # Where most are read it is likeliest to be.
        likeliest = max(folders, key=lambda folder_id: (len(folders[folder_id].shown), folders[folder_id].by_id))
        return self.shown(listing, likeliest, resource_id)

    def note_folder(self, listing: Listing, folder_id: str) -> None:
        """Something of that kind lives in that folder."""
        with self._lock:
            self._folder(listing, folder_id)

    def forget(self, resource_id: str) -> None:
        """This run changes that thing: what listings show of it is believed no longer."""
        with self._lock:
            self._changed.add(resource_id)

    def _asks_by_id(self, listing: Listing, resource_id: str) -> bool:
        return listing in self._refused or resource_id in self._changed

    def _folder(self, listing: Listing, folder_id: str) -> _Folder:
        """What is known of the folder, from nothing where it is too old."""
        folders, now = self._folders.setdefault(listing, {}), self._cloud.monotonic()
        known = folders.get(folder_id)
        if known is None or now - known.began > self._max_age:
            known = folders[folder_id] = _Folder(now)
        return known

    def _turn_page(self, listing: Listing, folder_id: str, folder: _Folder, page: Future[None]) -> None:
        """Asks for the next page of the folder. A refusal shows nothing to anybody: the reads by id say what is wrong,
        if anything is."""
        try:
            request = {"folder_id": folder_id, "page_size": _PAGE, "page_token": folder.token}
            answer = self._cloud.glance(listing.method, request, f"folder {folder_id}")
            with self._lock:
                folder.shown |= {str(item.get("id", "")): item for item in answer.get(listing.items, ())}
                folder.token = answer.get("next_page_token") or None
                folder.pages += 1
        except YandexKeysError:
            with self._lock:
                self._refused.add(listing)
        finally:
            with self._lock:
                folder.under_way = None
            page.set_result(None)

    def _wait_for(self, page: Future[None]) -> None:
        wait([page, self._cloud.cancelled], return_when=FIRST_COMPLETED)
        if not page.done():
            raise Cancelled
