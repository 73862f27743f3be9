"""Sending what `up` has written down of keys to a webhook: signed, tried again, and never a reason for a run to fail.

The program that ran in the job of `up` could write to the file: it is taken for text of a bounded length, and nothing of it decides where it goes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pipelines import web
from pipelines.cloud_events import TYPE, Kind
from pipelines.console import Console
from pipelines.settings import Settings

SIGNATURE: Final = "X-Signature-256"
_CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
_RESTS: Final = (1.0, 4.0)
"""Seconds before the second and the third try."""
_TOO_MANY: Final = 429
_OF_THE_CALLER: Final = range(400, 500)
_LONGEST_FILE: Final = 8 << 20
_LONGEST_LINE: Final = 32 << 10
_TYPES: Final = frozenset(f"{TYPE}{kind}" for kind in Kind)


def send(path: Path, settings: Settings, console: Console, rest: Callable[[float], None] = time.sleep) -> None:
    """Sends each line of the file to PIPELINE_EVENTS_WEBHOOK, in order. After one that can't be sent, the rest is left: the address is down."""
    url, key = (
        settings.environment.get("PIPELINE_EVENTS_WEBHOOK", ""),
        settings.environment.get("PIPELINE_EVENTS_KEY", ""),
    )
    if not url or not key:
        console.warn(
            "no events", "PIPELINE_EVENTS_WEBHOOK and PIPELINE_EVENTS_KEY, which signs what is sent, have to be set"
        )
        return
    try:
        with path.open("rb") as file:
            lines = file.read(_LONGEST_FILE).splitlines()
    except FileNotFoundError:
        console.say(f"{settings.time()} no events: nothing happened to a key")
        return
    except OSError as error:
        console.warn("no events", f"{path.name} can't be read: {error.strerror}")
        return
    events = [line for line in lines if _is_event(line)]
    if len(events) < len(lines):
        console.warn(
            "events", f"{len(lines) - len(events)} of {len(lines)} lines of {path.name} are no events, and weren't sent"
        )
    for sent, event in enumerate(events):
        try:
            _send(url, key, event, rest)
        except web.WebError as error:
            console.warn("events", f"{len(events) - sent} of {len(events)} could not be sent: {error}")
            return
    console.say(f"{settings.time()} {len(events)} {'event' if len(events) == 1 else 'events'} sent")


def signature(key: str, body: bytes) -> str:
    """What the receiver compares: the HMAC of the body as it was sent."""
    return "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def _send(url: str, key: str, body: bytes, rest: Callable[[float], None]) -> None:
    headers = {"Content-Type": _CONTENT_TYPE, SIGNATURE: signature(key, body)}
    for seconds in (*_RESTS, None):
        try:
            web.ask("POST", url, headers, body)
        except web.WebError as error:
            refused = error.status in _OF_THE_CALLER and error.status != _TOO_MANY
            if refused or seconds is None:
                raise
            rest(seconds)
        else:
            return


def _is_event(line: bytes) -> bool:
    if len(line) > _LONGEST_LINE:
        return False
    try:
        event = json.loads(line)
    except ValueError:
        return False
    return isinstance(event, dict) and event.get("specversion") == "1.0" and event.get("type") in _TYPES
