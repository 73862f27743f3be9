"""Slips in what a key says: each wrong account, and the line that it is refused with."""

from __future__ import annotations

from typing import Any

KEY = {"name": "default", "uses": ["translate"]}


def account(**fields: Any) -> dict[str, Any]:
    return {"name": "translator", "keys": [KEY], **fields}


def key(**fields: Any) -> dict[str, Any]:
    return account(keys=[{**KEY, **fields}])


def keys(*written: dict[str, Any]) -> dict[str, Any]:
    return account(keys=list(written))


A_DURATION = "write a whole number and a unit, such as 90d, 36h or 15m"
NAME = "use 3 to 63 of a-z, 0-9 and hyphens, a letter first and no hyphen last"
KEY_NAME = NAME.replace("3 to 63", "1 to 63")
READER = "write self, an account of this file as account:<name>, or a kind and an id, such as serviceAccount:ajeexample"
SCOPE = "write a scope such as yc.ai.translate.execute"
URL = "write an https address such as https://translate.api.cloud.yandex.net/translate/v2/languages"
KEY_PATH = "accounts[0] (translator).keys[0] (default)"

CASES: dict[str, tuple[object, str]] = {
    # Renames
    "a key renamed from itself": (
        key(renamedFrom="default"),
        f"{KEY_PATH}.renamedFrom: 'default' is the name that the key has: leave it out, or write the name before",
    ),
    "a key renamed from one that is declared": (
        keys({**KEY, "name": "new", "renamedFrom": "default"}, KEY),
        "accounts[0] (translator).keys[0] (new).renamedFrom: 'default' is the name of "
        "accounts[0] (translator).keys[1] (default) still: a name is taken when it is free: "
        "rename accounts[0] (translator).keys[1] (default), run `pulumi up`, then rename this one; or leave it out",
    ),
    "two keys renamed from one": (
        keys({**KEY, "name": "a", "renamedFrom": "old"}, {**KEY, "name": "b", "renamedFrom": "old"}),
        "accounts[0] (translator).keys[1] (b).renamedFrom: accounts[0] (translator).keys[0] (a).renamedFrom says 'old' already: "
        "a key goes on as one key: leave one out",
    ),
    # Durations
    "a duration without a unit": (key(lifetime="90"), f"{KEY_PATH}.lifetime: '90' is not a duration: {A_DURATION}"),
    "a number for a duration": (
        key(overlap=7),
        f"{KEY_PATH}.overlap: the number 7 where text belongs: {A_DURATION}",
    ),
    "no time at all": (
        key(overlap="0d"),
        f"{KEY_PATH}.overlap: '0d' is no time at all: write a duration above zero, such as 15m",
    ),
    "a lifetime past the cloud's calendar": (
        key(lifetime="20000d"),
        f"{KEY_PATH}.lifetime: 20000d would end after 2105, where the API's dates end: write 18250d or less",
    ),
    "a lifetime of seconds": (
        key(lifetime="899s"),
        f"{KEY_PATH}.lifetime: '899s' is shorter than 15m: write 15m or longer",
    ),
    "a rotation every few minutes": (
        key(rotateEvery="14m"),
        f"{KEY_PATH}.rotateEvery: '14m' is shorter than 15m: write 15m or longer",
    ),
    "an overlap of minutes": (
        key(overlap="14m"),
        f"{KEY_PATH}.overlap: '14m' is shorter than 15m: write 15m or longer",
    ),
    "null for a duration": (key(overlap=None), f"{KEY_PATH}.overlap: nothing (null) where text belongs: {A_DURATION}"),
    # The schedule
    "a schedule longer than the lifetime": (
        key(lifetime="30d", rotateEvery="28d", overlap="3d"),
        f"{KEY_PATH}.overlap: rotateEvery 28d + overlap 3d = 31d is longer than lifetime 30d: "
        "shorten rotateEvery or overlap, or set lifetime to 31d",
    ),
    "a schedule longer than the lifetime by built-in values": (
        key(lifetime="30d"),
        f"{KEY_PATH}.lifetime: rotateEvery 30d (built in) + overlap 7d (built in) = 37d is longer than lifetime 30d: "
        "shorten rotateEvery or overlap, or set lifetime to 37d",
    ),
    # Services and scopes
    "an unknown service near a known one": (
        key(uses=["translat"]),
        f"{KEY_PATH}.uses[0]: 'translat' is not a service that the catalogue knows: did you mean translate?",
    ),
    "a name that is wider than one service": (
        key(uses=["monitoring"]),
        f"{KEY_PATH}.uses[0]: 'monitoring' is not a service that the catalogue knows: "
        "did you mean monitoring-read or monitoring-manage?",
    ),
    "a scope among services": (
        key(uses=["yc.postbox.send"]),
        f"{KEY_PATH}.uses[0]: 'yc.postbox.send' is a scope, not a service: put it under `scopes`",
    ),
    "no services": (key(uses=[]), f"{KEY_PATH}.uses: is empty: name a service, or leave `uses` out"),
    "a service twice": (
        key(uses=["vision", "vision"]),
        f"{KEY_PATH}.uses: has 'vision' more than once: name each once",
    ),
    "a word where a list belongs": (
        key(uses="translate"),
        f"{KEY_PATH}.uses: 'translate' where a list belongs: name a service, or leave `uses` out",
    ),
    "no scopes": (
        key(scopes=[]),
        f"{KEY_PATH}.scopes: is empty: "
        "name a scope, or leave `scopes` out: no scope would mean the cloud's ten default ones",
    ),
    "a service among scopes": (
        key(scopes=["postbox"]),
        f"{KEY_PATH}.scopes[0]: 'postbox' is a service, not a scope: put it under `uses`, or write yc.postbox.send",
    ),
    "a scope without its beginning": (
        key(scopes=["postbox.send"]),
        f"{KEY_PATH}.scopes[0]: 'postbox.send' lacks its beginning: write yc.postbox.send",
    ),
    "a scope with a space": (
        key(scopes=["yc.postbox. send"]),
        f"{KEY_PATH}.scopes[0]: 'yc.postbox. send' is not in the form of a scope: {SCOPE}",
    ),
    "a scope that is too long": (
        key(scopes=["yc." + "a" * 254]),
        f"{KEY_PATH}.scopes[0]: has 257 characters, the limit is 256: {SCOPE}",
    ),
    "too many scopes": (
        key(scopes=[f"yc.scope.number{n}" for n in range(101)]),
        f"{KEY_PATH}.scopes: has 101 items, the limit is 100: "
        "name a scope, or leave `scopes` out: no scope would mean the cloud's ten default ones",
    ),
    "too many scopes with those of the services": (
        key(scopes=[f"yc.scope.number{n}" for n in range(100)]),
        f"{KEY_PATH}.scopes: with those of `uses` there are 101 scopes, the limit is 100: split the key",
    ),
    "neither services nor scopes": (
        keys({"name": "default"}),
        f"{KEY_PATH}: says neither `uses` nor `scopes`: add what the key is for, such as uses: [translate]",
    ),
    # Delivery
    "no delivery": (
        key(deliver="none"),
        f"{KEY_PATH}.deliver: 'none' is not a choice: "
        "write lockbox, output or both: a key whose secret goes nowhere is of no use",
    ),
    "null for the delivery": (
        key(deliver=None),
        f"{KEY_PATH}.deliver: nothing (null) is not a choice: "
        "write lockbox, output or both: a key whose secret goes nowhere is of no use",
    ),
    "an entry with a space": (
        key(secretEntry="api key"),
        f"{KEY_PATH}.secretEntry: 'api key' is not in the form asked for: use a-z, A-Z, 0-9 and - _ . / \\ @",
    ),
    "an entry that is too long": (
        key(keyIdEntry="a" * 257),
        f"{KEY_PATH}.keyIdEntry: has 257 characters, the limit is 256: use a-z, A-Z, 0-9 and - _ . / \\ @",
    ),
    "one entry for the secret and the id": (
        key(keyIdEntry="api_key"),
        f"{KEY_PATH}.keyIdEntry: entry api_key of secret translator-default is taken by {KEY_PATH}.secretEntry: "
        "write another entry, such as default_api_key",
    ),
    "two keys in one entry": (
        keys(
            {"name": "a", "uses": ["vision"], "secret": "shared", "keyIdEntry": "a_id"},
            {"name": "b-c", "uses": ["vision"], "secret": "shared", "keyIdEntry": "b_id"},
        ),
        "accounts[0] (translator).keys[1] (b-c).secretEntry: entry api_key of secret shared is taken by "
        "accounts[0] (translator).keys[0] (a).secretEntry: "
        "write another entry, such as b_c_api_key",
    ),
    "two keys that share a secret and name no entries": (
        keys(
            {"name": "a", "uses": ["vision"], "secret": "shared"},
            {"name": "b-c", "uses": ["vision"], "secret": "shared"},
        ),
        "accounts[0] (translator).keys[1] (b-c).secret: entries api_key and api_key_id of secret shared are taken by "
        "accounts[0] (translator).keys[0] (a).secretEntry and accounts[0] (translator).keys[0] (a).keyIdEntry: "
        "write entries of its own, such as secretEntry: b_c_api_key and keyIdEntry: b_c_api_key_id",
    ),
    "a secret's name with a slash": (
        key(secret="a/b"),
        f"{KEY_PATH}.secret: 'a/b' is not in the form asked for: use 1 to 100 of a-z, A-Z, 0-9, hyphen, underscore and dot",
    ),
    "a secret's name that follows from two long ones": (
        {"name": "a" * 63, "keys": [{**KEY, "name": "b" * 63}]},
        f"accounts[0] ({'a' * 63}).keys[0] ({'b' * 63}).secret: {'a' * 63}-{'b' * 63} has 127 characters, the limit is 100: "
        "write a shorter name, such as secret: keys",
    ),
    # Rotation
    "an unknown choice": (
        key(whenStillUsed="keep"),
        f"{KEY_PATH}.whenStillUsed: 'keep' is not a choice: "
        "write extend (give it one more overlap, never past its lifetime) or retire (let it die)",
    ),
    "a number for the reissue trigger": (
        key(reissue=2),
        f"{KEY_PATH}.reissue: the number 2 where text belongs: write any text, such as the date or the ticket, in quotes",
    ),
    "a secret for a compromised key's id": (
        key(compromised=["AQVNabcdefsecret"]),
        f"{KEY_PATH}.compromised[0]: what is written is not in the form asked for: "
        "write a key's id, as in the receipt (never its secret)",
    ),
    "a word for the compromised keys": (
        key(compromised="aje"),
        f"{KEY_PATH}.compromised: 'aje' where a list belongs: list the ids of keys that leaked",
    ),
    # Verify
    "verify where the catalogue knows no call": (
        keys({"name": "default", "uses": ["functions"], "verify": True}),
        f"{KEY_PATH}.verify: the catalogue knows no harmless, free call for functions: "
        "write one of your own, such as verify: {url: https://functions.yandexcloud.net/…}, or false",
    ),
    "verify where the services have no address of their own": (
        keys({"name": "default", "uses": ["ytsaurus", "mcp-gateways"], "verify": True}),
        f"{KEY_PATH}.verify: the catalogue knows no harmless, free call for ytsaurus, mcp-gateways: "
        "write one of your own, such as verify: {url: https://<host>/…}, or false",
    ),
    "verify where the key does not travel by HTTP": (
        keys({"name": "default", "uses": ["postbox"], "verify": True}),
        f"{KEY_PATH}.verify: the catalogue knows no harmless, free call for postbox: "
        "write false: its keys travel by smtp, which no call of ours does (for a call of your own, verify: {url: https://…})",
    ),
    "verify without a service": (
        keys({"name": "default", "scopes": ["yc.postbox.send"], "verify": True}),
        f"{KEY_PATH}.verify: without `uses` there is no call to make: "
        "write one of your own, such as verify: {url: https://<host>/…}, or false",
    ),
    "verify without a url": (key(verify={}), f"{KEY_PATH}.verify.url: is missing: add `url:`"),
    "verify in plain text": (
        key(verify={"url": "http://example.com/"}),
        f"{KEY_PATH}.verify.url: 'http://example.com/' would send the key in plain text: {URL}",
    ),
    "verify of what is no address": (
        key(verify={"url": "https://[/"}),
        f"{KEY_PATH}.verify.url: 'https://[/' is not an address to call: {URL}",
    ),
    "verify with a password in the address": (
        key(verify={"url": "https://me:word@example.com/"}),
        f"{KEY_PATH}.verify.url: what is written has a user or a password in it: {URL}",
    ),
    "verify for two hours": (
        key(verify={"url": "https://example.com/", "timeout": "2h"}),
        f"{KEY_PATH}.verify.timeout: 2h is longer than 1h, and `pulumi up` waits that long: write 1h or less",
    ),
    "verify by a method that changes things": (
        key(verify={"url": "https://example.com/", "method": "PUT"}),
        f"{KEY_PATH}.verify.method: 'PUT' is not a choice: write GET, HEAD or POST",
    ),
    "an empty reissue trigger": (
        key(reissue=""),
        f"{KEY_PATH}.reissue: is empty: write any text, such as the date or the ticket",
    ),
    "a line's end in a key's description": (
        key(description="a\nb"),
        f"{KEY_PATH}.description: has a control character (U+000A), which can't stand there: "
        "write one line of at most 207 characters",
    ),
    "verify with an unknown field": (
        key(verify={"url": "https://example.com/", "status": 200}),
        f"{KEY_PATH}.verify.status: unknown field: did you mean expectStatus?",
    ),
    "verify for a status that is none": (
        key(verify={"url": "https://example.com/", "expectStatus": "200"}),
        f"{KEY_PATH}.verify.expectStatus: '200' is not an HTTP status: write a number from 100 to 599, such as 200",
    ),
    "verify by a method that may change things": (
        key(verify={"url": "https://example.com/", "method": "DELETE"}),
        f"{KEY_PATH}.verify.method: 'DELETE' is not a choice: write GET, HEAD or POST",
    ),
    "a word for verify": (
        key(verify="yes"),
        f"{KEY_PATH}.verify: 'yes' where true or false belongs: write true, false, or a mapping with a url",
    ),
}
