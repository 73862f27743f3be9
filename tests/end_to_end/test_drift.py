"""Refresh tells the truth, `up` repairs, and `import` adopts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.support.colleague import call
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

TRANSLATOR: dict[str, Any] = {"name": "translator", "keys": [{"name": "default", "uses": ["translate"]}]}


def test_a_key_deleted_behind_our_back_is_replaced_by_the_next_up(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up([TRANSLATOR])
    (gone,) = cloud.live_keys("translator")
    call(cloud, "ApiKeyService/Delete", api_key_id=gone["id"])
    stack.refresh()
    printed = stack.up()
    (key,) = cloud.live_keys("translator")
    receipt = stack.receipt("translator/default")
    assert f"key {gone['id']} is gone" in printed
    assert receipt["keyId"] == key["id"] != gone["id"]
    assert cloud.entries(receipt["lockboxSecretId"])["api_key"] == key["secret"]
    stack.run("preview", "--expect-no-changes")


def test_a_key_changed_behind_our_back_is_put_right_in_place(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up([TRANSLATOR])
    (before,) = cloud.live_keys("translator")
    call(
        cloud,
        "ApiKeyService/Update",
        api_key_id=before["id"],
        scopes=["yc.ai.vision.execute"],
        expires_at="2030-01-01T00:00:00Z",
        update_mask="scopes,expiresAt",
    )
    stack.run("preview", "--expect-no-changes")
    assert "yc.ai.vision.execute" in stack.run("refresh", "--yes", "--skip-preview", "--diff")
    stack.up()
    (after,) = cloud.live_keys("translator")
    same = ("id", "secret", "scopes")
    assert [after[name] for name in same] == [before[name] for name in same]
    moved = datetime.fromisoformat(after["expiresAt"]) - datetime.fromisoformat(before["expiresAt"])
    assert abs(moved) < timedelta(minutes=5)  # a lifetime after the issue again, to what the first run itself took
    stack.run("preview", "--expect-no-changes")


def test_refresh_lists_once_an_account_and_reads_two_secrets_by_id_and_the_others_from_their_folder(
    stack: Stack, cloud: LocalCloud
) -> None:
    keys = [{"name": f"key{number}", "uses": ["translate"]} for number in range(4)]
    stack.write([{"name": "translator", "keys": keys}])
    stack.up()
    cloud.forget_calls()
    stack.refresh()
    calls = cloud.calls()
    assert calls["ApiKeyService/List"] == 1
    assert calls["SecretService/List"] == 1
    assert 2 <= calls["SecretService/Get"] <= 3
    assert {
        method
        for method in calls
        if method.startswith(("ApiKeyService/", "SecretService/")) and "Bindings" not in method
    } == {
        "ApiKeyService/List",
        "SecretService/Get",
        "SecretService/List",
    }


def test_of_many_secrets_refresh_sees_the_one_that_was_emptied_and_the_one_that_is_gone(
    stack: Stack, cloud: LocalCloud
) -> None:
    keys = [{"name": f"key{number}", "uses": ["translate"]} for number in range(6)]
    stack.write([{"name": "translator", "keys": keys}])
    stack.up()
    secrets = {name: stack.receipt(f"translator/{name}")["lockboxSecretId"] for name in ("key2", "key4")}
    empty = [{"key": name, "text_value": ""} for name in ("api_key", "api_key_id")]
    entries = [*empty, {"key": "x", "text_value": "y"}]
    call(cloud, "SecretService/AddVersion", secret_id=secrets["key2"], payload_entries=entries)
    call(cloud, "SecretService/Delete", secret_id=secrets["key4"])
    printed = stack.refresh()
    assert f"of Lockbox secret {secrets['key2']} has no entry api_key and no api_key_id" in printed
    assert f"Lockbox secret {secrets['key4']} is gone" in printed
    # Two keys and a secret, and nothing of the others.
    assert "~ 2 updated" in printed
    assert "- 1 deleted" in printed
    stack.up()
    for name in secrets:
        receipt = stack.receipt(f"translator/{name}")
        assert cloud.entries(receipt["lockboxSecretId"])["api_key_id"] == receipt["keyId"]
    stack.run("preview", "--expect-no-changes")


def test_a_lockbox_secret_emptied_behind_our_back_gets_a_new_key(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up([TRANSLATOR])
    secret_id = stack.receipt("translator/default")["lockboxSecretId"]
    entries = [
        {"key": "api_key", "text_value": ""},
        {"key": "api_key_id", "text_value": ""},
        {"key": "x", "text_value": "y"},
    ]
    call(cloud, "SecretService/AddVersion", secret_id=secret_id, payload_entries=entries)
    # It says what was found, and not what it carries out nothing of.
    assert "rotates:" not in stack.refresh()
    assert "rotates: Lockbox gives consumers something else" in stack.up()
    key_id = stack.receipt("translator/default")["keyId"]
    assert cloud.entries(secret_id)["api_key_id"] == key_id


def test_a_key_made_by_hand_is_imported_and_the_next_up_rotates_it_with_overlap(
    stack: Stack, cloud: LocalCloud
) -> None:
    stack.bring_up([TRANSLATOR])
    account = stack.outputs()["serviceAccounts"]["translator"]
    made = call(cloud, "ApiKeyService/Create", service_account_id=account, scopes=["yc.ai.vision.execute"])
    hand, secret = made["api_key"]["id"], made["secret"]
    program = stack.directory / "__main__.py"
    extra = (
        "\nfrom pulumi_yandex_keys import ApiKey, LockboxArgs, LockboxSecret"
        "\nfolder = LockboxSecret('by-hand')"
        f"\nby_hand = ApiKey('by-hand', service_account_id='{account}', scopes=['yc.ai.vision.execute'],"
        "\n    lockbox=LockboxArgs(secret_id=folder.id), opts=pulumi.ResourceOptions({imported}))"
        "\npulumi.export('byHand', by_hand.key_id)\n"
    )
    original = program.read_text()
    program.write_text(original + extra.replace("{imported}", f"import_='{hand}'"))
    stack.up()
    assert stack.outputs()["byHand"] == hand
    program.write_text(original + extra.replace("{imported}", ""))
    printed = stack.up()
    adopted = stack.outputs()["byHand"]
    assert adopted != hand
    assert "adopted by import" in printed
    assert cloud.use("vision", secret) in (200, 403)
    assert hand in {key["id"] for key in cloud.live_keys("translator")}
    stack.run("preview", "--expect-no-changes")
