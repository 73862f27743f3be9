"""What a user sees of a stack from its first `up` to its `destroy`: the real engine, the real plugin, a cloud in a process of its own."""

from __future__ import annotations

from typing import Any

from cli.checkpoint_files import opened
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

TRANSLATOR: dict[str, Any] = {
    "name": "translator",
    "readers": ["self"],
    "keys": [{"name": "default", "uses": ["translate"]}],
}
SCOPES = ["yc.ai.translate.execute", "yc.ai.vision.execute"]
NIGHTLY: dict[str, Any] = {
    "name": "nightly",
    "keys": [{"name": "batch", "uses": ["text-generation"], "deliver": "output"}],
}


def test_up_issues_scoped_expiring_keys_and_delivers_each_secret(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up([TRANSLATOR, NIGHTLY])
    receipt = stack.receipt("translator/default")
    (key,) = cloud.live_keys("translator")
    assert (key["id"], key["scopes"]) == (receipt["keyId"], ["yc.ai.translate.execute"])
    assert key["expiresAt"].startswith(receipt["expiresAt"][:16])
    assert cloud.entries(receipt["lockboxSecretId"]) == {"api_key": key["secret"], "api_key_id": key["id"]}
    assert cloud.use("translate", key["secret"]) == 200
    assert cloud.use("vision", key["secret"]) == 403
    (output,) = cloud.live_keys("nightly")
    assert stack.outputs(secrets=True)["secrets"] == {"nightly/batch": output["secret"]}
    assert stack.outputs()["secrets"] == {"nightly/batch": "[secret]"}


def test_a_second_up_and_its_preview_change_nothing_and_call_nothing(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up([TRANSLATOR, NIGHTLY])
    cloud.forget_calls()
    preview = stack.run("preview", "--expect-no-changes")
    assert "Outputs:" not in preview  # not even a receipt shows as changed
    up = stack.up("--expect-no-changes")
    assert cloud.calls() == {}
    assert "rotates" not in preview + up


def test_scopes_description_and_lifetime_change_in_place_and_the_secret_stays(stack: Stack, cloud: LocalCloud) -> None:
    key = {"name": "default", "scopes": SCOPES, "lifetime": "60d", "rotateEvery": "30d"}
    stack.bring_up([{"name": "translator", "keys": [key]}])
    before, receipt = cloud.live_keys("translator")[0], stack.receipt("translator/default")
    changed = {**key, "scopes": ["yc.ai.speechkitTts.execute", "yc.ai.translate.execute"], "lifetime": "80d"}
    stack.write([{"name": "translator", "keys": [{**changed, "description": "reads menus"}]}])
    cloud.forget_calls()
    printed = stack.up()
    (after,) = cloud.live_keys("translator")
    assert (after["id"], after["secret"]) == (before["id"], before["secret"])
    assert sorted(after["scopes"]) == ["yc.ai.speechkitTts.execute", "yc.ai.translate.execute"]
    assert after["description"].startswith("reads menus [")
    assert after["expiresAt"] > before["expiresAt"]
    assert cloud.calls() == {"ApiKeyService/Update": 1}
    assert "in place: " in printed
    assert "; its secret stays" in printed
    assert stack.receipt("translator/default")["nextRotationAt"] == receipt["nextRotationAt"]


def test_scopes_in_another_order_are_no_change(stack: Stack) -> None:
    key = {"name": "default", "scopes": SCOPES, "lifetime": "60d", "rotateEvery": "30d"}
    stack.bring_up([{"name": "translator", "keys": [key]}])
    stack.write([{"name": "translator", "keys": [{**key, "scopes": SCOPES[::-1]}]}])
    code, printed = stack.attempt("preview", "--expect-no-changes")
    assert code == 0, printed


def test_a_key_is_added_and_removed_and_the_others_stay(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up([TRANSLATOR])
    (first,) = cloud.live_keys("translator")
    second = {"name": "extra", "uses": ["vision"]}
    stack.write([{**TRANSLATOR, "keys": [*TRANSLATOR["keys"], second]}])
    cloud.forget_calls()
    stack.up()
    mine = ("ApiKeyService/", "SecretService/")
    created = {
        method: count for method, count in cloud.calls().items() if method.startswith(mine) and "Access" not in method
    }
    assert sum(created.values()) <= 4, created
    assert len(cloud.live_keys("translator")) == 2
    stack.write([TRANSLATOR])
    stack.up()
    assert [key["id"] for key in cloud.live_keys("translator")] == [first["id"]]


def test_an_output_key_moved_to_lockbox_and_back_is_reissued_with_overlap(stack: Stack, cloud: LocalCloud) -> None:
    def deliver(where: str) -> None:
        stack.write([{"name": "nightly", "keys": [{"name": "batch", "uses": ["translate"], "deliver": where}]}])
        stack.up()

    deliver("output")
    (first,) = cloud.live_keys("nightly")
    deliver("lockbox")
    receipt = stack.receipt("nightly/batch")
    assert receipt["keyId"] != first["id"]
    entries = cloud.entries(receipt["lockboxSecretId"])
    assert cloud.use("translate", first["secret"]) == cloud.use("translate", entries["api_key"]) == 200
    assert first["secret"] not in str(stack.outputs(secrets=True))
    deliver("output")
    assert cloud.use("translate", entries["api_key"]) == 200
    assert cloud.use("translate", stack.outputs(secrets=True)["secrets"]["nightly/batch"]) == 200
    assert len(cloud.live_keys("nightly")) == 3


def test_keys_that_share_a_secret_keep_each_others_entries(stack: Stack, cloud: LocalCloud) -> None:
    keys = [
        {"name": name, "uses": ["translate"], "secret": "shared", "secretEntry": name, "keyIdEntry": f"{name}_id"}
        for name in ("red", "green", "blue")
    ]
    stack.write([{"name": "painter", "keys": keys}])
    stack.up()
    (secret_id,) = {stack.receipt(f"painter/{name}")["lockboxSecretId"] for name in ("red", "green", "blue")}
    entries = cloud.entries(secret_id)
    secrets = {key["id"]: key["secret"] for key in cloud.live_keys("painter")}
    assert {secrets[entries[f"{name}_id"]] == entries[name] for name in ("red", "green", "blue")} == {True}
    stack.write([{"name": "painter", "keys": keys[:2]}])
    stack.up()
    assert set(cloud.entries(secret_id)) == {"red", "red_id", "green", "green_id"}


def test_destroy_leaves_an_empty_cloud(stack: Stack, cloud: LocalCloud) -> None:
    empty = cloud.state()
    stack.write([{**TRANSLATOR, "kmsKey": True}, NIGHTLY])
    stack.up()
    stack.destroy()
    left = cloud.state()
    for kind in ("serviceAccounts", "apiKeys", "secrets", "accessBindings"):
        assert left[kind] == empty[kind], kind


def test_no_secret_is_in_plain_text_anywhere(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([TRANSLATOR, NIGHTLY])
    stack.run("preview", "--json", "--diff")
    stack.up()
    stack.run("preview", "--json")
    stack.write([{**TRANSLATOR, "keys": [{**TRANSLATOR["keys"][0], "reissue": "again"}]}, NIGHTLY])
    stack.up()
    stack.refresh()
    stack.run("stack", "export")
    secrets = [key["secret"] for key in cloud.state()["apiKeys"]]
    assert len(secrets) == 3
    assert not [secret for secret in secrets for text in everything_written(stack) if secret in text]


def test_not_even_the_engines_most_talkative_log_has_a_secret_that_went_to_lockbox(
    stack: Stack, cloud: LocalCloud
) -> None:
    stack.write([TRANSLATOR])
    stack.up("--logtostderr", "-v=9")
    (key,) = cloud.live_keys()
    assert not [text for text in everything_written(stack) if key["secret"] in text]


def everything_written(stack: Stack) -> list[str]:
    """What the runs printed, and every file of the backend."""
    files = (path for path in (stack.directory / "state").rglob("*") if path.is_file())
    written = [opened(path.read_bytes()).decode(errors="replace") for path in files]
    assert [text for text in written if '"checkpoint"' in text], "no state was looked into"
    return [*stack.printed, *written]


def test_an_input_that_the_user_marked_secret_is_encrypted_in_the_state(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([])
    (stack.directory / "__main__.py").write_text(
        "import components, pulumi\nfrom pulumi_yandex_keys import LockboxSecret\n"
        "LockboxSecret('vault', description=pulumi.Output.secret('the merger'))\n"
    )
    stack.up()
    stack.refresh()
    assert cloud.state()["secrets"][0]["description"] == "the merger"
    assert not [text for text in everything_written(stack) if "the merger" in text]


def test_a_new_owner_is_told_everywhere_and_no_key_and_no_secret_is_another(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up([TRANSLATOR])
    before, receipt = cloud.live_keys("translator"), stack.receipt("translator/default")
    marks = labels_of(cloud, receipt["lockboxSecretId"])
    stack.write([{**TRANSLATOR, "owner": "support-team"}], {"labels": {"env": "prod"}})
    assert "support-team" in stack.preview()
    cloud.forget_calls()
    stack.up()
    assert cloud.live_keys("translator") == before
    assert not {name for name in cloud.calls() if name.startswith("ApiKeyService/")}
    assert stack.receipt("translator/default") == receipt | {"owner": "support-team", "labels": {"env": "prod"}}
    assert labels_of(cloud, receipt["lockboxSecretId"]) == marks | {"owner": "support-team", "env": "prod"}
    stack.up("--expect-no-changes")


def labels_of(cloud: LocalCloud, secret_id: str) -> dict[str, str]:
    (secret,) = (it for it in cloud.state()["secrets"] if it["id"] == secret_id)
    return dict(secret["labels"])
