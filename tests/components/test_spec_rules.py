"""One wrong stack file a rule: the line names the path, what is wrong and what would be right. And never more than is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from components.spec import SpecError, parse

KEY = {"name": "default", "uses": ["translate"]}


def account(**fields: Any) -> dict[str, Any]:
    return {"name": "translator", "keys": [KEY], **fields}


def key(**fields: Any) -> dict[str, Any]:
    return account(keys=[{**KEY, **fields}])


def keys(*written: dict[str, Any]) -> dict[str, Any]:
    return account(keys=list(written))


def problems(accounts: object, defaults: object = None) -> list[str]:
    with pytest.raises(SpecError) as refused:
        parse(defaults, accounts)
    return [str(problem) for problem in refused.value.problems]


A_DURATION = "write a whole number and a unit, such as 90d, 36h or 15m"
NAME = "use 3 to 63 of a-z, 0-9 and hyphens, a letter first and no hyphen last"
KEY_NAME = NAME.replace("3 to 63", "1 to 63")
READER = "write self, or a kind and an id, such as serviceAccount:ajeexample"
SCOPE = "write a scope such as yc.ai.translate.execute"
URL = "write an https address such as https://translate.api.cloud.yandex.net/translate/v2/languages"
KEY_PATH = "accounts[0].keys[0]"

CASES: dict[str, tuple[object, str]] = {
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
        f"{KEY_PATH}.lifetime: 20000d ends after 2105, where the cloud's dates end: write at most 18250d",
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
    # Names
    "an account's name in capitals": (
        account(name="Translator"),
        f"accounts[0].name: 'Translator' is not in the form asked for: {NAME}",
    ),
    "an account's name that is too short": (
        account(name="ab"),
        f"accounts[0].name: 'ab' is shorter than 3 characters: {NAME}",
    ),
    "an account's name that is too long": (
        account(name="a" * 64),
        f"accounts[0].name: has 64 characters, the limit is 63: {NAME}",
    ),
    "an account's name with a look-alike": (
        account(name="tr\u0430nslator"),
        f"accounts[0].name: 'tr\u0430nslator' has CYRILLIC SMALL LETTER A (U+0430): {NAME}",
    ),
    "an account's name that ends in a line break": (
        account(name="translator\n"),
        f"accounts[0].name: has a control character (U+000A), which can't stand there: {NAME}",
    ),
    "no account's name": ({"keys": [KEY]}, "accounts[0].name: is missing: add `name:`"),
    "a number for an account's name": (
        account(name=5),
        f"accounts[0].name: the number 5 where text belongs: {NAME}",
    ),
    "a key's name with an underscore": (
        key(name="night_ly"),
        f"{KEY_PATH}.name: 'night_ly' is not in the form asked for: {KEY_NAME}",
    ),
    "an empty key's name": (key(name=""), f"{KEY_PATH}.name: is empty: {KEY_NAME}"),
    "two keys of one name": (
        keys(KEY, {**KEY, "uses": ["vision"], "secret": "other"}),
        "accounts[0].keys[1].name: 'default' is the name of accounts[0].keys[0] already: "
        "give each key of this account its own name",
    ),
    # Descriptions
    "an account's description that is too long": (
        account(description="x" * 257),
        "accounts[0].description: has 257 characters, the limit is 256: write one line of at most 256 characters",
    ),
    "a key's description without room for the tag": (
        key(description="x" * 209),
        f"{KEY_PATH}.description: has 209 characters, the limit is 208: write one line of at most 208 characters",
    ),
    "a description that turns its text around": (
        account(description="abc\u202edef"),
        "accounts[0].description: has RIGHT-TO-LEFT OVERRIDE (U+202E), which can't stand there: "
        "write one line of at most 256 characters",
    ),
    "a description that no encoding takes": (
        account(description="\ud800"),
        "accounts[0].description: has half a character (U+D800), which can't stand there: "
        "write one line of at most 256 characters",
    ),
    # Readers and roles
    "a reader without an id": (
        account(readers=["serviceAccount:"]),
        f"accounts[0].readers[0]: 'serviceAccount:' is not a reader: {READER}",
    ),
    "a reader of no known kind": (
        account(readers=["serviceaccount:aje"]),
        "accounts[0].readers[0]: 'serviceaccount' is no kind of reader: did you mean serviceAccount?",
    ),
    "a bare id for a reader": (account(readers=["aje"]), f"accounts[0].readers[0]: 'aje' is not a reader: {READER}"),
    "everybody for a reader": (
        account(readers=["system:allUsers"]),
        "accounts[0].readers[0]: 'system:allUsers' would open the secret to everybody: "
        "name the readers one by one, or a group",
    ),
    "a role with a space": (
        account(roles=["monitoring viewer"]),
        "accounts[0].roles[0]: 'monitoring viewer' is not in the form asked for: write a role such as monitoring.viewer",
    ),
    "a role that is too long": (
        account(roles=["a" * 65]),
        "accounts[0].roles[0]: has 65 characters, the limit is 64: write a role such as monitoring.viewer",
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
        "accounts[0].keys[1].secretEntry: entry api_key of secret shared is taken by accounts[0].keys[0].secretEntry: "
        "write another entry, such as b_c_api_key",
    ),
    "a secret's name with a slash": (
        key(secret="a/b"),
        f"{KEY_PATH}.secret: 'a/b' is not in the form asked for: use 1 to 100 of a-z, A-Z, 0-9, hyphen, underscore and dot",
    ),
    "a secret's name that follows from two long ones": (
        {"name": "a" * 63, "keys": [{**KEY, "name": "b" * 63}]},
        f"{KEY_PATH}.secret: {'a' * 63}-{'b' * 63} has 127 characters, the limit is 100: "
        "write a shorter name, such as secret: keys",
    ),
    # Labels and KMS
    "a label in capitals": (
        account(labels={"team": "A"}),
        "accounts[0].labels.team: 'A' is not in the form asked for: use up to 63 of a-z, 0-9, hyphen and underscore",
    ),
    "a label's key in capitals": (
        account(labels={"Team": "a"}),
        "accounts[0].labels.Team: 'Team' is not in the form asked for: "
        "use 1 to 63 of a-z, 0-9, hyphen and underscore, a letter first",
    ),
    "a list for labels": (
        account(labels=["a"]),
        "accounts[0].labels: a list where a mapping belongs: write labels as `key: value`",
    ),
    "too many labels": (
        account(labels={f"l{n}": "a" for n in range(65)}),
        "accounts[0].labels: has 65 labels, the limit is 64: write labels as `key: value`",
    ),
    "a number for a KMS key": (
        account(kmsKey=1),
        "accounts[0].kmsKey: the number 1 where text belongs: write true for a key of its own, or the id of a KMS key",
    ),
    "text for a flag": (
        account(deletionProtection="true"),
        "accounts[0].deletionProtection: 'true' where true or false belongs: write true or false",
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
        f"{KEY_PATH}.verify: the catalogue knows no harmless call for functions: "
        "write verify: {url: https://…}, or false",
    ),
    "verify without a url": (key(verify={}), f"{KEY_PATH}.verify.url: is missing: add `url:`"),
    "verify in plain text": (
        key(verify={"url": "http://example.com/"}),
        f"{KEY_PATH}.verify.url: 'http://example.com/' would send the key in plain text: {URL}",
    ),
    "verify of what is no address": (
        key(verify={"url": "https://[/"}),
        f"{KEY_PATH}.verify.url: 'https://[/' is not a URL: {URL}",
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
        f"{KEY_PATH}.verify.method: 'DELETE' is not a choice: write GET, POST or HEAD",
    ),
    "a word for verify": (
        key(verify="yes"),
        f"{KEY_PATH}.verify: 'yes' where true or false belongs: write true, false, or a mapping with a url",
    ),
    # Fields
    "an unknown field near a known one": (
        key(rotate_every="9d"),
        f"{KEY_PATH}.rotate_every: unknown field: did you mean rotateEvery?",
    ),
    "an unknown field near none": (
        account(zzz=1),
        "accounts[0].zzz: unknown field: known fields: "
        "deletionProtection, description, folderId, keys, kmsKey, labels, name, readers, renamedFrom, roles",
    ),
    "an unknown field of hostile characters": (
        account(**{"a\nb${x}": 1}),
        "accounts[0]['a\\nb${x}']: unknown field: known fields: "
        "deletionProtection, description, folderId, keys, kmsKey, labels, name, readers, renamedFrom, roles",
    ),
    "no keys": ({"name": "translator"}, "accounts[0].keys: is missing: add `keys:`"),
    "a mapping for the keys": (
        account(keys={"default": {}}),
        "accounts[0].keys: a mapping where a list belongs: list the account's keys, each with a name and what it uses",
    ),
    "a word for a key": (
        keys("default"),  # type: ignore[arg-type]
        f"{KEY_PATH}: 'default' where a mapping of fields belongs: write fields as `name: value`",
    ),
    "nothing for an account": (
        None,
        "accounts[0]: nothing (null) where a mapping of fields belongs: write fields as `name: value`",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_slip_is_one_line_with_its_path_and_remedy(case: str) -> None:
    written, line = CASES[case]
    assert problems([written]) == [line]


def test_accounts_of_one_name_clash() -> None:
    other = account(keys=[{**KEY, "name": "other"}])
    assert problems([account(), other]) == [
        "accounts[1].name: 'translator' is the name of accounts[0] already: give each account its own name"
    ]


def test_secrets_of_two_accounts_clash() -> None:
    other = {"name": "other", "keys": [{**KEY, "secret": "translator-default"}]}
    assert problems([account(), other]) == [
        "accounts[1].keys[0].secret: accounts[0] (translator) has a secret named translator-default already: "
        "write another name: a secret belongs to one account"
    ]


def test_secrets_of_one_name_in_two_folders_do_not_clash() -> None:
    other = {"name": "other", "folderId": "b1gother", "keys": [{**KEY, "secret": "translator-default"}]}
    parse(None, [account(), other])


def test_a_schedule_names_where_each_value_comes_from() -> None:
    defaults = {"rotateEvery": "60d", "overlap": "20d"}
    assert problems([key(lifetime="70d")], defaults) == [
        "accounts[0].keys[0].lifetime: rotateEvery 60d (from defaults) + overlap 20d (from defaults) = 80d "
        "is longer than lifetime 70d: shorten rotateEvery or overlap, or set lifetime to 80d"
    ]


def test_defaults_that_cannot_be_kept_are_named_once_where_they_stand() -> None:
    assert problems([account(), {**account(), "name": "other"}], {"rotateEvery": "89d"}) == [
        "defaults.rotateEvery: rotateEvery 89d + overlap 7d (built in) = 96d is longer than lifetime 90d (built in): "
        "shorten rotateEvery or overlap, or set lifetime to 96d"
    ]


def test_bad_defaults_are_named_once_where_they_stand() -> None:
    assert problems([key(lifetime="8d"), {**account(), "name": "other"}], {"overlap": 7, "lifetim": "1d"}) == [
        f"defaults.overlap: the number 7 where text belongs: {A_DURATION}",
        "defaults.lifetim: unknown field: did you mean lifetime?",
    ]


@pytest.mark.parametrize(
    ("accounts", "wrong"),
    [(None, "is missing"), ("translator", "'translator' where a list belongs"), ({}, "a mapping where a list belongs")],
)
def test_accounts_have_to_be_a_list(accounts: object, wrong: str) -> None:
    assert problems(accounts) == [f"accounts: {wrong}: list the service accounts under api-keys:accounts"]


def test_a_misspelt_setting_is_named() -> None:
    with pytest.raises(SpecError) as refused:
        parse(None, [], others=["default", "x\ny"])
    assert [str(problem) for problem in refused.value.problems] == [
        "default: unknown setting under api-keys: did you mean defaults?",
        "['x\\ny']: unknown setting under api-keys: settings: accounts, defaults",
    ]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    first = {
        "name": "Translator",
        "keys": [
            {"name": "a", "uses": ["translat"], "lifetime": "9d", "rotateEvery": "9d", "overlap": "9d"},
            {"name": "a", "scopes": [], "overlap": "x"},
        ],
    }
    second = {"name": "other", "keys": [{"name": "b", "deliver": "both"}], "typo": 1}
    assert [line.split(":")[0] for line in problems([first, second])] == [
        "accounts[0].name",
        "accounts[0].keys[0].uses[0]",
        "accounts[0].keys[1].overlap",
        "accounts[0].keys[1].scopes",
        "accounts[0].keys[0].overlap",
        "accounts[0].keys[1].name",
        "accounts[1].typo",
        "accounts[1].keys[0]",
    ]


def test_the_error_counts_and_lists_the_problems() -> None:
    with pytest.raises(SpecError) as refused:
        parse(None, [account(name="No"), 5])
    assert str(refused.value).splitlines()[0] == "the stack file has 2 problems:"
    assert len(str(refused.value).splitlines()) == 3
