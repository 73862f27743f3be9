"""The component, with an engine that only listens. Invariants:

- children have documented names and URNs, the component as their parent, and options of their own;
- no secret is in a receipt, and what is delivered as an output is a Pulumi secret;
- a key waits for its account's roles;
- a rename that the stack file tells is an alias wherever a name moves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.accounts import declare
from components.service_account_keys import ServiceAccountKeys
from components.spec import AccountSpec, KeySpec, SpecError, parse, parse_account
from pulumi_yandex_keys import ApiKey, LockboxSecret, LockboxSecretIamMember, Provider, ProviderArgs
from tests.components.declared import SECRET, Declared, run, secret_value

STACK_FILE = Path(__file__).parents[2] / "docs" / "stack-file.md"
ACCOUNT: dict[str, Any] = {
    "name": "translator",
    "readers": ["self", "serviceAccount:ajereader"],
    "roles": ["viewer"],
    "keys": [
        {"name": "default", "uses": ["translate", "vision"], "description": "The desk"},
        {"name": "first", "uses": ["functions"], "secret": "shared", "secretEntry": "a", "keyIdEntry": "b"},
        {"name": "second", "scopes": ["yc.some.scope"], "secret": "shared", "deliver": "both", "reissue": "now"},
        {"name": "plain", "uses": ["translate"], "deliver": "output", "verify": True, "compromised": ["ajeleaked"]},
    ],
}


def component(account: dict[str, Any] | AccountSpec, name: str = "translator", **options: Any) -> Callable[[], None]:
    def program() -> None:
        ServiceAccountKeys(name, account, **options)

    return program


@pytest.fixture(scope="module")
def declared() -> Declared:
    return run(component(ACCOUNT))


def test_children_have_their_documented_names(declared: Declared) -> None:
    assert declared.names("ServiceAccountKeys") == {"translator"}
    assert declared.names("IamServiceAccount") == {"translator"}
    assert declared.names("ApiKey") == {
        "translator/default",
        "translator/first",
        "translator/second",
        "translator/plain",
    }
    assert declared.names("LockboxSecret") == {"translator/default", "translator/secret/shared"}
    assert declared.names("LockboxSecretIamMember") == {
        f"{secret}/{reader}"
        for secret in ("translator/default", "translator/secret/shared")
        for reader in ("self", "serviceAccount:ajereader")
    }
    assert declared.names("ResourcemanagerFolderIamMember") == {
        f"translator/{role}" for role in ("viewer", "ai.translate.user", "ai.vision.user", "functions.functionInvoker")
    }
    assert declared.names("KmsSymmetricKey") == set()


def test_urns_are_the_documented_ones(declared: Declared) -> None:
    prefix = "yandex-keys:index:ServiceAccountKeys$"
    assert declared.urns["ApiKey", "translator/default"].endswith(
        f"::{prefix}yandex-keys:index:ApiKey::translator/default"
    )
    assert declared.urns["LockboxSecret", "translator/default"].endswith(
        f"::{prefix}yandex-keys:index:LockboxSecret::translator/default"
    )
    assert declared.urns["IamServiceAccount", "translator"].endswith(
        f"::{prefix}yandex:index/iamServiceAccount:IamServiceAccount::translator"
    )


def test_every_child_has_the_component_as_its_parent(declared: Declared) -> None:
    parent = declared.urns["ServiceAccountKeys", "translator"]
    children = {
        which: request.parent
        for which, request in declared.requests.items()
        if which[0] not in ("ServiceAccountKeys", "yandex-keys")
    }
    assert len(children) == 1 + 4 + 2 + 4 + 4
    assert set(children.values()) == {parent}


def test_a_key_waits_for_its_accounts_roles(declared: Declared) -> None:
    roles = declared.names("ResourcemanagerFolderIamMember")
    for name in declared.names("ApiKey"):
        assert roles < declared.depends_on("ApiKey", name)


def test_a_key_waits_for_those_who_may_read_it() -> None:
    declared = run(component({**ACCOUNT, "kmsKey": True, "readers": ["self", "group:ajegroup000000000000"]}))
    for name in declared.names("ApiKey"):
        secrets = declared.depends_on("ApiKey", name) & declared.names("LockboxSecret")
        readers = {each for each in declared.names("LockboxSecretIamMember") if each.rpartition("/")[0] in secrets}
        assert len(readers) == 2 * len(secrets)
        bindings = readers | (declared.names("KmsSymmetricKeyIamBinding") if secrets else set())
        assert bindings <= declared.depends_on("ApiKey", name)


def test_whatever_is_made_waits_for_the_account_whose_name_may_be_somebody_elses() -> None:
    declared = run(component({**ACCOUNT, "kmsKey": True}))
    for kind in ("KmsSymmetricKey", "LockboxSecret"):
        for name in declared.names(kind):
            assert "translator" in declared.depends_on(kind, name), (kind, name)


def test_keys_are_declared_as_written_with_defaults_filled_in(declared: Declared) -> None:
    common = {"lifetime": "90d", "rotateEvery": "30d", "overlap": "7d", "spread": 10, "whenStillUsed": "extend"}
    account = {"serviceAccountId": "translator-id"}
    assert declared.inputs["ApiKey", "translator/default"] == {
        **common,
        **account,
        "scopes": ["yc.ai.translate.execute", "yc.ai.vision.execute"],
        "description": "The desk",
        "lockbox": {"secretId": "translator/default-id", "secretEntry": "api_key", "keyIdEntry": "api_key_id"},
        "exposeSecret": False,
    }
    assert declared.inputs["ApiKey", "translator/second"] == {
        **common,
        **account,
        "scopes": ["yc.some.scope"],
        "reissue": "now",
        "lockbox": {"secretId": "translator/secret/shared-id", "secretEntry": "api_key", "keyIdEntry": "api_key_id"},
        "exposeSecret": True,
    }
    plain = declared.inputs["ApiKey", "translator/plain"]
    assert "lockbox" not in plain
    assert plain["exposeSecret"] is True
    assert plain["compromised"] == ["ajeleaked"]
    assert plain["verify"] == {
        "url": "https://translate.api.cloud.yandex.net/translate/v2/languages",
        "method": "POST",
        "expectStatus": 200,
        "timeout": "60s",
    }


def test_a_verifying_call_that_needs_a_folder_names_the_accounts() -> None:
    keys = [
        {"name": "metrics", "uses": ["monitoring-read"], "verify": True},
        {"name": "own", "uses": ["functions"], "verify": {"url": "https://example.com/{folderId}?f={folderId}"}},
    ]
    declared = run(component({"name": "watcher", "keys": keys}, name="watcher"))
    asked = {name: inputs["verify"]["url"] for (kind, name), inputs in declared.inputs.items() if kind == "ApiKey"}
    assert asked == {
        "watcher/metrics": "https://monitoring.api.cloud.yandex.net/monitoring/v2/metrics?folderId=b1gdefault&pageSize=1",
        "watcher/own": "https://example.com/b1gdefault?f=b1gdefault",
    }


def test_roles_are_granted_on_the_folder_that_the_account_is_in(declared: Declared) -> None:
    assert declared.inputs["ResourcemanagerFolderIamMember", "translator/viewer"] == {
        "folderId": "b1gdefault",
        "role": "viewer",
        "member": "serviceAccount:translator-id",
    }


def test_readers_may_read_each_secret_and_self_is_the_account(declared: Declared) -> None:
    assert declared.inputs["LockboxSecretIamMember", "translator/secret/shared/self"] == {
        "secretId": "translator/secret/shared-id",
        "role": "lockbox.payloadViewer",
        "member": "serviceAccount:translator-id",
    }
    reader = declared.inputs["LockboxSecretIamMember", "translator/default/serviceAccount:ajereader"]
    assert reader["member"] == "serviceAccount:ajereader"


def test_a_secret_is_always_marked_as_one(declared: Declared) -> None:
    for name in declared.names("ApiKey"):
        assert list(declared.requests["ApiKey", name].additionalSecretOutputs) == ["secret"]
    secrets = secret_value(declared.outputs["translator"]["secrets"]["plain"])
    assert secrets == SECRET
    assert set(declared.outputs["translator"]["secrets"]) == {"plain", "second"}


def test_a_receipt_is_what_a_consumer_needs_and_no_secret(declared: Declared) -> None:
    receipts = declared.outputs["translator"]["receipts"]
    assert SECRET not in json.dumps(receipts)
    dates = {"expiresAt": "2026-04-01T00:00:00Z", "nextRotationAt": "2026-01-31T00:00:00Z"}
    issued = {"keyId": "ajekey", "maskedSecret": "****abcdef", **dates}
    assert receipts == {
        "default": {**issued, "lockboxSecretId": "translator/default-id", "secretEntry": "api_key"},
        "first": {**issued, "lockboxSecretId": "translator/secret/shared-id", "secretEntry": "a"},
        "second": {**issued, "lockboxSecretId": "translator/secret/shared-id", "secretEntry": "api_key"},
        "plain": issued,
    }
    owned = run(component({**ACCOUNT, "owner": "support", "labels": {"env": "prod"}}))
    shown = owned.outputs["translator"]["receipts"]["default"]
    assert shown == {**receipts["default"], "owner": "support", "labels": {"env": "prod"}}
    told = STACK_FILE.read_text(encoding="utf-8").partition("\nA receipt:\n")[2].partition("\nWhat a key")[0]
    assert set(re.findall(r"`(\w+)`", told.replace("`deliver: output`", ""))) == shown.keys()


def owned(account: dict[str, Any], defaults: dict[str, Any] | None = None) -> Declared:
    return run(component({"name": "translator", **account}, defaults=defaults))


def test_a_key_says_its_owner_or_has_its_accounts_or_the_defaults() -> None:
    account = {"keys": keys("desk", owner="support") + keys("batch")}
    defaults = {"owner": "platform", "labels": {"env": "prod", "tier": "one"}}
    of_defaults, of_account = owned(account, defaults), owned({**account, "owner": "language"}, defaults)
    assert of_defaults.inputs["ServiceAccountKeys", "translator"]["owners"] == {"desk": "support", "batch": "platform"}
    assert of_account.inputs["ServiceAccountKeys", "translator"] == {
        "owner": "language",
        "owners": {"desk": "support", "batch": "language"},
    }
    secrets = {name: of_account.inputs["LockboxSecret", f"translator/{name}"]["labels"] for name in ("desk", "batch")}
    assert secrets == {
        "desk": {"env": "prod", "tier": "one", "owner": "support"},
        "batch": {"env": "prod", "tier": "one", "owner": "language"},
    }


def test_a_keys_labels_are_added_to_its_accounts_and_win_over_them() -> None:
    account = {"labels": {"env": "prod", "tier": "one"}, "kmsKey": True, "owner": "support"}
    declared = owned({**account, "keys": keys("desk", labels={"tier": "two", "desk": "front"})})
    labels = declared.inputs["LockboxSecret", "translator/desk"]["labels"]
    assert labels == {"env": "prod", "tier": "two", "desk": "front", "owner": "support"}
    assert declared.inputs["KmsSymmetricKey", "translator"]["labels"] == {
        "env": "prod",
        "tier": "one",
        "owner": "support",
    }


def test_a_shared_secret_has_the_labels_that_its_keys_agree_on_and_else_the_accounts() -> None:
    shared = {"secret": "shared", "labels": {"app": "shop"}}
    both = keys("orders", **shared, owner="shop") + keys("mailer", **shared, owner="marketing")
    of_account = owned({"owner": "platform", "keys": both}).inputs["LockboxSecret", "translator/secret/shared"]
    assert of_account["labels"] == {"owner": "platform", "app": "shop"}
    of_nobody = owned({"keys": both}).inputs["LockboxSecret", "translator/secret/shared"]
    assert of_nobody["labels"] == {"app": "shop"}


def test_an_account_that_has_been_read_is_read_again_as_the_same() -> None:
    said = {"name": "translator", "labels": {"owner": "shop"}, "keys": keys("desk", owner="support") + keys("batch")}
    [account] = parse({"owner": None, "labels": {"env": "prod"}}, [said]).accounts
    once, twice = run(component(account)), run(component(parse_account(account)))
    assert once.inputs == twice.inputs
    labels = [once.inputs["LockboxSecret", f"translator/{name}"]["labels"]["owner"] for name in ("desk", "batch")]
    assert labels == ["support", "shop"]


def test_what_has_no_owner_is_declared_as_it_was_before_there_were_any(declared: Declared) -> None:
    assert declared.inputs["ServiceAccountKeys", "translator"] == {}
    assert "labels" not in declared.inputs["LockboxSecret", "translator/default"]


GUARDED = ("ApiKey", "IamServiceAccount", "KmsSymmetricKey", "LockboxSecret")


def guarded(account: dict[str, Any], **options: Any) -> set[tuple[str, str]]:
    return {which for which, request in run(component(account, **options)).requests.items() if request.protect}


def test_a_protected_account_is_guarded_with_its_kms_key_secrets_and_keys_and_nothing_else_is() -> None:
    account = {**ACCOUNT, "kmsKey": True}
    declared = run(component(account))
    all_of_them = {which for which in declared.requests if which[0] in GUARDED}
    assert {kind for kind, _ in all_of_them} == set(GUARDED)
    assert guarded({**account, "protect": True}) == all_of_them
    assert guarded(account) == set()


def test_a_protected_key_is_guarded_with_the_secret_that_it_is_delivered_to() -> None:
    keys = [{"name": name, "uses": ["translate"]} for name in ("one", "two")]
    account = {"name": "translator", "keys": [{**keys[0], "protect": True}, keys[1]]}
    assert guarded(account) == {("ApiKey", "translator/one"), ("LockboxSecret", "translator/one")}


def test_what_protects_is_what_the_key_says_else_its_account_else_the_defaults() -> None:
    account = {**ACCOUNT, "kmsKey": True}
    all_of_them = guarded({**account, "protect": True})
    on = {"protect": True}
    assert guarded(account, defaults=on) == all_of_them
    assert guarded({**account, "protect": False}, defaults=on) == set()
    keys = [{"name": name, "uses": ["translate"]} for name in ("one", "two")]
    one = {("ApiKey", "translator/one"), ("LockboxSecret", "translator/one")}
    two = {("ApiKey", "translator/two"), ("LockboxSecret", "translator/two")}
    of_account = {("IamServiceAccount", "translator")}
    without = {"name": "translator", "keys": [{**keys[0], "protect": False}, keys[1]]}
    assert guarded(without, defaults=on) == guarded({**without, "protect": True}) == of_account | two
    only = {"name": "translator", "protect": False, "keys": [{**keys[0], "protect": True}, keys[1]]}
    assert guarded(only, defaults=on) == one
    # A secret goes with its last key; one that no key is delivered to is the account's.
    shared = [{**key, "secret": "both", "secretEntry": key["name"], "keyIdEntry": f"{key['name']}-id"} for key in keys]
    kept = {"name": "translator", "keys": [{**shared[0], "protect": False}, shared[1]], "secrets": ["translator-old"]}
    secrets = {name for kind, name in guarded(kept, defaults=on) if kind == "LockboxSecret"}
    assert secrets == {"translator/secret/both", "translator/old"}


def test_a_kms_key_of_its_own_encrypts_the_secrets_and_lets_the_readers_use_it() -> None:
    declared = run(component({**ACCOUNT, "kmsKey": True, "labels": {"team": "a"}, "deletionProtection": True}))
    assert declared.inputs["KmsSymmetricKey", "translator"]["name"] == "translator"
    assert declared.inputs["KmsSymmetricKeyIamBinding", "translator/readers"] == {
        "symmetricKeyId": "translator-id",
        "role": "kms.keys.encrypterDecrypter",
        "members": ["serviceAccount:translator-id", "serviceAccount:ajereader"],
    }
    secret = declared.inputs["LockboxSecret", "translator/default"]
    assert secret["kmsKeyId"] == "translator-id"
    assert secret["labels"] == {"team": "a"}
    assert secret["deletionProtection"] is True


def test_a_kms_key_that_exists_is_used_and_its_rights_are_left_alone() -> None:
    declared = run(component({**ACCOUNT, "kmsKey": "abjexisting"}))
    assert declared.inputs["LockboxSecret", "translator/default"]["kmsKeyId"] == "abjexisting"
    assert declared.names("KmsSymmetricKey") == declared.names("KmsSymmetricKeyIamBinding") == set()


def test_an_account_that_delivers_nothing_to_lockbox_has_no_secret_and_no_kms_key() -> None:
    keys = [{"name": "a", "uses": ["translate"], "deliver": "output"}]
    declared = run(component({"name": "plain", "readers": ["self"], "kmsKey": True, "keys": keys}))
    kinds = {kind for kind, _ in declared.requests if kind != "yandex-keys"}
    assert kinds == {"ServiceAccountKeys", "IamServiceAccount", "ResourcemanagerFolderIamMember", "ApiKey"}


def test_the_account_may_name_another_folder_than_the_program() -> None:
    declared = run(component(ACCOUNT, folder_id="b1gprogram"))
    assert declared.inputs["IamServiceAccount", "translator"]["folderId"] == "b1gprogram"
    assert declared.inputs["LockboxSecret", "translator/default"]["folderId"] == "b1gprogram"
    declared = run(component({**ACCOUNT, "folderId": "b1gaccount"}, folder_id="b1gprogram"))
    assert declared.inputs["IamServiceAccount", "translator"]["folderId"] == "b1gaccount"
    assert declared.inputs["ResourcemanagerFolderIamMember", "translator/viewer"]["folderId"] == "b1gaccount"


def test_a_renamed_key_is_known_by_its_old_name_and_so_is_its_secret() -> None:
    keys = [{**ACCOUNT["keys"][0], "name": "desk", "renamedFrom": "default"}]
    declared = run(component({**ACCOUNT, "keys": keys}))
    assert declared.aliases("ApiKey", "translator/desk") == {"translator/default"}
    assert declared.aliases("LockboxSecret", "translator/desk") == {"translator/default"}
    assert declared.aliases("LockboxSecretIamMember", "translator/desk/self") == {"translator/default/self"}
    assert declared.inputs["LockboxSecret", "translator/desk"]["name"] == "translator-desk"


def keys(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [
        {"name": name, "uses": ["translate"], "secretEntry": name, "keyIdEntry": f"{name}.id", **more} for name in names
    ]


def secrets_of(account: dict[str, Any]) -> dict[str, tuple[str, set[str]]]:
    """By name in Lockbox: the child that each secret of the account is, and what that was before."""
    declared = run(component({"name": "translator", **account}, name="translator"))
    children = declared.names("LockboxSecret")
    return {
        declared.inputs["LockboxSecret", child]["name"]: (child, declared.aliases("LockboxSecret", child))
        for child in children
    }


def test_a_secret_that_stays_is_the_child_that_it_was_when_a_key_was_delivered_there() -> None:
    with_key = secrets_of({"keys": keys("default")})
    assert secrets_of({"keys": [], "secrets": ["translator-default"]})["translator-default"][0] == "translator/default"
    assert with_key == {"translator-default": ("translator/default", set())}
    moved = secrets_of({"keys": keys("default", secret="shared"), "secrets": ["translator-default"]})
    assert moved == {
        "shared": ("translator/secret/shared", set()),
        "translator-default": ("translator/default", set()),
    }


def test_a_secret_that_stays_has_the_accounts_readers_and_its_own_kms_key() -> None:
    account = {"name": "translator", "readers": ["self"], "kmsKey": True, "keys": [], "secrets": ["kept"]}
    declared = run(component(account))
    assert declared.names("LockboxSecretIamMember") == {"translator/secret/kept/self"}
    assert declared.inputs["LockboxSecret", "translator/secret/kept"]["kmsKeyId"] == "translator-id"


def test_a_renamed_key_that_keeps_its_secret_by_name_keeps_the_child() -> None:
    renamed = keys("desk", renamedFrom="default", secret="translator-default")
    assert secrets_of({"keys": renamed})["translator-default"][0] == "translator/default"


def test_a_renamed_key_whose_old_secret_stays_gets_a_new_one() -> None:
    renamed = keys("desk", renamedFrom="default")
    assert secrets_of({"keys": renamed, "secrets": ["translator-default"]}) == {
        "translator-desk": ("translator/desk", set()),
        "translator-default": ("translator/default", {"translator/secret/translator-default"}),
    }


def test_a_secret_keeps_its_child_where_the_account_is_renamed_and_the_secret_is_not() -> None:
    account = {"renamedFrom": "old", "keys": keys("default", secret="old-default")}
    assert secrets_of(account) == {"old-default": ("translator/secret/old-default", {"translator/default"})}


def test_a_renamed_account_is_known_by_its_old_name() -> None:
    # Its children's names begin with its own, so the engine finds them by their parent's alias.
    declared = run(component({**ACCOUNT, "name": "interpreter", "renamedFrom": "translator"}, name="interpreter"))
    assert declared.aliases("ServiceAccountKeys", "interpreter") == {"translator"}
    assert {name for _, name in declared.requests if not name.startswith("interpreter")} == {"yandex-keys"}


def accounts(*written: dict[str, Any]) -> Declared:
    spec = parse(None, [{"keys": keys("default"), **account} for account in written])
    return run(lambda: declare(spec.accounts) and None)


def test_accounts_that_read_each_others_secrets_get_each_others_ids() -> None:
    declared = accounts(
        {"name": "shop", "readers": ["account:desk"], "kmsKey": True},
        {"name": "desk", "readers": ["self", "account:shop"]},
    )
    members = {
        name: inputs["member"] for (kind, name), inputs in declared.inputs.items() if kind == "LockboxSecretIamMember"
    }
    assert members == {
        "shop/default/account:desk": "serviceAccount:desk-id",
        "desk/default/self": "serviceAccount:desk-id",
        "desk/default/account:shop": "serviceAccount:shop-id",
    }
    assert declared.inputs["KmsSymmetricKeyIamBinding", "shop/readers"]["members"] == ["serviceAccount:desk-id"]
    assert "desk" in declared.depends_on("LockboxSecretIamMember", "shop/default/account:desk")


def test_a_reader_stays_the_same_where_its_account_is_renamed() -> None:
    renamed = [{**key, "renamedFrom": "first"} for key in keys("default")]
    declared = accounts(
        {"name": "shop", "readers": ["account:desk"], "keys": renamed}, {"name": "desk", "renamedFrom": "table"}
    )
    assert declared.aliases("LockboxSecretIamMember", "shop/default/account:desk") == {
        "shop/default/account:table",
        "shop/first/account:desk",
        "shop/first/account:table",
    }


def test_a_program_gives_a_component_the_accounts_that_may_read_its_secrets() -> None:
    def program() -> None:
        desk = ServiceAccountKeys("desk", {"name": "desk", "keys": []})
        shop = {"name": "shop", "keys": keys("default"), "readers": ["account:desk"]}
        ServiceAccountKeys("shop", shop, accounts={"desk": desk})

    declared = run(program)
    assert declared.inputs["LockboxSecretIamMember", "shop/default/account:desk"]["member"] == "serviceAccount:desk-id"


def test_an_account_that_cannot_be_declared_leaves_none_that_waits_for_it() -> None:
    reasons = []

    def program() -> None:
        first, second = parse(
            None, [{"name": "shop", "keys": keys("default"), "readers": ["account:desk"]}, {"name": "desk", "keys": []}]
        ).accounts
        try:
            declare([first, second.model_copy(update={"readers": ("account:nobody",)})])
        except SpecError as error:
            reasons.append(error)

    run(program)
    assert reasons


def test_the_callers_options_are_the_components_own() -> None:
    opts = pulumi.ResourceOptions(ignore_changes=["scopes"], aliases=[pulumi.Alias(name="before")])
    declared = run(component(ACCOUNT, opts=opts))
    assert declared.aliases("ServiceAccountKeys", "translator") == {"before"}
    for (kind, _), request in declared.requests.items():
        if kind != "ServiceAccountKeys":
            assert not request.ignoreChanges
            assert not request.aliases


def test_an_account_is_removed_before_one_of_its_name_is_made(declared: Declared) -> None:
    assert declared.requests["IamServiceAccount", "translator"].deleteBeforeReplace


def test_a_program_may_build_the_account_in_python() -> None:
    spec = AccountSpec(
        name="translator", readers=("self",), keys=(KeySpec(name="default", uses=("translate",), rotate_every="20d"),)
    )
    declared = run(component(spec, name="mine", defaults={"overlap": "5d"}))
    key = declared.inputs["ApiKey", "mine/default"]
    assert (key["rotateEvery"], key["overlap"]) == ("20d", "5d")


def test_a_wrong_account_declares_nothing() -> None:
    reasons = []

    def program() -> None:
        try:
            ServiceAccountKeys("translator", {"name": "No", "keys": [{"name": "a"}]})
        except SpecError as error:
            reasons.append(error)

    declared = run(program)
    assert not declared.requests
    assert len(reasons[0].problems) == 2
    # So whoever runs a program shows the lines, and no traceback.
    assert isinstance(reasons[0], pulumi.RunError)
    assert str(reasons[0]).startswith("the account of translator has 2 problems:\n  name: ")


def test_an_existing_resource_is_read_by_its_id() -> None:
    found: list[Any] = []

    def program() -> None:
        found.append(ApiKey.get("key", "the-id").id.apply(found.append))
        LockboxSecret.get("secret", "the-secret")
        LockboxSecretIamMember.get("member", "the-member")

    run(program)
    assert "the-id" in found


def test_a_resource_without_its_arguments_says_so() -> None:
    with pytest.raises(TypeError, match="Missing required property 'scopes'"):
        ApiKey("key")


def test_an_explicit_provider_keeps_its_credentials_secret() -> None:
    def program() -> None:
        Provider("mine", ProviderArgs(endpoint="api.cloud.yandex.net:443", token="t1.secret"))

    inputs = run(program).inputs["yandex-keys", "mine"]
    assert inputs["endpoint"] == "api.cloud.yandex.net:443"
    assert secret_value(inputs["token"]) == "t1.secret"
