"""What an `ApiKey`'s inputs must be like: every problem at once, each with its property path, before any call (pure)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .. import (
    api_services,  # noqa: F401  (makes the field limits known)
    key_rules,
)
from ..durations import format_duration
from ..errors import InvalidInput
from ..limits import field_violations
from ..properties import UNKNOWN, is_unknown
from .state import INPUTS

_CREATE: Final = "yandex.cloud.iam.v1.CreateApiKeyRequest"
_ENTRY: Final = "yandex.cloud.lockbox.v1.PayloadEntryChange"
_DEFAULTS: Final[dict[str, Any]] = {
    "description": "",
    "lifetime": "90d",
    "rotateEvery": "30d",
    "overlap": "7d",
    "compromised": [],
    "whenStillUsed": "extend",
    "exposeSecret": False,
}
_LOCKBOX: Final = {"secretEntry": "api_key", "keyIdEntry": "api_key_id"}
_VERIFY: Final = {"method": "GET", "expectStatus": 200, "timeout": "60s"}
_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,50}")

Problems = list[tuple[str, str]]


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with every default filled in and sets in order. Unknown values pass. Raises InvalidInput with all problems."""
    problems: Problems = []
    _unknown_names(given, INPUTS, "", problems)
    inputs = {**_DEFAULTS, **_given(given, INPUTS)}
    _account(inputs, problems)
    _scopes(inputs, problems)
    _line(inputs, "description", key_rules.DESCRIPTION_LENGTH, problems)
    _durations(inputs, problems)
    _line(inputs, "reissue", key_rules.REISSUE_LENGTH, problems, shortest=1)
    _compromised(inputs, problems)
    if inputs["whenStillUsed"] not in ("extend", "retire", UNKNOWN):
        problems.append(("whenStillUsed", f"{_shown(inputs['whenStillUsed'])} is not a choice: write extend or retire"))
    if not isinstance(inputs["exposeSecret"], bool) and inputs["exposeSecret"] is not UNKNOWN:
        problems.append(("exposeSecret", "must be true or false"))
    _lockbox(inputs, problems)
    _verify(inputs, problems)
    if inputs.get("lockbox") is None and inputs["exposeSecret"] is False:
        problems.append(("lockbox", "the secret would go nowhere: give lockbox, or set exposeSecret to true"))
    if problems:
        raise InvalidInput(problems)
    return {name: value for name, value in inputs.items() if value is not None}


def _given(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Those of `names` that have a value: null means that the default holds."""
    return {name: values[name] for name in names if values.get(name) is not None}


def _unknown_names(given: Mapping[str, Any], known: Any, path: str, problems: Problems) -> None:
    for name in given:
        if name not in known and not name.startswith("__"):
            close = difflib.get_close_matches(name, list(known), 1)
            problems.append(
                (
                    f"{path}{name if name and name.isprintable() else _shown(name)}",
                    "is not an input of ApiKey" + (f"; did you mean {close[0]}?" if close else ""),
                )
            )


def _account(inputs: Mapping[str, Any], problems: Problems) -> None:
    account = inputs.get("serviceAccountId")
    if account is None or account == "":
        problems.append(("serviceAccountId", "is required: the id of the service account that the key belongs to"))
    elif account is not UNKNOWN and not _is_id(account):
        problems.append(("serviceAccountId", "must be the id of a service account, such as ajexxxxxxxxxxxxxxxxx"))


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _line(inputs: Mapping[str, Any], name: str, longest: int, problems: Problems, shortest: int = 0) -> None:
    value = inputs.get(name)
    if value is UNKNOWN or value is None:
        return
    if not isinstance(value, str):
        problems.append((name, "must be a string"))
    elif wrong := key_rules.line_problem(value, longest, shortest):
        problems.append((name, f"{wrong}: write one line of {'1 to' if shortest else 'at most'} {longest} characters"))


def _scopes(inputs: dict[str, Any], problems: Problems) -> None:
    scopes = inputs.get("scopes")
    if scopes is UNKNOWN:
        return
    if not isinstance(scopes, list) or not scopes:
        problems.append(
            (
                "scopes",
                "give 1 to 100 scopes, such as yc.ai.translate.execute: without any, the cloud would choose ten by itself",
            )
        )
        return
    if is_unknown(scopes):
        return
    wrong = [index for index, scope in enumerate(scopes) if not isinstance(scope, str) or not key_rules.is_scope(scope)]
    problems.extend((f"scopes[{index}]", "must be a scope such as yc.ai.translate.execute") for index in wrong)
    if not wrong:
        inputs["scopes"] = sorted(set(scopes))
        problems.extend(_scope_limits(scopes, inputs["scopes"]))


def _scope_limits(given: list[str], unique: list[str]) -> Problems:
    """The API's limits on scopes, each broken one at its place in the list as it was given."""
    found: Problems = []
    for reason in field_violations(_CREATE, "scopes", unique):
        at = re.match(r"\[([0-9]+)\]: ", reason)
        path = f"scopes[{given.index(unique[int(at[1])])}]" if at else "scopes"
        found.append((path, reason[at.end() :] if at else reason))
    return found


def _durations(inputs: Mapping[str, Any], problems: Problems) -> None:
    readers = {
        "lifetime": key_rules.parse_lifetime,
        "rotateEvery": key_rules.parse_period,
        "overlap": key_rules.parse_period,
    }
    parsed = {}
    for name, read in readers.items():
        if inputs[name] is UNKNOWN:
            continue
        try:
            parsed[name] = read(inputs[name])
        except ValueError as error:
            problems.append((name, str(error)))
    if len(parsed) == 3 and parsed["rotateEvery"] + parsed["overlap"] > parsed["lifetime"]:
        least = format_duration(parsed["rotateEvery"] + parsed["overlap"])
        problems.append(
            (
                "lifetime",
                f"{inputs['lifetime']} is shorter than rotateEvery + overlap ({inputs['rotateEvery']} + {inputs['overlap']}): "
                f"a key would die before its overlap ends; make it {least} or longer",
            )
        )


def _compromised(inputs: dict[str, Any], problems: Problems) -> None:
    listed = inputs["compromised"]
    if is_unknown(listed):
        return
    if not isinstance(listed, list):
        problems.append(("compromised", "must be a list of key ids"))
        return
    # A secret that was pasted in place of its id would stay in the stack file and the state in plain text.
    wrong = [
        index for index, key_id in enumerate(listed) if not isinstance(key_id, str) or not key_rules.is_key_id(key_id)
    ]
    problems.extend(
        (f"compromised[{index}]", "must be a key id such as ajexxxxxxxxxxxxxxxxx, never the secret") for index in wrong
    )
    if not wrong:
        inputs["compromised"] = sorted(set(listed))


def _lockbox(inputs: dict[str, Any], problems: Problems) -> None:
    given = inputs.get("lockbox")
    if given is None or given is UNKNOWN:
        return
    if not isinstance(given, Mapping):
        problems.append(("lockbox", "must be an object with secretId"))
        return
    _unknown_names(given, ("secretId", *_LOCKBOX), "lockbox.", problems)
    lockbox = {**_LOCKBOX, **_given(given, ("secretId", *_LOCKBOX))}
    if lockbox.get("secretId") is None or lockbox["secretId"] == "":
        problems.append(("lockbox.secretId", "is required: the id of a Lockbox secret"))
    elif lockbox["secretId"] is not UNKNOWN and not _is_id(lockbox["secretId"]):
        problems.append(("lockbox.secretId", "must be the id of a Lockbox secret, such as e6qxxxxxxxxxxxxxxxxx"))
    for name in _LOCKBOX:
        if lockbox[name] is not UNKNOWN:
            if isinstance(lockbox[name], str) and lockbox[name]:
                problems.extend(
                    (f"lockbox.{name}", reason) for reason in field_violations(_ENTRY, "key", lockbox[name])
                )
            else:
                problems.append((f"lockbox.{name}", "must be the name of an entry, such as api_key"))
    if lockbox["secretEntry"] == lockbox["keyIdEntry"] is not UNKNOWN:
        problems.append(("lockbox.keyIdEntry", "must differ from secretEntry: one would overwrite the other"))
    inputs["lockbox"] = lockbox


def _verify(inputs: dict[str, Any], problems: Problems) -> None:
    given = inputs.get("verify")
    if given is None or is_unknown(given):
        return
    if not isinstance(given, Mapping):
        problems.append(("verify", "must be an object with url"))
        return
    _unknown_names(given, ("url", *_VERIFY), "verify.", problems)
    verify = {**_VERIFY, **_given(given, ("url", *_VERIFY))}
    url = verify.get("url")
    if not isinstance(url, str) or key_rules.url_problem(url):
        problems.append(("verify.url", "must be an https:// address without a password: the new key is sent there"))
    if verify["method"] not in key_rules.METHODS:
        problems.append(("verify.method", f"must be one of {', '.join(key_rules.METHODS)}"))
    status = verify["expectStatus"]
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        problems.append(("verify.expectStatus", "must be an HTTP status from 100 to 599"))
    try:
        key_rules.parse_wait(verify["timeout"])
    except ValueError as error:
        problems.append(("verify.timeout", str(error)))
    inputs["verify"] = verify


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
