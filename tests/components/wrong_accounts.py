"""Slips in names, accounts and fields: each wrong account, and the line that it is refused with."""

from __future__ import annotations

from tests.components.wrong_keys import (
    KEY,
    KEY_NAME,
    KEY_PATH,
    NAME,
    READER,
    account,
    key,
    keys,
)

CASES: dict[str, tuple[object, str]] = {
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
        f"accounts[0] (translator).keys[0].name: 'night_ly' is not in the form asked for: {KEY_NAME}",
    ),
    "an empty key's name": (key(name=""), f"accounts[0] (translator).keys[0].name: is empty: {KEY_NAME}"),
    "two keys of one name": (
        keys(KEY, {**KEY, "uses": ["vision"]}),
        f"accounts[0] (translator).keys[1] (default).name: 'default' is the name of {KEY_PATH} already: "
        "give each key of this account its own name",
    ),
    # Descriptions
    "an account's description that is too long": (
        account(description="x" * 257),
        "accounts[0] (translator).description: has 257 characters, the limit is 256: write one line of at most 256 characters",
    ),
    "a key's description without room for the mark": (
        key(description="x" * 208),
        f"{KEY_PATH}.description: has 208 characters, the limit is 207: write one line of at most 207 characters",
    ),
    "a description that turns its text around": (
        account(description="abc\u202edef"),
        "accounts[0] (translator).description: has RIGHT-TO-LEFT OVERRIDE (U+202E), which can't stand there: "
        "write one line of at most 256 characters",
    ),
    "a description that no encoding takes": (
        account(description="\ud800"),
        "accounts[0] (translator).description: has half a character (U+D800), which can't stand there: "
        "write one line of at most 256 characters",
    ),
    # Readers and roles
    "a reader without an id": (
        account(readers=["serviceAccount:"]),
        f"accounts[0] (translator).readers[0]: 'serviceAccount:' is not a reader: {READER}",
    ),
    "a reader of no known kind": (
        account(readers=["serviceaccount:aje"]),
        "accounts[0] (translator).readers[0]: 'serviceaccount' is no kind of reader: did you mean serviceAccount?",
    ),
    "a bare id for a reader": (
        account(readers=["aje"]),
        f"accounts[0] (translator).readers[0]: 'aje' is not a reader: {READER}",
    ),
    "everybody for a reader": (
        account(readers=["system:allUsers"]),
        "accounts[0] (translator).readers[0]: 'system:allUsers' would open the secret to everybody: "
        "name the readers one by one, or a group",
    ),
    "a role with a space": (
        account(roles=["monitoring viewer"]),
        "accounts[0] (translator).roles[0]: 'monitoring viewer' is not in the form asked for: write a role such as monitoring.viewer",
    ),
    "a role that is too long": (
        account(roles=["a" * 65]),
        "accounts[0] (translator).roles[0]: has 65 characters, the limit is 64: write a role such as monitoring.viewer",
    ),
    # Labels and KMS
    "a label in capitals": (
        account(labels={"team": "A"}),
        "accounts[0] (translator).labels.team: 'A' is not in the form asked for: use up to 63 of a-z, 0-9, hyphen and underscore",
    ),
    "a label's key in capitals": (
        account(labels={"Team": "a"}),
        "accounts[0] (translator).labels.Team: 'Team' is not in the form asked for: "
        "use 1 to 63 of a-z, 0-9, hyphen and underscore, a letter first",
    ),
    "a label of the provider's own": (
        account(labels={"pulumi-yandex-keys-owner": "a"}),
        "accounts[0] (translator).labels.pulumi-yandex-keys-owner: 'pulumi-yandex-keys-owner' is set by the provider itself: "
        "choose another name",
    ),
    "a list for labels": (
        account(labels=["a"]),
        "accounts[0] (translator).labels: a list where a mapping belongs: write labels as `key: value`",
    ),
    "too many labels": (
        account(labels={f"l{n}": "a" for n in range(63)}),
        "accounts[0] (translator).labels: has 63 labels, the limit is 62: write labels as `key: value`",
    ),
    # Owners
    "an owner that is no label": (
        account(owner="Support Team"),
        "accounts[0] (translator).owner: 'Support Team' is not in the form asked for: "
        "use 1 to 63 of a-z, 0-9, hyphen and underscore, such as support-team: it is a label in the cloud",
    ),
    "an empty owner of a key": (
        key(owner=""),
        f"{KEY_PATH}.owner: is empty: "
        "use 1 to 63 of a-z, 0-9, hyphen and underscore, such as support-team: it is a label in the cloud",
    ),
    "a label that says another owner": (
        account(owner="support", labels={"owner": "shop"}),
        "accounts[0] (translator).labels.owner: 'shop' isn't the owner, 'support': take the label out, for `owner` sets it",
    ),
    "a key's label that says another owner than the account": (
        account(owner="support", keys=[{**KEY, "labels": {"owner": "shop"}}]),
        f"{KEY_PATH}.labels.owner: 'shop' isn't the owner, 'support': take the label out, for `owner` sets it",
    ),
    "a key's label in capitals": (
        key(labels={"team": "A"}),
        f"{KEY_PATH}.labels.team: 'A' is not in the form asked for: use up to 63 of a-z, 0-9, hyphen and underscore",
    ),
    "too many labels with the account's": (
        account(
            labels={f"l{n}": "a" for n in range(61)}, keys=[{**KEY, "owner": "support", "labels": {"one-more": "a"}}]
        ),
        f"{KEY_PATH}.labels: with what is inherited and the owner there are 63 labels, the limit is 62: take some out",
    ),
    "a number for a KMS key": (
        account(kmsKey=1),
        "accounts[0] (translator).kmsKey: the number 1 where text belongs: write true for a key of its own, or the id of a KMS key",
    ),
    "text for a flag": (
        account(protect="true"),
        "accounts[0] (translator).protect: 'true' where true or false belongs: write true or false",
    ),
    "text for another flag": (
        account(deletionProtection="true"),
        "accounts[0] (translator).deletionProtection: 'true' where true or false belongs: write true or false",
    ),
    # Secrets that stay
    "a secret that stays twice": (
        account(secrets=["a", "a"]),
        "accounts[0] (translator).secrets: has 'a' more than once: name each once",
    ),
    "a secret that stays with a slash": (
        account(secrets=["a/b"]),
        "accounts[0] (translator).secrets[0]: 'a/b' is not in the form asked for: "
        "use 1 to 100 of a-z, A-Z, 0-9, hyphen, underscore and dot",
    ),
    "a word for the secrets that stay": (
        account(secrets="a"),
        "accounts[0] (translator).secrets: 'a' where a list belongs: list names of Lockbox secrets, such as translator-default",
    ),
    # Renames
    "an account renamed from itself": (
        account(renamedFrom="translator"),
        "accounts[0] (translator).renamedFrom: 'translator' is the name that the account has: leave it out, or write the name before",
    ),
    "an account renamed with a secret under both names": (
        account(renamedFrom="old", secrets=["old-default"]),
        "accounts[0] (translator).secrets[0]: the rename of the account makes translator-default of old-default, and both are declared: "
        "rename first, with secret: old-default where it is to stay; then leave renamedFrom out, and move keys",
    ),
    # Fields
    "an unknown field near a known one": (
        key(rotate_every="9d"),
        f"{KEY_PATH}.rotate_every: unknown field: did you mean rotateEvery?",
    ),
    "an unknown field near none": (
        account(zzz=1),
        "accounts[0] (translator).zzz: unknown field: known fields: "
        "deletionProtection, description, folderId, freezes, keys, kmsKey, labels, name, owner, protect, readers, renamedFrom, roles, secrets, "
        "spread, windows",
    ),
    "an unknown field of hostile characters": (
        account(**{"a\nb${x}": 1}),
        "accounts[0] (translator)['a\\nb${x}']: unknown field: known fields: "
        "deletionProtection, description, folderId, freezes, keys, kmsKey, labels, name, owner, protect, readers, renamedFrom, roles, secrets, "
        "spread, windows",
    ),
    "a misspelt field that has to be there": (
        {"nmae": "translator", "keys": [KEY]},
        "accounts[0].nmae: unknown field: did you mean name?",
    ),
    "a misspelt field that another rule asks for": (
        keys({"name": "default", "use": ["translate"]}),
        f"{KEY_PATH}.use: unknown field: did you mean uses?",
    ),
    "a misspelt field that two others are compared with": (
        key(lifetime="30d", overlapp="1d"),
        f"{KEY_PATH}.overlapp: unknown field: did you mean overlap?",
    ),
    "no keys": ({"name": "translator"}, "accounts[0] (translator).keys: is missing: add `keys:`"),
    "a mapping for the keys": (
        account(keys={"default": {}}),
        "accounts[0] (translator).keys: a mapping where a list belongs: list the account's keys, each with a name and what it uses",
    ),
    "a word for a key": (
        keys("default"),  # type: ignore[arg-type]
        "accounts[0] (translator).keys[0]: 'default' where a mapping of fields belongs: write fields as `name: value`",
    ),
    "nothing for an account": (
        None,
        "accounts[0]: nothing (null) where a mapping of fields belongs: write fields as `name: value`",
    ),
}
