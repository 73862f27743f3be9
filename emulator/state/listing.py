"""Listings that lag: what is new, or what a test has chosen, is missing from List though Get knows it.

Whether and for how long the cloud's listings lag is documented nowhere; a client has to live with it. The settings say what is missing now:
`listingDelay` and `listingDelayCalls` concern what is created while they are set, `unlisted` whatever has one of its ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.state.ground import Ground
from emulator.state.paging import page_of_children
from emulator.storage import Kind, Record


def facts_of_new(ground: Ground) -> dict[str, Any]:
    """What the record of a new thing carries so that listings can lag."""
    facts: dict[str, Any] = {}
    if delay := ground.settings.listing_delay.total_seconds():
        facts["listedFrom"] = ground.clock.now().timestamp() + delay
    if calls := ground.settings.listing_delay_calls:
        facts["listedAfterCalls"] = calls
    return facts


def page_that_lags(ground: Ground, kind: Kind, parent: str, request: Any) -> tuple[list[Record], str]:
    """One page of what `parent` holds, and the token of the next one, without what the settings keep out of listings.

    A listing counts as one call of `listingDelayCalls`, however many pages it has.
    """
    settings = ground.settings
    if not (settings.unlisted or settings.listing_delay or settings.listing_delay_calls):
        return page_of_children(ground.storage, kind, parent, request)
    page, token = page_of_children(
        ground.storage, kind, parent, request, lambda record: _is_listed(ground, record.id, record.facts)
    )
    if not token:
        _count_call(ground, kind, parent)
    return page, token


def _is_listed(ground: Ground, record_id: str, facts: Mapping[str, Any]) -> bool:
    settings = ground.settings
    if record_id in settings.unlisted:
        return False
    if settings.listing_delay and ground.clock.now().timestamp() < facts.get("listedFrom", 0):
        return False
    return not (settings.listing_delay_calls and facts.get("listedAfterCalls", 0))


def _count_call(ground: Ground, kind: Kind, parent: str) -> None:
    """The last page of a listing was given: what it left out is nearer to being listed."""
    for record in ground.storage.children(kind, parent):
        if left := record.facts.get("listedAfterCalls", 0):
            ground.storage.put(record.with_body(record.body, listedAfterCalls=left - 1))
