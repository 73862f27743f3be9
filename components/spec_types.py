"""The kinds of value in a stack file, each with its rule and its remedy. Rules only look: no value is ever changed.

The figures are the API's own limits, from its protos (`yandex/cloud/iam/v1`, `lockbox/v1`, `access`); they are
constants here because this program can't load the protos, and a test holds them equal to those.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

from components import catalogue
from components.spec_errors import did_you_mean, shown
from components.spec_shapes import FlagOr, Labels, Text
from provider.yandex_keys.durations import parse_duration

DESCRIPTION_LENGTH: Final = 256
TAG_LENGTH: Final = 48
"""What the provider keeps of a key's description for its tag."""
SCOPES: Final = 100
SCOPE_LENGTH: Final = 256
ROLE_LENGTH: Final = 64
ID_LENGTH: Final = 50
SECRET_NAME_LENGTH: Final = 100
ENTRY_LENGTH: Final = 256
LABELS: Final = 64
LABEL_LENGTH: Final = 63
SUBJECT_LENGTH: Final = 100
ACCOUNT_NAME: Final = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
ENTRY: Final = r"[-_./\\@0-9a-zA-Z]+"
LABEL_KEY: Final = r"[a-z][-_0-9a-z]*"
LABEL_VALUE: Final = r"[-_0-9a-z]*"
LONGEST_LIFETIME: Final = timedelta(days=18_250)
"""Fifty years: the API takes no expiry after 2105."""

_ID: Final = r"[a-zA-Z0-9][-_a-zA-Z0-9]*"
_SCOPE: Final = r"[a-zA-Z][-_a-zA-Z0-9]*(\.[-_a-zA-Z0-9]+)+"
_DURATION: Final = "^[0-9]{1,9}[dhms]$"
_SUBJECTS: Final = ("serviceAccount", "userAccount", "federatedUser", "group")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def _duration_rule(value: str) -> tuple[str, str] | None:
    try:
        parse_duration(value)
    except ValueError as error:
        wrong, _, right = str(error).rpartition(": ")
        return wrong, right
    return None


def _lifetime_rule(value: str) -> tuple[str, str] | None:
    if flaw := _duration_rule(value):
        return flaw
    if parse_duration(value) > LONGEST_LIFETIME:
        return f"{value} ends after 2105, where the cloud's dates end", f"write at most {LONGEST_LIFETIME.days}d"
    return None


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
    if not re.fullmatch(_SCOPE, value, re.ASCII):
        return f"{shown(value)} is not in the form of a scope", _SCOPE_RIGHT
    if catalogue.services_for_scope(f"yc.{value}"):
        return f"{shown(value)} lacks its beginning", f"write yc.{value}"
    return None


def _reader_rule(value: str) -> tuple[str, str] | None:
    kind, colon, subject = value.partition(":")
    if value == "self":
        return None
    if kind == "system":
        return f"{shown(value)} would open the secret to everybody", "name the readers one by one, or a group"
    if colon and kind not in _SUBJECTS:
        return f"{shown(kind)} is no kind of reader", did_you_mean(kind, _SUBJECTS, "kinds")
    if not re.fullmatch(_ID, subject, re.ASCII) or len(subject) > SUBJECT_LENGTH:
        return f"{shown(value)} is not a reader", _READER_RIGHT
    return None


def _url_rule(value: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return f"{shown(value)} is not a URL", _URL_RIGHT
    if not host or " " in value or parts.username is not None:
        return f"{shown(value)} is not a URL to call", _URL_RIGHT
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        return f"{shown(value)} would send the key in plain text", _URL_RIGHT
    return None


_SCOPE_RIGHT: Final = "write a scope such as yc.ai.translate.execute"
_READER_RIGHT: Final = "write self, or a kind and an id, such as serviceAccount:ajeexample"
_URL_RIGHT: Final = "write an https address such as https://translate.api.cloud.yandex.net/translate/v2/languages"
_DURATION_RIGHT: Final = "write a whole number and a unit, such as 90d, 36h or 15m"

AccountName = Annotated[
    str,
    Text(
        "use 3 to 63 of a-z, 0-9 and hyphens, a letter first and no hyphen last", ACCOUNT_NAME, shortest=3, longest=63
    ),
]
KeyName = Annotated[
    str, Text("use 1 to 63 of a-z, 0-9 and hyphens, a letter first and no hyphen last", ACCOUNT_NAME, longest=63)
]
AccountDescription = Annotated[
    str, Text(f"write one line of at most {DESCRIPTION_LENGTH} characters", shortest=0, longest=DESCRIPTION_LENGTH)
]
KeyDescription = Annotated[
    str,
    Text(
        f"write one line of at most {DESCRIPTION_LENGTH - TAG_LENGTH} characters",
        shortest=0,
        longest=DESCRIPTION_LENGTH - TAG_LENGTH,
    ),
]
Duration = Annotated[str, Text(_DURATION_RIGHT, rule=_duration_rule, schema={"pattern": _DURATION})]
Lifetime = Annotated[str, Text(_DURATION_RIGHT, rule=_lifetime_rule, schema={"pattern": _DURATION})]
ServiceName = Annotated[
    str,
    Text(
        "write a service such as translate",
        longest=SCOPE_LENGTH,
        rule=_service_rule,
        schema={"enum": sorted(catalogue.SERVICES)},
    ),
]
Scope = Annotated[str, Text(_SCOPE_RIGHT, longest=SCOPE_LENGTH, rule=_scope_rule, schema={"pattern": f"^{_SCOPE}$"})]
Role = Annotated[
    str,
    Text(
        "write a role such as monitoring.viewer",
        r"[a-z][-a-zA-Z0-9]*(\.[a-zA-Z0-9][-a-zA-Z0-9]*)*",
        longest=ROLE_LENGTH,
    ),
]
Reader = Annotated[
    str,
    Text(
        _READER_RIGHT,
        longest=SUBJECT_LENGTH + 20,
        rule=_reader_rule,
        schema={"pattern": f"^(self|({'|'.join(_SUBJECTS)}):{_ID})$"},
    ),
]
FolderId = Annotated[str, Text("write a folder's id, such as b1gexample", _ID, longest=ID_LENGTH)]
SecretName = Annotated[
    str,
    Text(
        f"use 1 to {SECRET_NAME_LENGTH} of a-z, A-Z, 0-9, hyphen, underscore and dot",
        r"[a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?",
        longest=SECRET_NAME_LENGTH,
    ),
]
EntryKey = Annotated[str, Text("use a-z, A-Z, 0-9 and - _ . / \\ @", ENTRY, longest=ENTRY_LENGTH)]
Reissue = Annotated[str, Text("write any text, such as the date or the ticket", longest=256)]
KeyId = Annotated[
    str, Text("write a key's id, as in the receipt (never its secret)", r"[a-z0-9]+", longest=ID_LENGTH, secretive=True)
]
LabelKey = Annotated[
    str,
    Text(
        f"use 1 to {LABEL_LENGTH} of a-z, 0-9, hyphen and underscore, a letter first", LABEL_KEY, longest=LABEL_LENGTH
    ),
]
LabelValue = Annotated[
    str,
    Text(f"use up to {LABEL_LENGTH} of a-z, 0-9, hyphen and underscore", LABEL_VALUE, shortest=0, longest=LABEL_LENGTH),
]
Url = Annotated[
    str,
    Text(_URL_RIGHT, longest=2048, rule=_url_rule, schema={"pattern": "^[hH][tT][tT][pP][sS]?://", "format": "uri"}),
]
KmsKey = Annotated[
    bool | str, FlagOr(Text("write true for a key of its own, or the id of a KMS key", _ID, longest=ID_LENGTH))
]
AccountLabels = Annotated[dict[LabelKey, LabelValue], Labels(LABELS)]
