"""An `ApiKey`'s inputs and their rules: every problem is told at once, each with its property path, before any call
(pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from .. import fields, key_rules
from ..durations import format_duration
from ..errors import InvalidInput, Problem
from ..fields import InputField, Object, Objects, Rule, TextSet
from ..properties import UNKNOWN, Properties, is_unknown
from ..rotation_calendar import (
    DAYS,
    MOST_FREEZES,
    MOST_WINDOWS,
    WHY_LENGTH,
    freeze_of,
    parse_moment,
    parse_time_of_day,
    parse_zone,
    window_of,
)
from ..shown import quoted
from .schedule import SPREAD
from .state import calendar_of

_KIND: Final = "ApiKey"
_ENTRY: Final = "yandex.cloud.lockbox.v1.PayloadEntryChange"
_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,50}")

Judge = Callable[[object], str | None]
"""What says what is wrong with a value, or None."""


def _unless(holds: Callable[[object], bool], said: str) -> Judge:
    return lambda value: None if holds(value) else said


def _id_of(what: str, of_what: str, example: str) -> Judge:
    def judge(value: object) -> str | None:
        if value is None or value == "":
            return f"is required: the id of {of_what}"
        if not isinstance(value, str) or not _ID.fullmatch(value):
            return f"must be the id of {what}, such as {example}"
        return None

    return judge


def _line(longest: int, shortest: int = 0) -> Judge:
    def judge(value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        wrong = key_rules.line_problem(value, longest, shortest)
        return wrong and f"{wrong}: write one line of {'1 to' if shortest else 'at most'} {longest} characters"

    return judge


def _read_by(read: Callable[[object], object]) -> Judge:
    def judge(value: object) -> str | None:
        try:
            read(value)
        except ValueError as error:
            return str(error)
        return None

    return judge


def _choice(value: object) -> str | None:
    return None if value in ("extend", "retire") else f"{quoted(value)} is not a choice: write extend or retire"


def _is_status(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599


class _EntryName(InputField):
    """The name of an entry of a Lockbox secret."""

    def problems(self, value: object) -> Iterator[Problem]:
        if isinstance(value, str) and value:
            yield from self.limit_problems(value)
        else:
            yield self.name, "must be the name of an entry, such as api_key"


class _Lockbox(Object):
    """The place of a delivery: its parts are checked where others aren't known yet."""

    def checked(self, value: object) -> tuple[Any, list[Problem]]:
        place, problems = super().checked(value)
        if isinstance(place, Mapping) and place["secretEntry"] == place["keyIdEntry"] is not UNKNOWN:
            problems.append((f"{self.name}.keyIdEntry", "must differ from secretEntry: one would overwrite the other"))
        return place, problems


class _Verify(Object):
    """A call: as long as a part of it isn't known, nothing is said of the others."""

    def checked(self, value: object) -> tuple[Any, list[Problem]]:
        return (value, []) if is_unknown(value) else super().checked(value)


class _Spread(Rule):
    """A share of the period. A state of before there was such an input has what is its default now."""

    def same(self, one: object, other: object) -> bool:
        had, wanted = (self.default if value is None else value for value in (one, other))
        return not is_unknown(had) and not is_unknown(wanted) and bool(had == wanted)


class _Days(TextSet):
    """Days of the week, which the state holds in their order."""

    def checked(self, value: object) -> tuple[Any, list[Problem]]:
        days, problems = super().checked(value)
        if not problems and not is_unknown(value) and not value:
            problems.append((self.name, self.not_a_list))
        return (days if problems or is_unknown(value) else sorted(days, key=DAYS.index)), problems


class _Window(Object):
    """A window: its parts make one once all of them are known and right."""

    def checked(self, value: object) -> tuple[Any, list[Problem]]:
        window, problems = super().checked(value)
        if not problems and not is_unknown(window):
            try:
                window_of(None, window["from"], window["to"], window["timezone"])
            except ValueError as error:
                problems.append((self.name, str(error)))
        return window, problems


class _Freeze(Object):
    """A freeze: its parts make one once all of them are known and right."""

    def checked(self, value: object) -> tuple[Any, list[Problem]]:
        freeze, problems = super().checked(value)
        if not problems and not is_unknown(freeze):
            try:
                freeze_of(freeze["from"], freeze["until"], freeze.get("why", ""))
            except ValueError as error:
                problems.append((self.name, str(error)))
        return freeze, problems


class _Freezes(Objects):
    """Freezes: two ways of writing a moment mean the same. A state of before keeps what the engine prints of a date
    without quotes."""

    def same(self, one: object, other: object) -> bool:
        if super().same(one, other) or is_unknown(one) or is_unknown(other):
            return super().same(one, other)
        had, wanted = (calendar_of({"freezes": value or ()}) for value in (one, other))
        return had == wanted


FIELDS: Final[tuple[InputField, ...]] = (
    Rule(
        "serviceAccountId",
        required=True,
        replaces=True,
        judge=_id_of("a service account", "the service account that the key belongs to", "ajexxxxxxxxxxxxxxxxx"),
    ),
    TextSet(
        "scopes",
        "yandex.cloud.iam.v1.CreateApiKeyRequest",
        required=True,
        is_item=key_rules.is_scope,
        not_an_item="must be a scope such as yc.ai.translate.execute",
        not_a_list=(
            "give 1 to 100 scopes, such as yc.ai.translate.execute: without any, the cloud would choose ten by itself"
        ),
    ),
    Rule("description", default="", judge=_line(key_rules.DESCRIPTION_LENGTH)),
    Rule("lifetime", default="90d", judge=_read_by(key_rules.parse_lifetime)),
    Rule("rotateEvery", default="30d", judge=_read_by(key_rules.parse_period)),
    Rule("overlap", default="7d", judge=_read_by(key_rules.parse_period)),
    _Spread("spread", default=SPREAD, judge=key_rules.spread_problem),
    Objects(
        "windows",
        default=[],
        most=MOST_WINDOWS,
        not_a_list="must be a list of windows, each with from and to",
        each=_Window(
            "windows",
            kind=_KIND,
            not_an_object="must be an object with from and to",
            parts=(
                _Days(
                    "days",
                    is_item=lambda text: text in DAYS,
                    not_an_item=f"must be one of {', '.join(DAYS)}",
                    not_a_list="must be a list of days, such as mon: leave it out for every day",
                ),
                Rule("from", required=True, judge=_read_by(parse_time_of_day)),
                Rule("to", required=True, judge=_read_by(parse_time_of_day)),
                Rule("timezone", default="UTC", judge=_read_by(parse_zone)),
            ),
        ),
    ),
    _Freezes(
        "freezes",
        default=[],
        most=MOST_FREEZES,
        not_a_list="must be a list of freezes, each with from and until",
        each=_Freeze(
            "freezes",
            kind=_KIND,
            not_an_object="must be an object with from and until",
            parts=(
                Rule("from", required=True, judge=_read_by(parse_moment)),
                Rule("until", required=True, judge=_read_by(parse_moment)),
                Rule("why", default="", judge=_line(WHY_LENGTH)),
            ),
        ),
    ),
    Rule("reissue", judge=_line(key_rules.REISSUE_LENGTH, shortest=1)),
    TextSet(
        "compromised",
        default=[],
        # A secret that was pasted in place of its id would stay in the stack file and the state in plain text.
        is_item=key_rules.is_key_id,
        not_an_item="must be a key id such as ajexxxxxxxxxxxxxxxxx, never the secret",
        not_a_list="must be a list of key ids",
    ),
    Rule("whenStillUsed", default="extend", judge=_choice),
    _Lockbox(
        "lockbox",
        kind=_KIND,
        not_an_object="must be an object with secretId",
        parts=(
            Rule(
                "secretId", required=True, judge=_id_of("a Lockbox secret", "a Lockbox secret", "e6qxxxxxxxxxxxxxxxxx")
            ),
            _EntryName("secretEntry", _ENTRY, "key", default="api_key"),
            _EntryName("keyIdEntry", _ENTRY, "key", default="api_key_id"),
        ),
    ),
    Rule("exposeSecret", default=False, judge=_unless(lambda value: isinstance(value, bool), "must be true or false")),
    _Verify(
        "verify",
        kind=_KIND,
        not_an_object="must be an object with url",
        parts=(
            Rule(
                "url",
                required=True,
                judge=_unless(
                    lambda value: isinstance(value, str) and not key_rules.url_problem(value),
                    "must be an https:// address without a password: the new key is sent there",
                ),
            ),
            Rule(
                "method",
                default="GET",
                judge=_unless(
                    lambda value: value in key_rules.METHODS, f"must be one of {', '.join(key_rules.METHODS)}"
                ),
            ),
            Rule("expectStatus", default=200, judge=_unless(_is_status, "must be an HTTP status from 100 to 599")),
            Rule("timeout", default="60s", judge=_read_by(key_rules.parse_wait)),
        ),
    ),
)
INPUTS: Final[tuple[str, ...]] = tuple(field.name for field in FIELDS)


def checked(given: Properties, run_every: timedelta | None = None) -> Properties:
    """The inputs with every default filled in and sets in order. Unknown values pass. Raises InvalidInput with all
    problems.

    run_every: how often runs come, where that is known; windows are held against it.
    """
    inputs, problems = fields.checked(FIELDS, given, _KIND, lists_names=False)
    problems += _between(inputs, {path for path, _ in problems}, run_every)
    if problems:
        raise InvalidInput(problems)
    return inputs


def _between(inputs: Properties, wrong: set[str], run_every: timedelta | None) -> Iterator[Problem]:
    """What is wrong with inputs beside each other, but for those that are `wrong` already."""
    spans = {"lifetime", "rotateEvery", "overlap"}
    if not spans & wrong and not any(inputs[name] is UNKNOWN for name in spans):
        lifetime = key_rules.parse_lifetime(inputs["lifetime"])
        every, overlap = (key_rules.parse_period(inputs[name]) for name in ("rotateEvery", "overlap"))
        least = every + overlap
        written = {name: inputs[name] for name in ("windows", "freezes")}
        known = not any(path.startswith(tuple(written)) for path in wrong) and not is_unknown(written)
        if least <= lifetime and known and run_every is not None:
            unmet = key_rules.calendar_problem(lifetime, every, overlap, calendar_of(written), run_every)
            yield from [("windows" if written["windows"] else "freezes", ": ".join(unmet))] if unmet else []
        if least > lifetime:
            yield (
                "lifetime",
                f"{inputs['lifetime']} is shorter than rotateEvery + overlap ({inputs['rotateEvery']} + "
                f"{inputs['overlap']}): "
                f"a key would die before its overlap ends; make it {format_duration(least)} or longer",
            )
    if inputs.get("lockbox") is None and inputs["exposeSecret"] is False:
        yield "lockbox", "the secret would go nowhere: give lockbox, or set exposeSecret to true"
