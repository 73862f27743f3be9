"""`yckeys audit`: each rule finds what it is about, says why and what would be right, and nothing else counts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sarif_pydantic import Sarif

from cli.findings import RULES
from provider.yandex_keys.errors import CloudError
from provider.yandex_keys.version import VERSION
from tests.cli.conftest import Yckeys, changed_outputs
from tests.cli.recorded_cloud import asked

Golden = Callable[[str, str], None]
KEY = "ApiKey::translator/default"


def findings(yckeys: Yckeys, *arguments: str) -> list[dict[str, Any]]:
    """What `audit --json` finds."""
    ended = yckeys("audit", "--json", *arguments)
    assert ended.code in (0, 1), ended.errors
    return list(json.loads(ended.out)["findings"])


def of_rule(yckeys: Yckeys, rule: str, *arguments: str) -> list[dict[str, Any]]:
    return [finding for finding in findings(yckeys, *arguments) if finding["rule"] == rule]


def test_states_alone_show_what_they_can(yckeys: Yckeys, golden: Golden) -> None:
    ended = yckeys("audit")
    assert (ended.code, ended.errors) == (1, "")
    assert not yckeys.cloud.calls
    golden("audit.txt", ended.out)


def test_the_cloud_shows_more(yckeys: Yckeys, golden: Golden) -> None:
    ended = yckeys("audit", "--cloud")
    assert (ended.code, ended.errors) == (1, "")
    golden("audit-cloud.txt", ended.out)


def test_json_has_the_documented_shape(yckeys: Yckeys, golden: Golden) -> None:
    golden("audit.json", yckeys("audit", "--cloud", "--json").out)


def unknown_names(model: BaseModel) -> list[str]:
    """The names in a log that SARIF's models don't know, wherever they stand. `properties` and fingerprints hold what they like."""
    found = list(model.model_extra or ())
    for value in dict(model).values():
        for item in value if isinstance(value, list) else [value]:
            found += unknown_names(item) if isinstance(item, BaseModel) else []
    return found


def test_a_sarif_log_is_of_the_standard_s_form_and_points_at_the_lines(
    yckeys: Yckeys, golden: Golden, tmp_path: Path
) -> None:
    file = tmp_path / "keys.sarif"
    found = json.loads(yckeys("audit", "--cloud", "--json", "--sarif", str(file)).out)["findings"]
    text = file.read_text(encoding="utf-8")
    written = json.loads(text)
    schema = written.pop("$schema")
    assert schema.endswith("sarif-schema-2.1.0.json")
    log = Sarif.model_validate(written)
    assert unknown_names(log) == []
    (run,) = log.runs
    rules = run.tool.driver.rules or []
    assert [rules[result["ruleIndex"]].id for result in written["runs"][0]["results"]] == [it["rule"] for it in found]
    for result in written["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]
        line = (
            (yckeys.folder / place["artifactLocation"]["uri"])
            .read_text()
            .splitlines()[place["region"]["startLine"] - 1]
        )
        if place["artifactLocation"]["uri"] != "Pulumi.yaml":
            assert line.lstrip(" -").partition(":")[0] in {"name", "keys", "description", "overlap", "scopes"}, line
    fingerprints = [result["partialFingerprints"]["finding/v1"] for result in written["runs"][0]["results"]]
    assert len(set(fingerprints)) == len(fingerprints)
    golden("audit.sarif", text.replace(f'"semanticVersion": "{VERSION}"', '"semanticVersion": "VERSION"'))


def test_calls_go_by_folder_and_account_and_more_only_where_asked_to(yckeys: Yckeys) -> None:
    findings(yckeys, "--cloud")
    answers = yckeys.cloud.answers
    accounts = sum(name.startswith("ApiKeyService/List {") for name in answers)
    by_folder_and_account = {
        "FolderService/List": 1,
        "ServiceAccountService/List": 1,
        "ApiKeyService/List": accounts,
        "SecretService/List": 1,
        "FolderService/ListAccessBindings": 1,
        "FolderService/Get": 1,
        "QuotaLimitService/Get": 3,
    }
    assert yckeys.cloud.calls == by_folder_and_account
    yckeys.cloud.calls.clear()
    findings(yckeys, "--cloud", "--access")
    # Of the other state's secret nobody asks who may read it.
    declared = sum(name.startswith("SecretService/ListAccessBindings") for name in answers) - 1
    assert yckeys.cloud.calls == {
        **by_folder_and_account,
        "SecretService/ListAccessBindings": declared,
        "ServiceAccountService/ListAccessBindings": accounts,
    }


def test_access_is_asked_for_in_the_cloud_alone(yckeys: Yckeys) -> None:
    ended = yckeys("audit", "--access")
    assert (ended.code, ended.out) == (2, "")
    assert "--access: needs --folder or --cloud" in ended.errors


@pytest.mark.parametrize(
    ("rule", "change", "words"),
    [
        ("missing", {"status": "missing"}, "is gone, and not by us"),
        ("undelivered", {"status": "undelivered"}, "Lockbox doesn't give key"),
        ("adopted", {"status": "adopted"}, "was adopted by import"),
        ("expires-before-rotation", {"expiresAt": "2030-04-05T00:00:00Z"}, "it ended 2030-04-05 00:00 UTC"),
        ("long-lifetime", {"expiresAt": "2033-04-05T00:00:00Z"}, "lives 1099 d; the limit is 365d"),
        (
            "overdue",
            {"nextRotationAt": "2030-04-04T00:00:00Z"},
            "due since 2030-04-04 00:00 UTC, 2 d ago; 2d are allowed",
        ),
    ],
)
def test_a_state_that_says_it_is_found_out(own_copy: Yckeys, rule: str, change: dict[str, str], words: str) -> None:
    name = "prod/translator/default"
    assert [it for it in of_rule(own_copy, rule) if it["subject"] == name] == []
    with changed_outputs(own_copy, KEY) as outputs:
        outputs.update(change)
    (found,) = (it for it in of_rule(own_copy, rule) if it["subject"] == name)
    assert words in found["why"]
    assert (found["file"], found["line"]) == ("stacks/Pulumi.prod.yaml", 5)


def bindings_of(yckeys: Yckeys, method: str) -> list[dict[str, Any]]:
    """The recorded answer to the first call of a listing."""
    return next(answer for name, answer in yckeys.cloud.answers.items() if name.startswith(f"{method} ") and answer)


def test_a_secret_that_a_stranger_may_read_is_found_out(yckeys: Yckeys) -> None:
    assert of_rule(yckeys, "wide-readers", "--cloud", "--access") == []
    stranger = {"role_id": "lockbox.payloadViewer", "subject": {"id": "ajestranger", "type": "userAccount"}}
    bindings_of(yckeys, "SecretService/ListAccessBindings").append(stranger)
    bindings_of(yckeys, "FolderService/ListAccessBindings").append(stranger)
    on_folder, on_secret = sorted(
        of_rule(yckeys, "wide-readers", "--cloud", "--access"), key=lambda it: str(it["subject"])
    )
    assert "userAccount:ajestranger has lockbox.payloadViewer on Lockbox secret" in on_secret["why"]
    assert "and so reads 3 declared secrets in it" in on_folder["why"]


def test_a_right_on_an_account_itself_is_found_out(yckeys: Yckeys) -> None:
    before = of_rule(yckeys, "can-make-keys", "--cloud", "--access")
    name = next(it for it in yckeys.cloud.answers if it.startswith("ServiceAccountService/ListAccessBindings"))
    mallory = {"role_id": "iam.serviceAccounts.apiKeyAdmin", "subject": {"id": "ajemallory", "type": "userAccount"}}
    yckeys.cloud.answers[name].append(mallory)
    assert of_rule(yckeys, "can-make-keys", "--cloud") == before
    after = of_rule(yckeys, "can-make-keys", "--cloud", "--access")
    (found,) = (it for it in after if it not in before)
    assert found["why"].startswith("userAccount:ajemallory has iam.serviceAccounts.apiKeyAdmin on account ")


def test_a_secret_whose_key_is_gone_is_found_out(yckeys: Yckeys) -> None:
    assert of_rule(yckeys, "no-live-key", "--cloud") == []
    (key,) = (it for it in json.loads(yckeys("inventory", "--json").out)["keys"] if it["stack"] == "staging")
    for name, answer in yckeys.cloud.answers.items():
        if name.startswith("ApiKeyService/List {"):
            answer[:] = [item for item in answer if item["id"] != key["keyId"]]
    (found,) = of_rule(yckeys, "no-live-key", "--cloud")
    assert found["keyId"] == key["keyId"]
    assert found["subject"] == "staging/secret/translator-staging-default"


def test_a_key_that_nobody_has_used_for_long_is_found_out(own_copy: Yckeys) -> None:
    assert of_rule(own_copy, "unused", "--cloud") == []
    (own_copy.folder / "yckeys.yaml").write_text("limits: { unused: 20d }\n")
    (found,) = (it for it in of_rule(own_copy, "unused", "--cloud") if it["stack"] == "staging")
    assert "has not been used for 36 d" in found["why"]


def test_a_role_that_no_key_needs_is_worth_a_look(own_copy: Yckeys) -> None:
    assert of_rule(own_copy, "roles-without-scopes") == []
    with changed_outputs(own_copy, "::translator/ai.vision.user") as outputs:
        outputs["role"] = "postbox.sender"
    (found,) = of_rule(own_copy, "roles-without-scopes")
    assert "translator has postbox.sender" in found["why"]
    assert found["severity"] == "note"


def test_the_peak_of_live_keys_is_held_against_the_quota(own_copy: Yckeys) -> None:
    """Today 9 keys live; the peak comes with the overlaps of the next rotations."""
    (own_copy.folder / "yckeys.yaml").write_text("limits: { apiKeys: 7 }\n")
    (found,) = of_rule(own_copy, "quota")
    assert found["why"].startswith("9 keys live at once on 2030-04-")
    assert found["why"].endswith("the quota is 7 (limits.apiKeys)")
    (own_copy.folder / "yckeys.yaml").write_text("limits: { apiKeys: 9 }\n")
    assert of_rule(own_copy, "quota") == []


def quota(yckeys: Yckeys, name: str, answer: dict[str, int] | CloudError | None) -> None:
    """What the cloud says of one of its quotas."""
    resource = {"id": yckeys.cloud.answers["cloudId"], "type": "resource-manager.cloud"}
    asked_for = asked("QuotaLimitService/Get", {"resource": resource, "quota_id": name})
    yckeys.cloud.answers[asked_for] = answer


def test_the_cloud_s_own_quota_counts_and_so_does_what_others_use_of_it(yckeys: Yckeys) -> None:
    quota(yckeys, "iam.apiKeys.count", {"limit": 5000, "usage": 4000})
    assert of_rule(yckeys, "quota", "--cloud") == []
    quota(yckeys, "iam.apiKeys.count", {"limit": 4005, "usage": 4004})
    (found,) = of_rule(yckeys, "quota", "--cloud")
    assert found["subject"] == f"quota/{yckeys.cloud.answers['cloudId']}/apiKeys"
    assert re.match(
        r"4,00[6-9] keys live at once on 2030-04-\d\d \(prod 7, staging 2; 3,99\d of no chosen stack\); "
        "the quota is 4,005, as the cloud says",
        found["why"],
    )
    assert found["why"].endswith(", and 4,004 are there now")


def test_a_quota_that_is_not_to_be_read_is_told_with_the_one_that_counts_in_its_place(own_copy: Yckeys) -> None:
    refused = CloudError("QuotaLimitService/Get", "PERMISSION_DENIED", "Permission denied")
    quota(own_copy, "iam.apiKeys.count", refused)
    shown = {it["quota"]: it for it in json.loads(own_copy("audit", "--cloud", "--json").out)["quotas"]}
    told = "PERMISSION_DENIED, which quota-manager.viewer on the cloud may"
    assert (shown["iam.apiKeys.count"]["limit"], shown["iam.apiKeys.count"]["unread"]) == (1000, told)
    for name, answer in own_copy.cloud.answers.items():
        if name.startswith("ApiKeyService/List {"):
            answer.extend({**key, "id": f"ajemany{number}"} for key in answer[:1] for number in range(1000))
    (found,) = of_rule(own_copy, "quota", "--cloud")
    assert (
        "; the quota is 1,000, the documented one, for the cloud's own can't be read (PERMISSION_DENIED" in found["why"]
    )


def test_accounts_that_fill_their_quota_are_told(yckeys: Yckeys) -> None:
    quota(yckeys, "iam.serviceAccounts.count", {"limit": 100, "usage": 99})
    assert of_rule(yckeys, "quota", "--cloud") == []
    quota(yckeys, "iam.serviceAccounts.count", {"limit": 100, "usage": 100})
    (found,) = of_rule(yckeys, "quota", "--cloud")
    assert found["why"] == (
        "100 service accounts are there (prod 2, staging 1; 97 of no chosen stack), and the quota is 100, as the cloud says: "
        "no further one can be made"
    )


def test_lockbox_secrets_that_fill_their_quota_are_told(own_copy: Yckeys) -> None:
    quota(own_copy, "lockbox.secrets.count", {"limit": 5, "usage": 4})
    assert of_rule(own_copy, "quota", "--cloud") == []
    quota(own_copy, "lockbox.secrets.count", {"limit": 4, "usage": 4})
    (found,) = of_rule(own_copy, "quota", "--cloud")
    assert found["why"].startswith(
        "4 Lockbox secrets are there (prod 2, staging 1; 1 of no chosen stack), and the quota is 4"
    )
    (own_copy.folder / "yckeys.yaml").write_text("limits: { secrets: 5, serviceAccounts: 3 }\n")
    assert [it["subject"].rpartition("/")[2] for it in of_rule(own_copy, "quota", "--cloud")] == ["serviceAccounts"]


def test_quotas_say_what_each_stack_takes_of_them(yckeys: Yckeys) -> None:
    """prod: four keys, two of them in an overlap that goes on. staging: one, which will have a previous one."""
    told = json.loads(yckeys("audit", "--cloud", "--json").out)["quotas"]
    assert {it["quota"]: {of["stack"]: (of["has"], of["atOnce"]) for of in it["stacks"]} for it in told} == {
        "iam.apiKeys.count": {"prod": (6, 8), "staging": (1, 2)},
        "iam.serviceAccounts.count": {"prod": (2, 2), "staging": (1, 1)},
        "lockbox.secrets.count": {"prod": (2, 2), "staging": (1, 1)},
    }


def in_clouds(yckeys: Yckeys, **clouds: str) -> None:
    """The stacks say in which cloud they are, and their accounts are in a folder of their own."""
    yckeys.environment["YC_CLOUD_ID"] = None
    for stack, cloud_id in clouds.items():
        file = yckeys.folder / "stacks" / f"Pulumi.{stack}.yaml"
        file.write_text(file.read_text().replace("config:\n", f"config:\n  yandex-keys:cloudId: {cloud_id}\n"))
        file = yckeys.folder / "state" / ".pulumi" / "stacks" / "api-keys" / f"{stack}.json"
        file.write_text(file.read_text().replace(yckeys.cloud.answers["folderId"], f"b1gfolderof{stack}"))


def test_stacks_of_one_cloud_are_added_and_those_of_another_are_not(own_copy: Yckeys) -> None:
    (own_copy.folder / "yckeys.yaml").write_text("limits: { apiKeys: 8 }\n")
    in_clouds(own_copy, prod="b1gone", staging="b1gone")
    (found,) = of_rule(own_copy, "quota")
    assert (found["subject"], found["severity"]) == ("quota/apiKeys", "warning")
    assert re.match(r"9 keys live at once on 2030-\d\d-\d\d \(prod 7, staging 2\); the quota is 8", found["why"])
    in_clouds(own_copy, staging="b1ganother")
    file = own_copy.folder / "stacks" / "Pulumi.staging.yaml"
    file.write_text(file.read_text().replace("  yandex-keys:cloudId: b1gone\n", ""))
    assert of_rule(own_copy, "quota") == []
    (own_copy.folder / "yckeys.yaml").write_text("limits: { apiKeys: 6 }\n")
    (found,) = of_rule(own_copy, "quota")
    assert (found["subject"], found["why"].partition(" on ")[0]) == ("quota/b1gone/apiKeys", "7 keys live at once")


def test_findings_name_their_owner_and_are_those_of_one_where_it_is_asked_for(yckeys: Yckeys) -> None:
    owned = {finding["owner"] for finding in findings(yckeys, "--cloud", "--owner", "shop")}
    assert owned == {"shop"}
    everybody = findings(yckeys, "--cloud")
    assert {None, "shop", "support-team"} <= {finding["owner"] for finding in everybody}
    # A key that somebody made by hand on an account is for the account's owner to judge.
    assert {it["owner"] for it in everybody if it["rule"] == "unmanaged"} == {"support-team", None}
    assert "(owner shop)" in yckeys("audit", "--cloud").out
    assert findings(yckeys, "--cloud", "--owner", "nobody") == []


SUPPRESSED = """
suppressions:
  - { rule: overdue, subject: staging/*, why: staging is asleep, until: 2030-04-06 }
"""


def test_a_suppression_holds_until_its_end(own_copy: Yckeys) -> None:
    file = own_copy.folder / "yckeys.yaml"
    file.write_text(SUPPRESSED)
    (found,) = of_rule(own_copy, "overdue")
    assert found["suppressed"] == "staging is asleep"
    assert "1 finding is suppressed." in own_copy("audit").out
    assert own_copy("audit", "--fail-on", "error").code == 0
    file.write_text(SUPPRESSED.replace("2030-04-06", "2030-04-05"))
    (found,) = of_rule(own_copy, "overdue")
    assert found["suppressed"] is None
    (over,) = of_rule(own_copy, "useless-suppression")
    assert over["why"] == "the suppression of overdue of staging/*: it ended on 2030-04-05"
    assert own_copy("audit", "--fail-on", "error").code == 1


def test_a_suppression_of_nothing_is_told(own_copy: Yckeys) -> None:
    (own_copy.folder / "yckeys.yaml").write_text(SUPPRESSED.replace("staging/*", "nobody/*"))
    # What wasn't looked at may have it.
    assert of_rule(own_copy, "useless-suppression") == []
    assert of_rule(own_copy, "useless-suppression", "--cloud", "--stack", "prod") == []
    (found,) = of_rule(own_copy, "useless-suppression", "--cloud")
    assert "nothing is found that it is about" in found["why"]


def test_a_severity_can_be_changed_and_a_rule_turned_off(own_copy: Yckeys) -> None:
    (own_copy.folder / "yckeys.yaml").write_text(
        "severities: { overdue: note, broad-role: off, can-make-keys: 'off' }\n"
    )
    (found,) = of_rule(own_copy, "overdue")
    assert found["severity"] == "note"
    assert of_rule(own_copy, "can-make-keys") == []


@pytest.mark.parametrize(("fail_on", "code"), [("error", 1), ("warning", 1), ("note", 1), ("never", 0)])
def test_the_exit_code_goes_by_severity(yckeys: Yckeys, fail_on: str, code: int) -> None:
    assert yckeys("audit", "--fail-on", fail_on).code == code


def test_warnings_alone_are_fine_where_errors_alone_count(yckeys: Yckeys) -> None:
    assert yckeys("audit", "--stack", "prod", "--fail-on", "error").code == 0
    assert yckeys("audit", "--stack", "prod").code == 1


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("limit: {}", "limit: unknown setting"),
        ("limits: { lifetime: long }", "limits.lifetime: 'long' is not a duration"),
        ("limits: { apiKeys: 0 }", "limits.apiKeys: "),
        ("severities: { overdu: off }", "severities.overdu: 'overdu' is no rule; rules: never-expires, "),
        ("severities: { overdue: bad }", "severities.overdue: "),
        ("suppressions: [{ rule: overdue, subject: x, why: y }]", "suppressions[0].until: "),
        ("suppressions: [{ rule: overdue, subject: x, until: 2030-01-01 }]", "suppressions[0].why: "),
        ("suppressions: [{ rule: overdue, subject: x, why: y, until: soon }]", "write a day such as 2026-12-31"),
        ("- a list", "the file: "),
        ("{", "can't be read as YAML"),
    ],
)
def test_a_config_file_that_can_t_be_used_is_wrong_use(own_copy: Yckeys, written: str, words: str) -> None:
    (own_copy.folder / "yckeys.yaml").write_text(f"{written}\n")
    ended = own_copy("audit")
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.errors


def test_a_config_file_that_was_named_must_be_there(yckeys: Yckeys, tmp_path: Path) -> None:
    ended = yckeys("audit", "--config", str(tmp_path / "none.yaml"))
    assert ended.code == 2
    assert "there is no such file" in ended.errors


def test_every_rule_is_met_by_a_test() -> None:
    text = (
        Path(__file__).read_text(encoding="utf-8") + (Path(__file__).parent / "golden" / "audit-cloud.txt").read_text()
    )
    assert [name for name in RULES if name not in text] == []
