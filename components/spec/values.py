"""The kinds of value in a stack file, each with its rule and its remedy. Rules only look: no value is ever changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final

from components import catalogue
from components import rule_book as limits
from components.rule_book import key_rules, rotation_calendar
from components.spec.problems import did_you_mean, shown
from components.spec.shapes import FlagOr, Labels, Text

ACCOUNT_PREFIX: Final = "account:"
"""Before the name of a reader that is another account of the stack file."""
_ID: Final = r"[a-zA-Z0-9][-_a-zA-Z0-9]*"
_PERIOD: Final = "^0*([1-9][0-9]*[dh]|(1[5-9]|[2-9][0-9]|[1-9][0-9]{2,})m|(9[0-9]{2}|[1-9][0-9]{3,})s)$"
"""15 minutes or more, for editors."""
_WAIT: Final = "^0*(1h|([1-9]|[1-5][0-9]|60)m|([1-9]|[1-9][0-9]{1,2}|[12][0-9]{3}|3[0-5][0-9]{2}|3600)s)$"
"""A second to an hour, for editors."""
_OUR_LABELS: Final = "pulumi-yandex-keys"


class ReaderKind(StrEnum):
    """The kinds of readers that the cloud knows by an id, as a stack file and the cloud's bindings write them."""

    SERVICE_ACCOUNT = "serviceAccount"
    USER_ACCOUNT = "userAccount"
    FEDERATED_USER = "federatedUser"
    GROUP = "group"


def _read_by(parse: Callable[[object], object]) -> Callable[[str], tuple[str, str] | None]:
    """The rule of a text that `parse` reads, which says what is wrong and what would be right."""

    def rule(value: str) -> tuple[str, str] | None:
        try:
            parse(value)
        except ValueError as error:
            wrong, _, right = str(error).rpartition(": ")
            return wrong, right
        return None

    return rule


def _service_rule(value: str) -> tuple[str, str] | None:
    if value in catalogue.SERVICES:
        return None
    if value.startswith("yc."):
        return f"{shown(value)} is a scope, not a service", "put it under `scopes`"
    near = catalogue.nearest(value)
    right = f"did you mean {' or '.join(near)}?" if near else f"services: {', '.join(sorted(catalogue.SERVICES))}"
    return f"{shown(value)} is not a service that the catalogue knows", right


def _scope_rule(value: str) -> tuple[str, str] | None:
    if value in catalogue.SERVICES:
        return (
            f"{shown(value)} is a service, not a scope",
            f"put it under `uses`, or write {catalogue.SERVICES[value].scopes[0]}",
        )
    if not key_rules.is_scope(value):
        return f"{shown(value)} is not in the form of a scope", _SCOPE_RIGHT
    if catalogue.services_for_scope(f"yc.{value}"):
        return f"{shown(value)} lacks its beginning", f"write yc.{value}"
    return None


def account_of(reader: str) -> str:
    """The name of the account that a reader names as `account:<name>`; empty for every other reader."""
    kind, _, name = reader.partition(":")
    is_name = len(name) >= limits.SHORTEST_ACCOUNT_NAME and re.fullmatch(limits.ACCOUNT_NAME, name, re.ASCII)
    return name if kind == "account" and is_name else ""


def subject_of(reader: str) -> tuple[ReaderKind, str] | None:
    """The kind and the id of a reader whom the cloud knows by one; None for `self` and for an account of the stack
    file."""
    kind, _, subject = reader.partition(":")
    return (ReaderKind(kind), subject) if kind in set(ReaderKind) else None


def _reader_rule(value: str) -> tuple[str, str] | None:
    kind, colon, subject = value.partition(":")
    if value == "self" or account_of(value):
        return None
    if kind == "system":
        return f"{shown(value)} would open the secret to everybody", "name the readers one by one, or a group"
    if colon and kind not in ("account", *ReaderKind):
        return f"{shown(kind)} is no kind of reader", did_you_mean(kind, ("account", *ReaderKind), "kinds")
    if kind == "account" or not re.fullmatch(_ID, subject, re.ASCII) or len(subject) > limits.SUBJECT_LENGTH:
        return f"{shown(value)} is not a reader", _READER_RIGHT
    return None


def _url_rule(value: str) -> tuple[str, str] | None:
    wrong = key_rules.url_problem(value)
    # A password may stand in the address: it is not repeated.
    subject = "what is written" if "@" in value else shown(value)
    return (f"{subject} {wrong}", _URL_RIGHT) if wrong else None


def _label_key_rule(value: str) -> tuple[str, str] | None:
    if value.startswith(_OUR_LABELS):
        return f"{shown(value)} is set by the provider itself", "choose another name"
    return None


_SCOPE_RIGHT: Final = "write a scope such as yc.ai.translate.execute"
_READER_RIGHT: Final = (
    "write self, an account of this file as account:<name>, or a kind and an id, such as serviceAccount:ajeexample"
)
_URL_RIGHT: Final = "write an https address such as https://translate.api.cloud.yandex.net/translate/v2/languages"
_DURATION_RIGHT: Final = "write a whole number and a unit, such as 90d, 36h or 15m"
_TIME_RIGHT: Final = 'write a time of day such as "09:00", in quotes'
_MOMENT_RIGHT: Final = "write a day such as 2026-12-20 (from 00:00 UTC), or a time such as 2026-12-20T18:00:00+03:00"
_WAIT_RIGHT: Final = "write a whole number and a unit from 1s to 1h, such as 60s or 2m"

AccountName = Annotated[
    str,
    Text(
        "use 3 to 63 of a-z, 0-9 and hyphens, a letter first and no hyphen last",
        limits.ACCOUNT_NAME,
        shortest=limits.SHORTEST_ACCOUNT_NAME,
        longest=63,
    ),
]
KeyName = Annotated[
    str, Text("use 1 to 63 of a-z, 0-9 and hyphens, a letter first and no hyphen last", limits.ACCOUNT_NAME, longest=63)
]
AccountDescription = Annotated[
    str,
    Text(
        f"write one line of at most {limits.DESCRIPTION_LENGTH} characters",
        shortest=0,
        longest=limits.DESCRIPTION_LENGTH,
    ),
]
KeyDescription = Annotated[
    str,
    Text(
        f"write one line of at most {key_rules.DESCRIPTION_LENGTH} characters",
        shortest=0,
        longest=key_rules.DESCRIPTION_LENGTH,
    ),
]
Period = Annotated[str, Text(_DURATION_RIGHT, rule=_read_by(key_rules.parse_period), schema={"pattern": _PERIOD})]
Lifetime = Annotated[str, Text(_DURATION_RIGHT, rule=_read_by(key_rules.parse_lifetime), schema={"pattern": _PERIOD})]
Wait = Annotated[str, Text(_WAIT_RIGHT, rule=_read_by(key_rules.parse_wait), schema={"pattern": _WAIT})]
TimeOfDay = Annotated[
    str,
    Text(
        _TIME_RIGHT,
        rule=_read_by(rotation_calendar.parse_time_of_day),
        schema={"pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"},
    ),
]
Timezone = Annotated[
    str, Text("write a time zone such as Europe/Moscow", rule=_read_by(rotation_calendar.parse_zone), longest=64)
]
Moment = Annotated[
    str,
    Text(
        _MOMENT_RIGHT,
        rule=_read_by(rotation_calendar.parse_moment),
        schema={"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt].+)?$"},
    ),
]
Why = Annotated[
    str,
    Text(
        f"write one line of at most {rotation_calendar.WHY_LENGTH} characters",
        shortest=0,
        longest=rotation_calendar.WHY_LENGTH,
    ),
]
ServiceName = Annotated[
    str,
    Text(
        "write a service such as translate",
        longest=key_rules.SCOPE_LENGTH,
        rule=_service_rule,
        schema={"enum": sorted(catalogue.SERVICES)},
    ),
]
Scope = Annotated[
    str,
    Text(_SCOPE_RIGHT, longest=key_rules.SCOPE_LENGTH, rule=_scope_rule, schema={"pattern": f"^{key_rules.SCOPE}$"}),
]
Role = Annotated[
    str,
    Text(
        "write a role such as monitoring.viewer",
        r"[a-z][-a-zA-Z0-9]*(\.[a-zA-Z0-9][-a-zA-Z0-9]*)*",
        longest=limits.ROLE_LENGTH,
    ),
]
Reader = Annotated[
    str,
    Text(
        _READER_RIGHT,
        longest=limits.SUBJECT_LENGTH + 20,
        rule=_reader_rule,
        schema={"pattern": f"^(self|{ACCOUNT_PREFIX}{limits.ACCOUNT_NAME}|({'|'.join(ReaderKind)}):{_ID})$"},
    ),
]
FolderId = Annotated[str, Text("write a folder's id, such as b1gexample", _ID, longest=limits.ID_LENGTH)]
SecretName = Annotated[
    str,
    Text(
        f"use 1 to {limits.SECRET_NAME_LENGTH} of a-z, A-Z, 0-9, hyphen, underscore and dot",
        r"[a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?",
        longest=limits.SECRET_NAME_LENGTH,
    ),
]
EntryKey = Annotated[str, Text("use a-z, A-Z, 0-9 and - _ . / \\ @", limits.ENTRY, longest=limits.ENTRY_LENGTH)]
Reissue = Annotated[str, Text("write any text, such as the date or the ticket", longest=key_rules.REISSUE_LENGTH)]
KeyId = Annotated[
    str, Text("write a key's id, as in the receipt (never its secret)", key_rules.KEY_ID, longest=50, secretive=True)
]
LabelKey = Annotated[
    str,
    Text(
        f"use 1 to {limits.LABEL_LENGTH} of a-z, 0-9, hyphen and underscore, a letter first",
        limits.LABEL_KEY,
        longest=limits.LABEL_LENGTH,
        rule=_label_key_rule,
    ),
]
LabelValue = Annotated[
    str,
    Text(
        f"use up to {limits.LABEL_LENGTH} of a-z, 0-9, hyphen and underscore",
        limits.LABEL_VALUE,
        shortest=0,
        longest=limits.LABEL_LENGTH,
    ),
]
Owner = Annotated[
    str,
    Text(
        f"use 1 to {limits.LABEL_LENGTH} of a-z, 0-9, hyphen and underscore, such as support-team: it is a label in the cloud",
        limits.LABEL_VALUE,
        longest=limits.LABEL_LENGTH,
    ),
]
Url = Annotated[
    str,
    Text(
        _URL_RIGHT, longest=key_rules.URL_LENGTH, rule=_url_rule, schema={"pattern": "^[hH][tT][tT][pP][sS]?://[!-~]+$"}
    ),
]
KmsKey = Annotated[
    bool | str, FlagOr(Text("write true for a key of its own, or the id of a KMS key", _ID, longest=limits.ID_LENGTH))
]
LabelMap = Annotated[dict[LabelKey, LabelValue], Labels(limits.LABELS)]
