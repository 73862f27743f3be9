"""Sending what `up` has written down of keys to a webhook, signed and tried again, or to a command: never a reason for a run to fail.

The program that ran in the job of `up` could write to the file: it is taken for text of a bounded length, and nothing of it decides where it goes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import time
from collections.abc import Callable, Sequence
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
_SECONDS: Final = 60
"""How long the command may take."""
_LONGEST_LINE: Final = 32 << 10
_TYPES: Final = frozenset(f"{TYPE}{kind}" for kind in Kind)


def send(path: Path, settings: Settings, console: Console, rest: Callable[[float], None] = time.sleep) -> None:
    """Sends the events of a file, or of all `.jsonl` files in a folder, to where the job's environment says: a webhook, a command, or both."""
    url, key, command = (
        settings.environment.get(name, "")
        for name in ("PIPELINE_EVENTS_WEBHOOK", "PIPELINE_EVENTS_KEY", "PIPELINE_EVENTS_COMMAND")
    )
    if not command and not (url and key):
        console.warn(
            "no events",
            "PIPELINE_EVENTS_WEBHOOK and PIPELINE_EVENTS_KEY, which signs what is sent, or PIPELINE_EVENTS_COMMAND have to be set",
        )
        return
    events = [event for file in _files(path) for event in _events(file, settings, console)]
    if not events:
        return
    if url and key:
        _post_all(url, key, events, settings, console, rest)
    elif url:
        console.warn("no events", "PIPELINE_EVENTS_KEY, which signs what PIPELINE_EVENTS_WEBHOOK gets, has to be set")
    if command:
        _run(command, events, settings, console)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    # Where nothing happened in any job, the file that isn't there says so.
    return sorted(file for file in path.rglob("*.jsonl") if file.is_file()) or [path / "events.jsonl"]


def _events(path: Path, settings: Settings, console: Console) -> list[bytes]:
    try:
        with path.open("rb") as file:
            lines = file.read(_LONGEST_FILE).splitlines()
    except FileNotFoundError:
        console.say(f"{settings.time()} no events: nothing happened to a key")
        return []
    except OSError as error:
        console.warn("no events", f"{path.name} can't be read: {error.strerror}")
        return []
    events = [line for line in lines if _is_event(line)]
    if len(events) < len(lines):
        console.warn(
            "events", f"{len(lines) - len(events)} of {len(lines)} lines of {path.name} are no events, and weren't sent"
        )
    return events


def _post_all(
    url: str, key: str, events: Sequence[bytes], settings: Settings, console: Console, rest: Callable[[float], None]
) -> None:
    """In order. After one that can't be sent, the rest is left: the address is down."""
    for sent, event in enumerate(events):
        try:
            _send(url, key, event, rest)
        except web.WebError as error:
            console.warn("events", f"{len(events) - sent} of {len(events)} could not be sent: {error}")
            return
    console.say(f"{settings.time()} {_counted(events)} sent")


def _run(command: str, events: Sequence[bytes], settings: Settings, console: Console) -> None:
    """The command once, with every event on its standard input, a line each. What it prints is in the log, as it is."""
    try:
        done = subprocess.run(
            ["sh", "-c", command], check=False, input=b"".join(event + b"\n" for event in events), timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        console.warn("events", f"PIPELINE_EVENTS_COMMAND took longer than {_SECONDS} s")
        return
    except OSError as error:
        console.warn("events", f"PIPELINE_EVENTS_COMMAND can't be run: {error.strerror}")
        return
    if done.returncode != 0:
        console.warn("events", f"PIPELINE_EVENTS_COMMAND failed with exit code {done.returncode}")
        return
    console.say(f"{settings.time()} {_counted(events)} given to PIPELINE_EVENTS_COMMAND")


def _counted(events: Sequence[bytes]) -> str:
    return f"{len(events)} {'event' if len(events) == 1 else 'events'}"


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
