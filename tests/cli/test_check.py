"""`yckeys check` and `yckeys schema`: stack files are right or not, before anything is run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from provider.yandex_keys.errors import CloudError
from setup.engine.places import REPOSITORY
from tests.cli.conftest import Yckeys
from tests.cli.recorded_cloud import asked
from tests.cli.scene import DEFAULTS, STAGING, small_world

Golden = Callable[[str, str], None]
WRONG = """\
encryptionsalt: v1:xxxxxxxxxxx=:v1:xxxxxxxxxxxxxxxx:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx==
config:
  yandex-keys:folderID: b1g00000000000000000
  yandex-keys:endpoint: keys.example.com:443
  api-keys:defaults: { lifetime: 30d }
  api-keys:accounts:
    - name: translator
      keys:
        # Somebody's slip
        - name: default
          uses: [transalte]
        - { name: nightly, uses: [vision], overlap: two weeks }
  api-keys:acounts: []
"""
KMS = "abj00000000000000000"


def problems(yckeys: Yckeys, *arguments: str) -> list[dict[str, Any]]:
    """What `check --json` finds."""
    ended = yckeys("check", "--json", *arguments)
    assert ended.code in (0, 1), ended.errors
    found: list[dict[str, Any]] = json.loads(ended.out)["problems"]
    assert ended.code == int(any(it["severity"] == "error" for it in found))
    return found


def test_right_files_are_fine_and_nobody_is_asked(yckeys: Yckeys) -> None:
    ended = yckeys("check")
    assert (ended.code, ended.out, ended.errors) == (0, "2 stack files: nothing is wrong.\n", "")
    assert not yckeys.cloud.calls


def test_every_mistake_is_told_at_once_with_its_line(own_copy: Yckeys, golden: Golden) -> None:
    (own_copy.folder / "stacks" / "Pulumi.wrong.yaml").write_text(WRONG)
    ended = own_copy("check")
    assert (ended.code, ended.errors) == (1, "")
    golden("check.txt", ended.out)
    golden("check.json", own_copy("check", "--json").out)


def test_a_file_that_is_no_yaml_hides_no_other_s_mistakes(own_copy: Yckeys) -> None:
    (own_copy.folder / "stacks" / "Pulumi.broken.yaml").write_text("config:\n  api-keys:accounts: [\n")
    (own_copy.folder / "stacks" / "Pulumi.wrong.yaml").write_text(WRONG)
    found = problems(own_copy)
    assert {it["stack"] for it in found} == {"broken", "wrong"}
    (broken,) = (it for it in found if it["stack"] == "broken")
    assert (broken["line"], broken["path"], broken["wrong"]) == (3, "the file", "can't be read as YAML")
    assert "<unicode string>" not in broken["right"]


def test_a_wrong_indent_is_told_where_it_stands_and_not_where_its_block_begins(own_copy: Yckeys) -> None:
    text = "config:\n  api-keys:accounts:\n    - name: one\n      keys: []\n   - name: two\n"
    (own_copy.folder / "stacks" / "Pulumi.broken.yaml").write_text(text)
    (broken,) = problems(own_copy)
    assert (broken["line"], broken["right"]) == (
        5,
        "did not find expected key, while parsing a block mapping that begins in line 2",
    )


def test_a_setting_that_is_written_twice_is_refused_as_the_engine_refuses_it(own_copy: Yckeys) -> None:
    text = WRONG.replace("uses: [transalte]", "uses: [translate]\n          uses: [vision]")
    (own_copy.folder / "stacks" / "Pulumi.wrong.yaml").write_text(text)
    (wrong,) = problems(own_copy)
    assert (wrong["line"], wrong["right"]) == (12, "`uses` stands here and in line 11: once is enough")


def test_an_encrypted_value_among_the_accounts_is_refused(own_copy: Yckeys) -> None:
    text = WRONG.replace("uses: [transalte]", "uses: [{ secure: AAABBB }]")
    (own_copy.folder / "stacks" / "Pulumi.wrong.yaml").write_text(text)
    found = [it for it in problems(own_copy) if it["wrong"] == "is encrypted"]
    assert [(it["path"], it["line"]) for it in found] == [("accounts[0].keys[0].uses[0]", 11)]


def test_a_credential_in_plain_text_is_told_and_not_shown(own_copy: Yckeys) -> None:
    file = own_copy.folder / "stacks" / "Pulumi.prod.yaml"
    secret = "t1.9euelZqabcdefghijklmnop"
    file.write_text(file.read_text().replace("config:\n", f"config:\n  yandex-keys:token: {secret}\n"))
    ended = own_copy("check")
    assert ended.code == 1
    assert "yandex-keys:token: a credential in plain text" in ended.out
    assert secret not in ended.out


def test_a_stack_without_a_file_is_wrong_use(yckeys: Yckeys) -> None:
    ended = yckeys("check", "--stack", "prd")
    assert ended.code == 2
    assert "there are prod, staging" in ended.errors


def test_a_project_without_stack_files_can_t_be_looked_at(own_copy: Yckeys) -> None:
    for file in (own_copy.folder / "stacks").iterdir():
        file.unlink()
    assert own_copy("check").code == 3


def test_a_scope_that_the_cloud_doesn_t_list_is_an_error(yckeys: Yckeys) -> None:
    assert [it for it in problems(yckeys, "--cloud") if it["severity"] == "error"] == []
    yckeys.cloud.answers["ApiKeyService/ListScopes {}"].remove("yc.postbox.send")
    (found,) = (it for it in problems(yckeys, "--cloud") if it["severity"] == "error")
    assert found["path"] == "accounts[1].keys[1].uses"
    assert "the cloud doesn't list the scope yc.postbox.send" in found["wrong"]


def test_a_folder_that_isn_t_there_is_an_error(yckeys: Yckeys) -> None:
    yckeys.environment["YC_FOLDER_ID"] = "b1gnobodysfolder0000"
    wrong = {it["wrong"] for it in problems(yckeys, "--cloud")}
    assert "the cloud has no folder b1gnobodysfolder0000" in wrong
    yckeys.environment["YC_FOLDER_ID"] = None
    assert "no folder is named" in {it["wrong"] for it in problems(yckeys, "--cloud")}


def test_roles_that_the_deployer_lacks_on_the_folder_are_noted(yckeys: Yckeys) -> None:
    (noted,) = problems(yckeys, "--cloud", "--stack", "prod")
    roles = noted["wrong"].split(" lacks ")[1].split(" on ")[0]
    assert roles == "iam.serviceAccounts.admin, resource-manager.admin, lockbox.admin"
    bindings = next(it for name, it in yckeys.cloud.answers.items() if name.startswith("FolderService/ListAccess"))
    bindings.append({"role_id": "admin", "subject": {"id": yckeys.cloud.deployer, "type": "serviceAccount"}})
    assert problems(yckeys, "--cloud") == []


def test_a_reader_without_rights_on_the_kms_key_is_noted(own_copy: Yckeys) -> None:
    file = own_copy.folder / "stacks" / "Pulumi.staging.yaml"
    reader = "serviceAccount:ajereader00000000000"
    text = file.read_text().replace("    - self\n", f"    - self\n    - {reader}\n")
    file.write_text(text.replace("    name: translator-staging", f"    kmsKey: {KMS}\n    name: translator-staging"))
    only = ("--cloud", "--stack", "staging")
    assert f"the cloud has no KMS key {KMS}" in {it["wrong"] for it in problems(own_copy, *only)}
    answers = own_copy.cloud.answers
    answers[f'SymmetricKeyService/Get {{"key_id": "{KMS}"}}'] = {"id": KMS}
    listing: list[dict[str, Any]] = []
    answers[f'SymmetricKeyService/ListAccessBindings {{"resource_id": "{KMS}"}}'] = listing
    noted = [it["wrong"] for it in problems(own_copy, *only) if KMS in it["wrong"]]
    assert noted == [f"{reader} reads the secrets, and lacks kms.keys.encrypterDecrypter on KMS key {KMS} itself"]
    kind, _, reader_id = reader.partition(":")
    listing.append({"role_id": "kms.keys.encrypterDecrypter", "subject": {"id": reader_id, "type": kind}})
    assert [it for it in problems(own_copy, *only) if KMS in it["wrong"]] == []


def test_a_reader_that_the_cloud_doesn_t_have_is_an_error_with_its_line(own_copy: Yckeys) -> None:
    file = own_copy.folder / "stacks" / "Pulumi.staging.yaml"
    there, nobody, unseen = "ajereader00000000000", "ajenobody00000000000", "ajeunseen00000000000"
    readers = "".join(f"    - serviceAccount:{it}\n" for it in (there, nobody, unseen))
    file.write_text(file.read_text().replace("    - self\n", f"    - self\n{readers}"))
    answers = own_copy.cloud.answers
    answers[asked("ServiceAccountService/Get", {"service_account_id": there})] = {"id": there}
    refused = CloudError("ServiceAccountService/Get", "PERMISSION_DENIED", "Permission denied")
    answers[asked("ServiceAccountService/Get", {"service_account_id": unseen})] = refused
    found = [it for it in problems(own_copy, "--cloud", "--stack", "staging") if "readers" in it["path"]]
    assert [(it["severity"], it["path"]) for it in found] == [
        ("error", "accounts[0].readers[2]"),
        ("note", "accounts[0].readers[3]"),
    ]
    assert file.read_text().splitlines()[found[0]["line"] - 1].strip() == f"- serviceAccount:{nobody}"
    assert found[0]["wrong"].startswith(f"the cloud has no service account {nobody}: ")
    assert own_copy.cloud.calls["ServiceAccountService/Get"] == 3


def test_users_and_groups_that_the_cloud_doesn_t_have_are_errors_too(own_copy: Yckeys) -> None:
    file = own_copy.folder / "stacks" / "Pulumi.staging.yaml"
    readers = (
        "userAccount:ajejane",
        "userAccount:ajenobody",
        "group:ajesupport",
        "group:ajenone",
        "federatedUser:ajefed",
    )
    named = "".join(f"    - {it}\n" for it in readers)
    file.write_text(file.read_text().replace("    - self\n", f"    - self\n{named}"))
    answers = own_copy.cloud.answers
    answers[asked("UserAccountService/Get", {"user_account_id": "ajejane"})] = {"id": "ajejane"}
    answers[asked("GroupService/Get", {"group_id": "ajesupport"})] = {"id": "ajesupport"}
    found = [it for it in problems(own_copy, "--cloud", "--stack", "staging") if "readers" in it["path"]]
    assert [(it["severity"], it["path"], it["wrong"].partition(":")[0]) for it in found] == [
        ("error", "accounts[0].readers[2]", "the cloud has no user account ajenobody"),
        ("error", "accounts[0].readers[4]", "the cloud has no group ajenone"),
        (
            "note",
            "accounts[0].readers[5]",
            "the cloud tells of no federated user ajefed, and promises to tell of Yandex accounts alone",
        ),
    ]
    assert file.read_text().splitlines()[found[1]["line"] - 1].strip() == "- group:ajenone"


def test_users_and_groups_that_the_deployer_may_not_ask_for_are_told_once_as_not_checked(own_copy: Yckeys) -> None:
    readers = "".join(f"    - {it}\n" for it in ("group:ajea", "group:ajeb", "userAccount:ajejane"))
    refused = CloudError("GroupService/Get", "PERMISSION_DENIED", "Permission denied")
    missing = CloudError("UserAccountService/Get", "UNIMPLEMENTED", "Unknown service")
    answers = own_copy.cloud.answers
    answers |= {asked("GroupService/Get", {"group_id": it}): refused for it in ("ajea", "ajeb")}
    answers[asked("UserAccountService/Get", {"user_account_id": "ajejane"})] = missing
    for stack in ("prod", "staging"):
        file = own_copy.folder / "stacks" / f"Pulumi.{stack}.yaml"
        file.write_text(file.read_text().replace("    - self\n", f"    - self\n{readers}", 1))
    found = [it for it in problems(own_copy, "--cloud") if "readers" in it["path"]]
    assert [(it["severity"], it["stack"], it["wrong"]) for it in found] == [
        (
            "note",
            "prod",
            "2 groups among the readers are not checked: the deployer may not call GroupService/Get; "
            "organization-manager.viewer on the organization lets it",
        ),
        ("note", "prod", "user account ajejane is not checked: the endpoint doesn't have UserAccountService/Get"),
    ]
    assert own_copy.cloud.calls["GroupService/Get"] == 2, "each once, whichever files name it"


def quota(yckeys: Yckeys, name: str, answer: dict[str, int] | CloudError) -> None:
    """What the cloud says of one of its quotas."""
    resource = {"id": yckeys.cloud.answers["cloudId"], "type": "resource-manager.cloud"}
    yckeys.cloud.answers[asked("QuotaLimitService/Get", {"resource": resource, "quota_id": name})] = answer


def of_quotas(yckeys: Yckeys) -> list[dict[str, Any]]:
    found = problems(yckeys, "--cloud", "--stack", "staging")
    return [it for it in found if "quota" in it["wrong"]]


def test_a_file_that_makes_more_than_the_cloud_allows_is_told_before_anything_is_made(own_copy: Yckeys) -> None:
    name = "translator-staging"
    assert of_quotas(own_copy) == []
    # All that the file declares is there: nothing of it is new.
    quota(own_copy, "iam.serviceAccounts.count", {"limit": 5, "usage": 5})
    assert of_quotas(own_copy) == []
    file = own_copy.folder / "stacks" / "Pulumi.staging.yaml"
    file.write_text(file.read_text().replace(f"name: {name}", "name: another"))
    (accounts,) = of_quotas(own_copy)
    assert (accounts["path"], accounts["severity"]) == ("accounts", "error")
    cloud = own_copy.cloud.answers["cloudId"]
    assert accounts["wrong"] == (
        f"cloud {cloud} has 5 service accounts, this file makes 1 more, and the quota is 5, as the cloud says"
    )
    quota(own_copy, "iam.serviceAccounts.count", {"limit": 100, "usage": 5})
    quota(own_copy, "iam.apiKeys.count", {"limit": 10, "usage": 9})
    (keys,) = of_quotas(own_copy)
    assert (
        keys["severity"],
        "this file makes 1 more, they are up to 11 while their overlaps last" in keys["wrong"],
    ) == (
        "note",
        True,
    )
    quota(own_copy, "iam.apiKeys.count", {"limit": 9, "usage": 9})
    (keys,) = of_quotas(own_copy)
    assert (keys["severity"], "has 9 keys, this file makes 1 more" in keys["wrong"]) == ("error", True)


def test_keys_that_are_there_need_room_for_their_overlaps_too(own_copy: Yckeys) -> None:
    quota(own_copy, "iam.apiKeys.count", {"limit": 10, "usage": 9})
    assert of_quotas(own_copy) == []
    quota(own_copy, "iam.apiKeys.count", {"limit": 9, "usage": 9})
    (found,) = of_quotas(own_copy)
    cloud = own_copy.cloud.answers["cloudId"]
    assert (found["severity"], found["wrong"]) == (
        "note",
        f"cloud {cloud} has 9 keys, they are up to 10 while their overlaps last, and the quota is 9, as the cloud says",
    )


def test_what_all_chosen_stacks_of_a_cloud_bring_is_added_and_told_by_stack(own_copy: Yckeys) -> None:
    """Alone each file would fit; the finding stands in the file that brings most."""
    folder = own_copy.folder / "stacks"
    more = [{"name": f"more-{number}", "keys": [{"name": "default", "uses": ["vision"]}]} for number in range(3)]
    for stack, accounts in (("prod", more[:1]), ("staging", more[1:])):
        file = folder / f"Pulumi.{stack}.yaml"
        config = yaml.safe_load(file.read_text())
        config["config"]["api-keys:accounts"] += accounts
        file.write_text(yaml.safe_dump(config))
    quota(own_copy, "iam.serviceAccounts.count", {"limit": 8, "usage": 6})
    quota(own_copy, "iam.apiKeys.count", {"limit": 15, "usage": 13})
    quota(own_copy, "lockbox.secrets.count", {"limit": 6, "usage": 4})
    for stack in ("prod", "staging"):
        found = problems(own_copy, "--cloud", "--stack", stack)
        assert [it for it in found if it["severity"] == "error"] == []
    cloud = own_copy.cloud.answers["cloudId"]
    ends = "the chosen stacks make 3 more (staging 2, prod 1), and the quota is"
    assert {
        (it["stack"], it["severity"], it["wrong"]) for it in problems(own_copy, "--cloud") if cloud in it["wrong"]
    } == {
        ("staging", "error", f"cloud {cloud} has 6 service accounts, {ends} 8, as the cloud says"),
        ("staging", "error", f"cloud {cloud} has 13 keys, {ends} 15, as the cloud says"),
        ("staging", "error", f"cloud {cloud} has 4 Lockbox secrets, {ends} 6, as the cloud says"),
    }
    quota(own_copy, "iam.apiKeys.count", {"limit": 16, "usage": 13})
    # prod has 6 keys, two of them in the overlap that they are in already, and makes one of two; staging has 1, and makes two of two.
    (noted,) = (it for it in problems(own_copy, "--cloud") if "overlaps" in it["wrong"])
    assert (noted["stack"], noted["severity"]) == ("prod", "note")
    told = json.loads(own_copy("check", "--cloud", "--json").out)
    shares = {it["quota"]: it["stacks"] for it in told["quotas"]}
    by_stack = {it["stack"]: (it["has"], it["makes"], it["atOnce"]) for it in shares["iam.apiKeys.count"]}
    prod, staging = by_stack["prod"], by_stack["staging"]
    assert staging == (1, 2, 6)
    assert f"(of them prod {prod[2]}, staging 6)" in noted["wrong"]
    peak = 13 + prod[2] - prod[0] + 5
    assert f"they are up to {peak} while their overlaps last" in noted["wrong"]
    assert [(it["stack"], it["has"], it["makes"]) for it in shares["lockbox.secrets.count"]] == [
        ("prod", 2, 1),
        ("staging", 1, 2),
    ]


def test_quotas_are_asked_for_once_whatever_the_number_of_stacks(yckeys: Yckeys) -> None:
    problems(yckeys, "--cloud")
    calls = yckeys.cloud.calls
    assert (calls["QuotaLimitService/Get"], calls["ServiceAccountService/List"]) == (3, 1)


def test_a_new_key_of_an_account_that_is_there_counts_and_twice_in_its_overlap(own_copy: Yckeys) -> None:
    file = own_copy.folder / "stacks" / "Pulumi.staging.yaml"
    quota(own_copy, "iam.apiKeys.count", {"limit": 10, "usage": 9})
    assert of_quotas(own_copy) == []
    config = yaml.safe_load(file.read_text())
    (account,) = config["config"]["api-keys:accounts"]
    account["keys"].append({"name": "nightly", "uses": ["vision"]})
    file.write_text(yaml.safe_dump(config))
    (found,) = of_quotas(own_copy)
    assert (found["severity"], "makes 1 more, they are up to 12 while their overlaps last" in found["wrong"]) == (
        "note",
        True,
    )
    quota(own_copy, "iam.apiKeys.count", {"limit": 9, "usage": 9})
    (found,) = of_quotas(own_copy)
    assert (found["severity"], "has 9 keys, this file makes 1 more" in found["wrong"]) == ("error", True)
    # Each overlap of ten days holds four more of a key that rotates every three.
    account["keys"][1] |= {"rotateEvery": "3d", "overlap": "10d"}
    file.write_text(yaml.safe_dump(config))
    quota(own_copy, "iam.apiKeys.count", {"limit": 13, "usage": 9})
    (found,) = of_quotas(own_copy)
    assert "makes 1 more, they are up to 15 while their overlaps last" in found["wrong"]


def test_a_renamed_key_or_account_makes_no_key_anew(own_copy: Yckeys) -> None:
    file = own_copy.folder / "stacks" / "Pulumi.staging.yaml"
    quota(own_copy, "iam.apiKeys.count", {"limit": 9, "usage": 9})
    config = yaml.safe_load(file.read_text())
    (account,) = config["config"]["api-keys:accounts"]
    account |= {"name": "another", "renamedFrom": account["name"]}
    account["keys"][0] |= {"name": "other", "renamedFrom": account["keys"][0]["name"]}
    file.write_text(yaml.safe_dump(config))
    told = json.loads(own_copy("check", "--cloud", "--json", "--stack", "staging").out)
    assert {it["quota"]: [share["makes"] for share in it["stacks"]] for it in told["quotas"]} == {
        "iam.serviceAccounts.count": [0],
        "iam.apiKeys.count": [0],
        "lockbox.secrets.count": [0],
    }


def test_a_key_that_the_stack_has_and_the_file_lacks_is_noted_for_it_dies_by_the_next_run(own_copy: Yckeys) -> None:
    def noted() -> list[tuple[str, str]]:
        found = problems(own_copy, "--cloud", "--stack", "staging")
        return [(it["path"], it["wrong"].partition(",")[0]) for it in found if "consumers fail" in it["wrong"]]

    file = own_copy.folder / "stacks" / "Pulumi.staging.yaml"
    before = file.read_text()
    assert noted() == []
    file.write_text(before.replace("name: default", "name: tickets"))
    assert noted() == [("accounts[0].keys", "the stack has a key translator-staging/default")]
    file.write_text(before.replace("name: default", "name: tickets\n      renamedFrom: default"))
    assert noted() == []
    file.write_text(before.replace("name: translator-staging", "name: helpdesk"))
    assert noted() == [("accounts", "the stack has a key translator-staging/default")]


def test_all_keys_of_a_stack_that_is_to_be_made_are_new(own_copy: Yckeys) -> None:
    quota(own_copy, "iam.apiKeys.count", {"limit": 9, "usage": 9})
    assert [it["severity"] for it in of_quotas(own_copy)] == ["note"]
    for file in (own_copy.folder / "state" / ".pulumi" / "stacks" / "api-keys").glob("staging.*"):
        file.unlink()
    (found,) = of_quotas(own_copy)
    assert "has 9 keys, this file makes 1 more" in found["wrong"]


def test_where_no_state_can_be_read_a_quota_that_may_not_do_is_noted(own_copy: Yckeys) -> None:
    own_copy.environment |= {"PULUMI_BACKEND_URL": "s3://nobody", "PATH": ""}
    quota(own_copy, "iam.apiKeys.count", {"limit": 100, "usage": 9})
    assert of_quotas(own_copy) == []
    quota(own_copy, "iam.apiKeys.count", {"limit": 10, "usage": 9})
    (noted,) = of_quotas(own_copy)
    assert (noted["severity"], "isn't seen (no `pulumi` on PATH" in noted["wrong"]) == ("note", True)


def test_a_cloud_s_own_quota_holds_a_new_key_of_a_deployed_account(tmp_path: Path) -> None:
    with small_world(tmp_path) as made:

        def found() -> list[tuple[str, str]]:
            done = subprocess.run(
                [sys.executable, "-m", "cli", "check", "--cloud", "--json", "--stack", made.stack.name],
                cwd=made.stack.directory,
                env={**made.environment(), "PYTHONPATH": str(REPOSITORY)},
                check=False,
                capture_output=True,
                text=True,
            )
            told = [it for it in json.loads(done.stdout)["problems"] if "quota" in it["wrong"]]
            return [(it["severity"], it["wrong"].partition(" has ")[2]) for it in told]

        there = len(made.cloud.state()["apiKeys"])
        made.cloud.set(apiKeyQuota=2 * there)
        assert found() == []
        made.cloud.set(apiKeyQuota=there)
        assert [(severity, "overlaps" in wrong) for severity, wrong in found()] == [("note", True)]
        (account,) = STAGING
        keys = [*account["keys"], {"name": "nightly", "uses": ["vision"]}]
        made.stack.write([{**account, "keys": keys}], DEFAULTS)
        ((severity, wrong),) = found()
        assert severity == "error"
        assert wrong == f"{there} key, this file makes 1 more, and the quota is {there}, as the cloud says"
        made.cloud.set(apiKeyQuota=there + 1)
        ((severity, wrong),) = found()
        assert (severity, "they are up to 4 while their overlaps last" in wrong) == ("note", True)
        made.cloud.set(apiKeyQuota=there + 3)
        assert found() == []


def test_readers_of_every_kind_are_looked_for_in_the_cloud_itself(tmp_path: Path) -> None:
    with small_world(tmp_path) as made:
        (there, *_) = made.cloud.state()["serviceAccounts"]
        (account,) = STAGING
        kinds = ("userAccount", "federatedUser", "group")
        subjects = {
            kind: made.cloud.admin("POST", "subjects", {"kind": kind, "name": "support"})["id"] for kind in kinds
        }
        known = [f"serviceAccount:{there['id']}", *(f"{kind}:{subject}" for kind, subject in subjects.items())]
        readers = [
            "self",
            *known,
            "serviceAccount:ajexxxxxxxxxxxxxxxxx",
            "userAccount:ajeuserxxxxxxxxxxxxx",
            "group:ajegroupxxxxxxxxxxxx",
        ]
        made.stack.write([{**account, "readers": readers}], DEFAULTS)
        done = subprocess.run(
            [sys.executable, "-m", "cli", "check", "--cloud", "--stack", made.stack.name],
            cwd=made.stack.directory,
            env={**made.environment(), "PYTHONPATH": str(REPOSITORY)},
            check=False,
            capture_output=True,
            text=True,
        )
        told = [line for line in done.stdout.splitlines() if "readers" in line]
        assert (done.returncode, len(told)) == (1, 3), done.stdout + done.stderr
        assert "accounts[0].readers[5]: the cloud has no service account ajexxxxxxxxxxxxxxxxx: " in told[0]
        assert "accounts[0].readers[6]: the cloud has no user account ajeuserxxxxxxxxxxxxx: " in told[1]
        assert "accounts[0].readers[7]: the cloud has no group ajegroupxxxxxxxxxxxx: " in told[2]


def test_a_quota_that_can_t_be_read_is_noted(yckeys: Yckeys) -> None:
    quota(yckeys, "iam.apiKeys.count", CloudError("QuotaLimitService/Get", "PERMISSION_DENIED", "Permission denied"))
    (noted,) = of_quotas(yckeys)
    assert (noted["severity"], noted["right"]) == ("note", "see that the documented 1,000 will do")
    assert "PERMISSION_DENIED, which quota-manager.viewer on the cloud may" in noted["wrong"]


def test_the_schema_is_the_one_of_the_repository(yckeys: Yckeys) -> None:
    assert yckeys("schema").out == (REPOSITORY / "stacks" / "schema.json").read_text(encoding="utf-8")


def test_the_project_s_own_stack_files_are_right(yckeys: Yckeys) -> None:
    assert yckeys("check", "--project", str(Path(REPOSITORY))).code == 0
