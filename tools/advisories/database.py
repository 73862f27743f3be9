"""The public database of advisories for open source, OSV: https://google.github.io/osv.dev/post-v1-querybatch/."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from tools.advisories.pinned import Pinned

ADDRESS = "https://api.osv.dev/v1/querybatch"
_SECONDS = 20.0
# What the database takes in one request.
_BATCH = 1000


class Unreachable(Exception):
    """The database could not be asked; the message says why, in one line."""


def advisories(packages: Sequence[Pinned], address: str = ADDRESS) -> dict[Pinned, list[str]]:
    """By package, the ids of what is known of its very version; only those of which something is. Raises Unreachable."""
    known: dict[Pinned, list[str]] = {}
    pending = [(package, "") for package in packages]
    while pending:
        batch, pending = pending[:_BATCH], pending[_BATCH:]
        for (package, _), result in zip(batch, _ask(batch, address), strict=True):
            ids = [str(each["id"]) for each in result.get("vulns") or []]
            if ids:
                known.setdefault(package, []).extend(ids)
            if result.get("next_page_token"):
                pending.append((package, str(result["next_page_token"])))
    return known


def _ask(batch: Sequence[tuple[Pinned, str]], address: str) -> list[dict[str, Any]]:
    queries = []
    for package, page in batch:
        query: dict[str, object] = {
            "package": {"ecosystem": package.ecosystem, "name": package.name},
            "version": package.version,
        }
        queries.append(query | ({"page_token": page} if page else {}))
    request = urllib.request.Request(
        address, data=json.dumps({"queries": queries}).encode(), headers={"Content-Type": "application/json"}
    )
    host = address.split("/")[2]
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            results = json.load(answer)["results"]
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{host} can't be reached ({getattr(error, 'reason', '') or error})") from None
    except (ValueError, KeyError, TypeError):
        raise Unreachable(f"{host} answers something else than advisories") from None
    if not isinstance(results, list) or len(results) != len(queries):
        raise Unreachable(f"{host} answers something else than advisories")
    return results
