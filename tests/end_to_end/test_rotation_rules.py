"""The nine rules of rotation, each as what a user sees of it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.colleague import call
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

MONTHLY: dict[str, Any] = {"name": "default", "uses": ["translate"]}
YEARLY: dict[str, Any] = {
    "name": "slow",
    "uses": ["translate"],
    "lifetime": "400d",
    "rotateEvery": "365d",
    "overlap": "7d",
}


def account(*keys: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"name": "translator", "keys": list(keys) or [MONTHLY], **more}]


def test_rule_1_a_due_rotation_shows_in_the_preview_with_its_reason_though_no_input_changed(
    stack: Stack, cloud: LocalCloud
) -> None:
    stack.write(account(MONTHLY, YEARLY))
    stack.up()
    before = {name: stack.receipt(f"translator/{name}")["keyId"] for name in ("default", "slow")}
    cloud.advance("31d")
    preview = stack.preview()
    assert f"key {before['default']} is 31 days old" in preview
    assert "rotates: due since" in preview
    assert before["slow"] not in preview.split("rotates: due since")[1].split("\n")[0]
    assert len(cloud.live_keys()) == 2
    cloud.forget_calls()
    printed = stack.up()
    assert "rotates: due since" in printed
    assert sum(cloud.calls().values()) <= 4, cloud.calls()
    after = {name: stack.receipt(f"translator/{name}")["keyId"] for name in ("default", "slow")}
    assert after["default"] != before["default"]
    assert after["slow"] == before["slow"]
    cloud.forget_calls()
    stack.up("--expect-no-changes")
    assert cloud.calls() == {}


def test_rule_2_daily_runs_rotate_once_a_period_and_missed_runs_catch_up_with_one(
    stack: Stack, cloud: LocalCloud
) -> None:
    stack.write(account({**MONTHLY, "lifetime": "10d", "rotateEvery": "2d", "overlap": "1d"}))
    stack.up()
    generations = []
    for step in ("25h", "25h", "25h", "25h", "9d"):
        cloud.advance(step)
        stack.up()
        generations.append(stack.key("translator/default")["generation"])
    assert generations == [1, 2, 2, 3, 4]


def test_rule_3_the_overlap_ends_on_time_though_nobody_runs_up(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up(account())
    (old,) = cloud.live_keys()
    cloud.advance("31d")
    stack.up()
    (new,) = (key for key in cloud.live_keys() if key["id"] != old["id"])
    assert cloud.use("translate", old["secret"]) == cloud.use("translate", new["secret"]) == 200
    cloud.advance("8d")
    assert cloud.use("translate", old["secret"]) == 401
    assert cloud.use("translate", new["secret"]) == 200
    assert f"retires key {old['id']}" in stack.up()
    state = cloud.state()
    assert [key["id"] for key in state["apiKeys"]] == [new["id"]]
    (secret,) = state["secrets"]
    statuses = {version["description"].split()[2]: version["status"] for version in secret["versions"]}
    assert statuses == {old["id"]: "SCHEDULED_FOR_DESTRUCTION", new["id"]: "ACTIVE"}
    assert stack.key("translator/default")["previous"] == []


def test_rule_4_a_new_key_is_delivered_before_the_old_ones_end_is_touched(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up(account())
    (old,) = cloud.live_keys()
    cloud.advance("31d")
    cloud.fault("SecretService/AddVersion", "before", "PERMISSION_DENIED", times=-1)
    failed, _ = stack.attempt("up", "--yes", "--skip-preview")
    assert failed
    (still,) = cloud.live_keys()
    assert (still["id"], still["expiresAt"]) == (old["id"], old["expiresAt"])
    assert stack.receipt("translator/default")["keyId"] == old["id"]


def test_rule_5_a_rotation_whose_create_lost_its_answer_leaves_one_new_key(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up(account())
    cloud.advance("31d")
    cloud.fault("ApiKeyService/Create", "after", "UNAVAILABLE")
    stack.up()
    held = stack.key("translator/default")
    assert {key["id"] for key in cloud.live_keys()} == {held["keyId"], held["previous"][0]["keyId"]}


def test_rule_6_keys_of_one_secret_rotate_together_and_lose_no_entry(stack: Stack, cloud: LocalCloud) -> None:
    names = ["red", "green", "blue", "white"]
    keys = [
        {**MONTHLY, "name": name, "secret": "shared", "secretEntry": name, "keyIdEntry": f"{name}_id"} for name in names
    ]
    stack.write(account(*keys))
    stack.up()
    cloud.advance("34d")
    stack.up("--parallel", "16")
    receipts = stack.outputs()["receipts"]
    entries = cloud.entries(receipts["translator/red"]["lockboxSecretId"])
    for name in names:
        assert entries[f"{name}_id"] == receipts[f"translator/{name}"]["keyId"]
        assert cloud.use("translate", entries[name]) == 200
    cloud.advance("8d")
    stack.up()
    assert entries == cloud.entries(receipts["translator/red"]["lockboxSecretId"])
    assert len(cloud.live_keys()) == len(names)


def test_rule_6_two_stacks_that_write_to_one_secret_lose_nothing(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up(account())
    receipt, account_id = stack.receipt("translator/default"), stack.outputs()["serviceAccounts"]["translator"]
    other = Stack(stack.directory.parent / "other", cloud, "other", python=stack.python)
    (other.directory / "__main__.py").write_text(
        "import components, pulumi\nfrom pulumi_yandex_keys import ApiKey, LockboxArgs\n"
        f"key = ApiKey('theirs', service_account_id='{account_id}', scopes=['yc.ai.translate.execute'],\n"
        f"    lockbox=LockboxArgs(secret_id='{receipt['lockboxSecretId']}', secret_entry='theirs', key_id_entry='theirs_id'))\n"
        "pulumi.export('keyId', key.key_id)\n"
    )
    other.write([])  # its program declares its key by itself
    other.up()
    for turn in ("31d", "31d"):
        cloud.advance(turn)
        mine, theirs = stack.start("up", "--yes", "--skip-preview"), other.start("up", "--yes", "--skip-preview")
        assert [process.wait() for process in (mine, theirs) if process.communicate()] == [0, 0]
        entries = cloud.entries(receipt["lockboxSecretId"])
        assert entries["api_key_id"] == stack.receipt("translator/default")["keyId"]
        assert entries["theirs_id"] == other.outputs()["keyId"]
        secrets = {key["id"]: key["secret"] for key in cloud.live_keys()}
        assert entries["api_key"] == secrets[entries["api_key_id"]]
        assert entries["theirs"] == secrets[entries["theirs_id"]]


def test_rule_7_a_key_that_its_service_refuses_never_becomes_current(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up(account())
    url = f"{cloud.ready['http']}/services/vision/"
    (old,) = cloud.live_keys()
    cloud.advance("31d")
    stack.write(account({**MONTHLY, "verify": {"url": url, "timeout": "1s"}}))
    failed, printed = stack.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert "the new key was refused by GET" in printed
    assert [key["id"] for key in cloud.live_keys()] == [old["id"]]
    assert not [key for key in cloud.state()["apiKeys"] if key["secret"] in printed]
    stack.write(account({**MONTHLY, "verify": {"url": url.replace("vision", "translate"), "timeout": "20s"}}))
    stack.up()
    assert len(cloud.live_keys()) == 2


def test_rule_8_a_deleted_current_key_is_replaced_and_its_previous_ones_keep_their_overlap(
    stack: Stack, cloud: LocalCloud
) -> None:
    stack.bring_up(account())
    (first,) = cloud.live_keys()
    cloud.advance("31d")
    stack.up()
    second = stack.receipt("translator/default")["keyId"]
    call(cloud, "ApiKeyService/Delete", api_key_id=second)
    stack.refresh()
    stack.up()
    receipt = stack.receipt("translator/default")
    assert {key["id"] for key in cloud.live_keys()} == {first["id"], receipt["keyId"]}
    assert cloud.use("translate", first["secret"]) == 200


def test_rule_9_what_exists_is_kept_when_only_the_last_step_fails(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up(account())
    old = stack.receipt("translator/default")["keyId"]
    cloud.advance("31d")
    cloud.fault("ApiKeyService/Update", "before", "PERMISSION_DENIED", times=-1)
    failed, printed = stack.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert "ApiKeyService/Update failed with PERMISSION_DENIED" in printed
    cloud.clear_faults()
    cloud.forget_calls()
    stack.up()
    assert cloud.calls() == {"ApiKeyService/Update": 1}
    held = stack.key("translator/default")
    assert held["generation"] == 2
    (previous,) = held["previous"]
    ends = {key["id"]: key["expiresAt"] for key in cloud.live_keys("translator")}
    assert previous["keyId"] == old
    assert ends.keys() == {held["keyId"], old}
    assert ends[old][:16] == previous["expiresAt"][:16]
    stack.run("preview", "--expect-no-changes")


def test_rule_10_a_frozen_key_rotates_after_the_freeze_and_until_then_is_no_change_and_no_call(
    stack: Stack, cloud: LocalCloud
) -> None:
    now = datetime.fromisoformat(cloud.now())
    # A date, as YAML has it without quotes.
    freeze = {"from": now.date() + timedelta(days=20), "until": now.date() + timedelta(days=41), "why": "A fair"}
    stack.write(account({**MONTHLY, "freezes": [freeze]}))
    stack.up()
    before = stack.receipt("translator/default")
    assert before["nextRotationAt"] == f"{freeze['until']}T00:00:00Z"
    assert stack.key("translator/default")["freezes"] == [{name: str(value) for name, value in freeze.items()}]
    cloud.advance("31d")
    cloud.forget_calls()
    assert f"waits for the end of the freeze, {freeze['until']} 00:00 UTC; frozen: A fair" in stack.preview(
        "--expect-no-changes"
    )
    printed = stack.up("--expect-no-changes")
    assert "due since" in printed
    assert cloud.calls() == {}
    cloud.advance("10d")
    assert "rotates: due since" in stack.up()
    after = stack.receipt("translator/default")
    assert after["keyId"] != before["keyId"]
    cloud.forget_calls()
    stack.up("--expect-no-changes")
    assert cloud.calls() == {}


def test_rule_10_in_a_freeze_a_reissue_happens_at_once_and_is_warned_of(stack: Stack, cloud: LocalCloud) -> None:
    today = datetime.fromisoformat(cloud.now()).date()
    freeze = {"from": str(today - timedelta(days=1)), "until": str(today + timedelta(days=40))}
    stack.bring_up(account())
    before = stack.receipt("translator/default")["keyId"]
    stack.write(account({**MONTHLY, "reissue": "2026-12"}, freezes=[freeze]))
    printed = stack.up()
    assert f"warning: key {before} is rotated at once, although the calendar would have it wait" in printed
    assert stack.receipt("translator/default")["keyId"] != before


def test_a_state_of_before_there_was_a_calendar_shows_no_change_and_is_due_as_before(
    stack: Stack, cloud: LocalCloud, tmp_path: Path
) -> None:
    stack.bring_up(account())
    due = stack.receipt("translator/default")["nextRotationAt"]
    exported = tmp_path / "state.json"
    stack.run("stack", "export", "--file", str(exported))
    state = json.loads(exported.read_text())
    (key,) = (it for it in state["deployment"]["resources"] if it["type"] == "yandex-keys:index:ApiKey")
    for values in (key["inputs"], key["outputs"]):
        assert values.pop("spread") == 10
        for name in ("windows", "freezes", "dueAt"):
            values.pop(name, None)
    exported.write_text(json.dumps(state))
    stack.run("stack", "import", "--file", str(exported))
    cloud.forget_calls()
    stack.up("--expect-no-changes")
    assert cloud.calls() == {}
    assert stack.receipt("translator/default")["nextRotationAt"] == due
    cloud.move_to(datetime.fromisoformat(due) - timedelta(seconds=1))
    stack.up("--expect-no-changes")
    cloud.move_to(datetime.fromisoformat(due))
    assert "rotates: due since" in stack.up()


def test_a_compromised_key_is_replaced_first_and_dies_in_the_same_update(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up(account())
    (leaked,) = cloud.live_keys()
    stack.write(account({**MONTHLY, "compromised": [leaked["id"]]}))
    assert "is compromised" in stack.up()
    (new,) = cloud.live_keys()
    assert new["id"] != leaked["id"]
    assert cloud.use("translate", leaked["secret"]) == 401
    entries = cloud.entries(stack.receipt("translator/default")["lockboxSecretId"])
    assert entries == {"api_key": new["secret"], "api_key_id": new["id"]}
    assert stack.key("translator/default")["previous"] == []
    cloud.forget_calls()
    stack.up("--expect-no-changes")
    assert cloud.calls() == {}


def test_a_compromised_previous_key_dies_at_once_and_the_current_one_stays(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up(account())
    (leaked,) = cloud.live_keys()
    stack.write(account({**MONTHLY, "reissue": "2026-11"}))
    stack.up()
    current = stack.receipt("translator/default")["keyId"]
    stack.write(account({**MONTHLY, "reissue": "2026-11", "compromised": [leaked["id"]]}))
    stack.up()
    assert [key["id"] for key in cloud.live_keys()] == [current]


def test_a_key_still_used_near_the_end_of_its_overlap_is_extended_with_a_warning(
    stack: Stack, cloud: LocalCloud
) -> None:
    stack.bring_up(account())
    (old,) = cloud.live_keys()
    cloud.advance("31d")
    stack.up()
    cloud.advance("3d")
    cloud.forget_calls()
    stack.up("--expect-no-changes")
    assert cloud.calls() == {"ApiKeyService/List": 1}  # from a quarter of the overlap on, each run looks
    cloud.advance("3d")
    assert cloud.use("translate", old["secret"]) == 200
    printed = stack.up()
    assert f"key {old['id']} is still used" in printed
    assert "ends for good on" in printed
    cloud.advance("2d")
    assert cloud.use("translate", old["secret"]) == 200
    cloud.advance("80d")
    assert cloud.use("translate", old["secret"]) == 401


def test_a_key_still_used_is_retired_on_time_where_that_is_asked_for(stack: Stack, cloud: LocalCloud) -> None:
    stack.bring_up(account())
    (old,) = cloud.live_keys()
    stack.write(account({**MONTHLY, "whenStillUsed": "retire"}))
    cloud.advance("31d")
    stack.up()
    cloud.advance("6d")
    assert cloud.use("translate", old["secret"]) == 200
    assert "its consumer will be cut" in stack.up()
    cloud.advance("2d")
    assert cloud.use("translate", old["secret"]) == 401


def test_dependents_of_a_secret_output_get_the_new_value_in_the_same_update(stack: Stack, cloud: LocalCloud) -> None:
    stack.write(account({**MONTHLY, "deliver": "output"}))
    stack.up()
    first = stack.outputs(secrets=True)["secrets"]["translator/default"]
    cloud.advance("31d")
    stack.up()
    second = stack.outputs(secrets=True)["secrets"]["translator/default"]
    assert second != first
    assert cloud.use("translate", first) == cloud.use("translate", second) == 200
