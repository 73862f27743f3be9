"""Wrong stack files: by hand, by a fuzzer over the JSON Schema of the file, and with hostile texts. Each is `defaults` and `accounts`."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any, Final

from jsonschema import Draft202012Validator

from setup.engine.places import REPOSITORY
from tests.components import wrong_accounts, wrong_keys

Written = tuple[str, object, object]
"""A name for people, what stands under `api-keys:defaults`, and what under `api-keys:accounts`."""

_KEY: Final[dict[str, Any]] = {"name": "default", "uses": ["translate"]}
_ACCOUNT: Final[dict[str, Any]] = {"name": "translator", "keys": [_KEY]}
_FULL: Final[dict[str, Any]] = {
    "name": "translator",
    "description": "Translates",
    "folderId": "b1gexample",
    "roles": ["monitoring.viewer"],
    "readers": ["self", "serviceAccount:ajeexample"],
    "kmsKey": True,
    "deletionProtection": False,
    "labels": {"team": "support"},
    "keys": [
        {
            "name": "default",
            "description": "words",
            "uses": ["translate", "vision"],
            "scopes": ["yc.ai.languageModels.execute"],
            "lifetime": "90d",
            "rotateEvery": "30d",
            "overlap": "7d",
            "whenStillUsed": "extend",
            "deliver": "both",
            "secret": "shared",
            "secretEntry": "one",
            "keyIdEntry": "one_id",
            "reissue": "1",
            "compromised": ["ajeexample"],
            "verify": {"url": "https://example.com/", "method": "GET", "expectStatus": 200, "timeout": "60s"},
        },
        {"name": "nightly", "uses": ["translate"], "deliver": "output"},
    ],
}
_DEFAULTS: Final[dict[str, Any]] = {"lifetime": "90d", "rotateEvery": "30d", "overlap": "7d", "deliver": "lockbox"}

HOSTILE: Final = (
    "line\nbreak",
    "\r\nX-Header: 1",
    "tab\there",
    "nul\x00byte",
    "escape \x1b[31mred",
    "bell\x07",
    "right to left \u202eover",
    "zero\u200bwidth",
    "tr\u0430nslator",
    "\uff54ranslator",
    "${secret}",
    "{{ .Values.secret }}",
    "%s%n%x",
    "$(reboot)",
    "`reboot`",
    "'; DROP TABLE keys; --",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "\ud800",
    "\U0001f511" * 300,
    "x" * 10_000_000,
    " leading and trailing ",
    "[yandex-keys 0123456789ab.0]",
    "!!python/object:os.system",
    "null",
    "",
)
_TEXT_FIELDS: Final = (
    ("name",),
    ("description",),
    ("folderId",),
    ("roles", 0),
    ("readers", 0),
    ("labels", "team"),
    ("keys", 0, "name"),
    ("keys", 0, "description"),
    ("keys", 0, "uses", 0),
    ("keys", 0, "scopes", 0),
    ("keys", 0, "secret"),
    ("keys", 0, "secretEntry"),
    ("keys", 0, "keyIdEntry"),
    ("keys", 0, "reissue"),
    ("keys", 0, "compromised", 0),
    ("keys", 0, "lifetime"),
    ("keys", 0, "verify", "url"),
)


def by_hand() -> list[Written]:
    """Slips that people make: those of each rule of the file, and files that are wrong as a whole."""
    slips = {**wrong_accounts.CASES, **wrong_keys.CASES}
    files = [(name, None, [written]) for name, (written, _) in slips.items()]
    wholes: list[tuple[str, object, object]] = [
        ("no accounts", None, None),
        ("accounts that are a text", None, "translator"),
        ("accounts that are a number", None, 5),
        ("accounts that are a mapping", None, {"translator": {}}),
        ("an account that is a text", None, ["translator"]),
        ("an account that is a list", None, [[]]),
        ("an empty account", None, [{}]),
        ("nothing for an account", None, [None]),
        ("two accounts of one name", None, [_ACCOUNT, _ACCOUNT]),
        ("two keys of one name", None, [{**_ACCOUNT, "keys": [_KEY, _KEY]}]),
        ("defaults that are a list", [], [_ACCOUNT]),
        ("defaults that are a text", "90d", [_ACCOUNT]),
        ("an unknown default", {"lifetme": "90d"}, [_ACCOUNT]),
        ("a default of another type", {"overlap": 7}, [_ACCOUNT]),
        ("defaults that can't be kept", {"lifetime": "1d"}, [_ACCOUNT]),
    ]
    wrongs: tuple[object, ...] = (5, [], "soon", "-1d", "0d")
    for name in ("lifetime", "rotateEvery", "overlap", "whenStillUsed", "deliver", "verify"):
        wholes += [(f"{name} {wrong!r} by default", {name: wrong}, [_ACCOUNT]) for wrong in wrongs]
    return [*files, *wholes]


def by_fuzzer(count: int, seed: int = 0) -> Iterator[Written]:
    """`count` files that the JSON Schema refuses, each a good one with one to three things changed at random. The same for the same seed."""
    schema = json.loads((REPOSITORY / "stacks" / "schema.json").read_text())
    validator = Draft202012Validator(schema)
    chance = random.Random(seed)
    found = 0
    while found < count:
        accounts, defaults = [copy.deepcopy(_FULL)], copy.deepcopy(_DEFAULTS)
        document: dict[str, Any] = {"config": {"api-keys:defaults": defaults, "api-keys:accounts": accounts}}
        changes = [_spoil(document["config"], chance) for _ in range(chance.randint(1, 3))]
        config = document["config"]
        if not validator.is_valid(document):
            found += 1
            yield "; ".join(changes), config.get("api-keys:defaults"), config.get("api-keys:accounts")


def hostile(texts: tuple[str, ...] = HOSTILE) -> Iterator[tuple[Written, tuple[str | int, ...], str]]:
    """Every hostile text in every field of text: the file, where in the account the text stands, and the text."""
    for place in _TEXT_FIELDS:
        for text in texts:
            account = copy.deepcopy(_FULL)
            _set(account, place, text)
            yield (f"{place}: {text[:20]!r}", None, [account]), place, text


def value_at(account: Any, place: tuple[str | int, ...]) -> Any:
    """What stands at `place` in an account, as it is written in the file; None where the place is not there."""
    for step in place:
        try:
            account = account[step]
        except (KeyError, IndexError, TypeError):
            return None
    return account


def _set(account: Any, place: tuple[str | int, ...], value: object) -> None:
    *way, last = place
    for step in way:
        account = account[step]
    account[last] = value


def _spoil(config: dict[str, Any], chance: random.Random) -> str:
    """Changes one place at random; says what was done."""
    holder, step = chance.choice(list(_places(config)))
    value = holder[step]
    kind = chance.randrange(5)
    if kind == 0 and isinstance(holder, dict):
        del holder[step]
        return f"no {step}"
    if kind == 1 and isinstance(value, dict):
        name = chance.choice(["nmae", "Name", "x", "keys ", "", "uses\n", "déscription", "a" * 500])
        value[name] = chance.choice(["x", 1, None, []])
        return f"{name!r} in {step}"
    if kind == 2 and isinstance(value, str):
        holder[step] = chance.choice([value.upper(), value + "\n", value * 200, f" {value}", "", value[::-1] + "!"])
        return f"{step}: {str(holder[step])[:30]!r}"
    holder[step] = chance.choice(
        [None, True, 0, -1, 3.5, 10**30, float("inf"), "", "x", [], {}, [[]], {"x": {}}, [None], list(range(300))]
    )
    return f"{step}: {str(holder[step])[:30]}"


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in `value` that something stands at: what holds it, and the name or number there."""
    steps = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        yield value, step
        yield from _places(value[step])
