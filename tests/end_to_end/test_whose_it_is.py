"""What other states, people and killed runs have made, through the real engine: nothing is taken, nothing left behind."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.support.colleague import call
from tests.support.forked_python import forked_python
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

TRANSLATOR: dict[str, Any] = {
    "name": "translator",
    "kmsKey": True,
    "readers": ["self"],
    "keys": [{"name": "default", "uses": ["translate"]}],
}
KINDS = ("serviceAccounts", "apiKeys", "secrets", "symmetricKeys", "accessBindings")


def things(cloud: LocalCloud) -> dict[str, Any]:
    """What lives in the cloud, but for when it was last used."""
    state = cloud.state()
    return {
        kind: [{name: value for name, value in item.items() if name != "lastUsedAt"} for item in state[kind]]
        for kind in KINDS
        if kind in state
    }


def import_command(printed: str) -> list[str]:
    """The command that an error gives, without the program's name."""
    found = re.search(r"run `pulumi (import [^`]+)`", printed)
    assert found is not None, printed
    return shlex.split(found[1])


def second_backend(tmp_path: Path, cloud: LocalCloud) -> Stack:
    """The same project and stack, in a backend of its own."""
    return Stack(tmp_path / "second", cloud, python=forked_python())


def test_a_second_backend_fails_on_the_accounts_name_and_neither_up_nor_destroy_changes_anything(
    tmp_path: Path, stack: Stack, cloud: LocalCloud
) -> None:
    stack.bring_up([TRANSLATOR])
    before = things(cloud)
    second = second_backend(tmp_path, cloud)
    second.write([TRANSLATOR])
    failed, printed = second.attempt("up", "--yes", "--skip-preview")
    assert failed
    account = before["serviceAccounts"][-1]["id"]
    assert f"it is {account}, and another stack, or another resource of this one, made it" in printed
    assert import_command(printed)[:4] == [
        "import",
        "yandex:index/iamServiceAccount:IamServiceAccount",
        "translator",
        account,
    ]
    assert things(cloud) == before
    second.destroy()
    assert things(cloud) == before
    cloud.forget_calls()
    stack.up("--expect-no-changes")
    assert cloud.calls() == {}


def test_an_account_that_was_made_by_hand_is_imported_by_the_printed_command_and_up_goes_on(
    stack: Stack, cloud: LocalCloud
) -> None:
    stack.write([TRANSLATOR])
    made = call(
        cloud,
        "ServiceAccountService/Create",
        folder_id=cloud.ready["folderId"],
        name="translator",
        description="by hand",
        labels={"team": "support"},
    )
    failed, printed = stack.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert "it was made by hand" in printed
    stack.run(*import_command(printed), more={"PULUMI_SKIP_CONFIRMATIONS": "true"})
    cloud.forget_calls()
    stack.up()
    assert not [method for method in cloud.calls() if method == "ServiceAccountService/Create"]
    (account,) = [item for item in cloud.state()["serviceAccounts"] if item["name"] == "translator"]
    assert account["id"] == made["response"]["id"]
    assert account["labels"] == {"team": "support"}
    imported = next(item for item in stack.resources() if item["type"].endswith(":IamServiceAccount"))
    assert not imported.get("protect")
    receipt = stack.receipt("translator/default")
    assert cloud.use("translate", cloud.entries(receipt["lockboxSecretId"])["api_key"]) == 200
    stack.run("preview", "--expect-no-changes")
    stack.destroy()
    assert not [item for item in cloud.state()["serviceAccounts"] if item["name"] == "translator"]


def test_an_account_of_a_lost_state_is_imported_and_its_keys_live_on(
    tmp_path: Path, stack: Stack, cloud: LocalCloud
) -> None:
    stack.bring_up([TRANSLATOR])
    (key,) = cloud.live_keys("translator")
    second = second_backend(tmp_path, cloud)
    second.write([TRANSLATOR])
    _, printed = second.attempt("up", "--yes", "--skip-preview")
    second.run(*import_command(printed), more={"PULUMI_SKIP_CONFIRMATIONS": "true"})
    second.up()
    assert key["id"] in {item["id"] for item in cloud.live_keys("translator")}
    assert cloud.use("translate", key["secret"]) == 200
    second.run("preview", "--expect-no-changes")


@pytest.mark.parametrize("method", ["ServiceAccountService/Create", "SecretService/Create"])
def test_a_run_that_was_killed_while_it_made_something_leaves_no_second_one(
    stack: Stack, cloud: LocalCloud, method: str
) -> None:
    stack.write([TRANSLATOR])
    cloud.hold(method, "after")
    with stack.with_ordinary_python():
        running = stack.start("up", "--yes", "--skip-preview")
        assert cloud.holds_a_call(running)
        made = things(cloud)
        stack.kill(running)
    cloud.clear_faults()
    stack.run("cancel", "--yes")
    cloud.forget_calls()
    printed = stack.up()
    assert "an interrupted run made it for this resource" in printed
    assert not {"ServiceAccountService/List", "SecretService/List", "SymmetricKeyService/List"} & cloud.calls().keys()
    after = things(cloud)
    for kind in ("serviceAccounts", "secrets", "symmetricKeys"):
        before = {item["id"] for item in made.get(kind, ())}
        assert before <= {item["id"] for item in after.get(kind, ())}, kind
    assert len([item for item in after["serviceAccounts"] if item["name"] == "translator"]) == 1
    assert len(after["secrets"]) == 1
    stack.run("preview", "--expect-no-changes")
    stack.destroy()
    left = things(cloud)
    assert left["secrets"] == []
    assert not [item for item in left["serviceAccounts"] if item["name"] == "translator"]


@pytest.mark.parametrize("kind", ["IamServiceAccount", "LockboxSecret"])
def test_a_replacement_that_the_user_asked_for_leaves_what_consumers_read(
    stack: Stack, cloud: LocalCloud, kind: str
) -> None:
    stack.bring_up([TRANSLATOR])
    urn = next(item["urn"] for item in stack.resources() if item["type"].endswith(kind))
    stack.run("up", "--yes", "--skip-preview", "--target-replace", urn, "--target-dependents")
    stack.up()
    receipt = stack.receipt("translator/default")
    assert cloud.use("translate", cloud.entries(receipt["lockboxSecretId"])["api_key"]) == 200
    assert len([item for item in cloud.state()["serviceAccounts"] if item["name"] == "translator"]) == 1
    stack.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    stack.destroy()
    assert cloud.live_keys() == []


def test_the_kms_key_of_a_protected_secret_is_refused_in_preview_and_the_way_that_it_names_works(
    stack: Stack, cloud: LocalCloud
) -> None:
    protected = {**TRANSLATOR, "kmsKey": False, "deletionProtection": True}
    stack.write([protected])
    stack.up()
    before = things(cloud)
    stack.write([{**protected, "kmsKey": True}])
    for arguments in (["preview"], ["up", "--yes", "--skip-preview"]):
        failed, printed = stack.attempt(*arguments)
        assert failed
        assert "kmsKeyId: can't change while Lockbox secret translator-default is protected" in printed
        assert "declare another account with this change beside it" in printed
        assert "set deletionProtection to false and run `pulumi up`, then make this change" in printed
    assert things(cloud)["secrets"] == before["secrets"]
    stack.write([{**protected, "deletionProtection": False}])
    stack.up()
    stack.write([{**TRANSLATOR, "kmsKey": True}])
    said = " ".join(stack.run("preview").split())
    left = before["secrets"][0]["id"]
    assert (
        f"warning: is replaced by one with another id, as kmsKeyId can't change in place: who reads {left} gets" in said
    )
    assert (
        f"moves away from Lockbox secret {left} (entry api_key), which is replaced: who reads it gets nothing" in said
    )
    assert "`secrets:`" not in said, "it keeps a secret that no key is delivered to, not one that is replaced"
    stack.up()
    receipt = stack.receipt("translator/default")
    assert cloud.use("translate", cloud.entries(receipt["lockboxSecretId"])["api_key"]) == 200
    (secret,) = cloud.state()["secrets"]
    assert secret["id"] == receipt["lockboxSecretId"] != before["secrets"][0]["id"]
    stack.write([{**TRANSLATOR, "kmsKey": True, "deletionProtection": True}])
    stack.up()
    stack.run("preview", "--expect-no-changes")


def test_consumers_of_a_protected_secret_come_to_one_under_a_kms_key_without_a_gap_as_its_refusal_says(
    stack: Stack, cloud: LocalCloud
) -> None:
    old = {**TRANSLATOR, "kmsKey": False, "deletionProtection": True}
    new = {**TRANSLATOR, "name": "interpreter", "kmsKey": True}
    stack.write([old])
    stack.up()

    def works(key: str) -> bool:
        return cloud.use("translate", cloud.entries(stack.receipt(key)["lockboxSecretId"])["api_key"]) == 200

    left = stack.receipt("translator/default")
    stack.write([old, new])
    stack.up()
    assert stack.receipt("translator/default") == left
    assert works("translator/default")
    assert works("interpreter/default")
    stack.write([{**old, "deletionProtection": False}, new])
    stack.up()
    assert works("translator/default")
    stack.write([new])
    stack.up()
    assert works("interpreter/default")
    (secret,) = cloud.state()["secrets"]
    assert secret["kmsKeyId"]


def test_a_key_that_was_made_by_hand_is_adopted_as_the_page_says(stack: Stack, cloud: LocalCloud) -> None:
    """docs/adopting-keys.md: declare it, import it under its account, `up`."""
    stack.bring_up([TRANSLATOR])
    account = stack.outputs()["serviceAccounts"]["translator"]
    by_hand = call(
        cloud,
        "ApiKeyService/Create",
        service_account_id=account,
        description="by hand",
        scopes=["yc.ai.translate.execute"],
    )
    key_id, secret = by_hand["api_key"]["id"], by_hand["secret"]
    keys = [*TRANSLATOR["keys"], {"name": "byhand", "uses": ["translate"]}]
    stack.write([{**TRANSLATOR, "keys": keys}])
    urns = {item["type"]: item["urn"] for item in stack.resources()}
    stack.run(
        "import",
        "yandex-keys:index:ApiKey",
        "translator/byhand",
        key_id,
        "--parent",
        f"translator={urns['yandex-keys:index:ServiceAccountKeys']}",
        "--provider",
        f"yandex-keys={urns['pulumi:providers:yandex-keys']}",
        "--generate-code=false",
        "--protect=false",
        more={"PULUMI_SKIP_CONFIRMATIONS": "true"},
    )
    stack.up()
    receipt = stack.receipt("translator/byhand")
    assert receipt["keyId"] != key_id
    assert [it["keyId"] for it in stack.key("translator/byhand")["previous"]] == [key_id]
    assert cloud.use("translate", secret) == 200
    assert cloud.use("translate", cloud.entries(receipt["lockboxSecretId"])["api_key"]) == 200
    stack.run("preview", "--expect-no-changes")
