"""Listings that lag: what is new, or what a test has chosen, is missing from List though Get knows it.

Whether and for how long the cloud's listings lag is documented nowhere; a client has to live with it. The settings say
what is missing now: `listingDelay` and `listingDelayCalls` concern the keys and versions that are created while they
are set, `unlisted` whatever has one of its ids.
"""

from __future__ import annotations

from collections.abc import Callable

from emulator.state.backend import Backend
from emulator.state.paging import PageRequest, page_of_children
from emulator.storage import Facts, Kind, Record


def facts_of_new(backend: Backend) -> Facts:
    """What the record of a new thing carries so that listings can lag."""
    facts: Facts = {}
    if delay := backend.settings.listing_delay.total_seconds():
        facts["listedFrom"] = backend.clock.now().timestamp() + delay
    if calls := backend.settings.listing_delay_calls:
        facts["listedAfterCalls"] = calls
    return facts


def page_of_folder(
    backend: Backend, kind: Kind, folder_id: str, request: PageRequest, keep: Callable[[Record], bool] | None = None
) -> tuple[list[Record], str]:
    """One page of what lives in a folder, as far as `keep` keeps it, without what the settings leave out of listings."""
    unlisted = backend.settings.unlisted
    if not unlisted:
        return page_of_children(backend.storage, kind, folder_id, request, keep)

    def is_kept(record: Record) -> bool:
        return record.id not in unlisted and (keep is None or keep(record))

    return page_of_children(backend.storage, kind, folder_id, request, is_kept)


def page_that_lags(backend: Backend, kind: Kind, parent: str, request: PageRequest) -> tuple[list[Record], str]:
    """One page of what `parent` holds, and the token of the next one, without what the settings keep out of listings.

    A listing counts as one call of `listingDelayCalls`, however many pages it has.
    """
    settings = backend.settings
    if not (settings.unlisted or settings.listing_delay or settings.listing_delay_calls):
        return page_of_children(backend.storage, kind, parent, request)
    page, token = page_of_children(
        backend.storage, kind, parent, request, lambda record: _is_listed(backend, record.id, record.facts)
    )
    if not token:
        _count_call(backend, kind, parent)
    return page, token


def _is_listed(backend: Backend, record_id: str, facts: Facts) -> bool:
    settings = backend.settings
    if record_id in settings.unlisted:
        return False
    if settings.listing_delay and backend.clock.now().timestamp() < facts.get("listedFrom", 0):
        return False
    return not (settings.listing_delay_calls and facts.get("listedAfterCalls", 0))


def _count_call(backend: Backend, kind: Kind, parent: str) -> None:
    """The last page of a listing was given: what it left out is nearer to being listed."""
    for record in backend.storage.children(kind, parent):
        if left := record.facts.get("listedAfterCalls", 0):
            backend.storage.put(record.with_body(record.body, listedAfterCalls=left - 1))
