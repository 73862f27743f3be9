"""The objects for the Pulumi Kubernetes Operator are what it takes, and rotate keys without a commit."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from components.spec import parse
from pipelines import login
from provider.yandex_keys import credentials
from setup.engine.places import REPOSITORY
from setup.engine.places import VERSION as ENGINE
from tests.pipelines.operator_schemas import FIELDS, PROGRAM, STACK, WORKSPACE, SchemasMissing, schemas, unknown_fields

FOLDER = REPOSITORY / "pipelines" / "kubernetes"
PAGE = REPOSITORY / "docs" / "kubernetes.md"


def objects(*files: str) -> list[dict[str, Any]]:
    paths = [FOLDER / file for file in files] or sorted(FOLDER.glob("*.yaml"))
    return [it for path in paths for it in yaml.safe_load_all(path.read_text(encoding="utf-8")) if it]


def of_kind(*kinds: tuple[str, str]) -> list[dict[str, Any]]:
    return [it for it in objects() if (it["apiVersion"], it["kind"]) in kinds]


OURS = of_kind(STACK, WORKSPACE, PROGRAM)
STACKS = of_kind(STACK)


def name(written: dict[str, Any]) -> str:
    return f"{written['kind']} {written['metadata']['name']}"


def pod(written: dict[str, Any]) -> dict[str, Any]:
    """The specification of the workspace, with its pod template's."""
    spec: dict[str, Any] = written["spec"]
    return dict(spec["workspaceTemplate"]["spec"] if written["kind"] == "Stack" else spec)


def environment(written: dict[str, Any]) -> dict[str, str]:
    """The literal values, and for a secret its name and key."""
    spec = written["spec"]
    if written["kind"] == "Stack":
        return {
            key: it["literal"]["value"] if it["type"] == "Literal" else f"{it['secret']['name']}/{it['secret']['key']}"
            for key, it in spec["envRefs"].items()
        }
    return {
        it["name"]: it["value"] if "value" in it else "{name}/{key}".format(**it["valueFrom"]["secretKeyRef"])
        for it in spec["env"]
    }


def test_there_is_one_of_each_kind() -> None:
    assert {(it["apiVersion"], it["kind"]) for it in OURS} == {STACK, WORKSPACE, PROGRAM}


@pytest.mark.parametrize("written", OURS, ids=name)
def test_every_field_is_one_of_the_operator_s(written: dict[str, Any]) -> None:
    assert unknown_fields(written) == []


@pytest.mark.parametrize(
    ("field", "value"), [("continueResyncOnCommitMatched", True), ("resyncFrequencySeconds", "3600")]
)
def test_a_field_that_the_operator_has_not_is_found(field: str, value: object) -> None:
    wrong = copy.deepcopy(STACKS[0])
    wrong["spec"][field] = value
    assert unknown_fields(wrong) == [f"spec.{field}"]
    try:
        found = list(jsonschema.Draft202012Validator(schemas()[STACK]).iter_errors(wrong))
    except SchemasMissing:
        return
    assert found


@pytest.mark.parametrize("written", OURS, ids=name)
def test_the_operator_s_own_schemas_take_every_object(written: dict[str, Any]) -> None:
    try:
        schema = schemas()[written["apiVersion"], written["kind"]]
    except SchemasMissing as error:
        pytest.skip(str(error))
    found = jsonschema.Draft202012Validator(schema).iter_errors(written)
    assert [f"{'.'.join(map(str, it.path))}: {it.message}" for it in found] == []


def test_the_list_of_fields_is_the_schemas_and_has_none_that_nobody_uses() -> None:
    """The strict schemas take all that is used, so what is in the list and used is the operator's; the rest would be a guess."""
    for kind, fields in FIELDS.items():
        for field in fields:
            used = [it for it in OURS if (it["apiVersion"], it["kind"]) == kind and unknown_without(it, kind, field)]
            assert used, f"{kind[1]} {field}"


def unknown_without(written: dict[str, Any], kind: tuple[str, str], field: str) -> bool:
    """Whether the object uses the field: it is unknown once the list lacks it."""
    fewer = {**FIELDS, kind: {name: it for name, it in FIELDS[kind].items() if name != field}}
    return bool(unknown_fields(written, fewer))


@pytest.mark.parametrize("written", STACKS, ids=name)
def test_keys_rotate_without_a_commit(written: dict[str, Any]) -> None:
    """The operator runs a commit once, unless it is told both of these."""
    spec = written["spec"]
    assert spec["continueResyncOnCommitMatch"] is True
    assert timedelta(minutes=1) <= timedelta(seconds=spec["resyncFrequencySeconds"]) <= timedelta(days=1)
    assert spec["retryMaxBackoffDurationSeconds"] <= spec["resyncFrequencySeconds"]


@pytest.mark.parametrize("written", STACKS, ids=name)
def test_deleting_an_object_ends_no_key(written: dict[str, Any]) -> None:
    assert written["spec"]["destroyOnFinalize"] is False


def test_a_stack_of_the_repository_is_never_made_anew_without_its_salt() -> None:
    assert all(it["spec"]["useLocalStackOnly"] for it in STACKS if "projectRepo" in it["spec"])


def test_prod_waits_for_dev() -> None:
    dev, prod = (it for it in STACKS if "projectRepo" in it["spec"])
    (wanted,) = prod["spec"]["prerequisites"]
    assert wanted["name"] == dev["metadata"]["name"]
    assert re.fullmatch(r"\d+m", wanted["requirement"]["succeededWithinDuration"])
    assert "prerequisites" not in dev["spec"]


def test_a_passphrase_that_is_typed_as_the_page_says_gets_no_end_of_line(tmp_path: Path) -> None:
    """The pods get it as a variable, which the engine takes as it is."""
    (command,) = re.findall(r"^    (.*create secret generic passphrase-prod.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    kubectl, bash = tmp_path / "kubectl", shutil.which("bash")
    kubectl.write_text('#!/bin/sh\necho "$@" > said\ncat > kept\n')
    kubectl.chmod(0o700)
    if bash is None:
        pytest.skip("no bash on this machine")
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([bash, "-c", command], cwd=tmp_path, env={"PATH": path}, check=True, input=b" two words\\n\n")
    assert (tmp_path / "kept").read_bytes() == b" two words\\n"
    assert "two words" not in (tmp_path / "said").read_text()


@pytest.mark.parametrize("written", of_kind(STACK, WORKSPACE), ids=name)
def test_a_pod_logs_in_by_a_token_of_its_own_identity(written: dict[str, Any]) -> None:
    variables, spec = environment(written), pod(written)["podTemplate"]["spec"]
    assert {credentials.FEDERATED_TOKEN, credentials.FEDERATED_ACCOUNT} <= variables.keys()
    assert variables.keys().isdisjoint({"YC_TOKEN", credentials.KEY_FILE})
    (container,) = spec["containers"]
    assert container["name"] == "pulumi"  # the operator's, which this adds to
    mounts = {it["name"]: it["mountPath"] for it in container["volumeMounts"]}
    volumes = {it["name"]: it for it in spec["volumes"]}
    assert mounts.keys() == volumes.keys()
    (source,) = volumes["yandex-cloud-token"]["projected"]["sources"]
    token = source["serviceAccountToken"]
    assert variables[credentials.FEDERATED_TOKEN] == f"{mounts['yandex-cloud-token']}/{token['path']}"
    assert token["audience"]
    accounts = [it["metadata"]["name"] for it in objects("access.yaml") if it["kind"] == "ServiceAccount"]
    assert written["spec"]["serviceAccountName"] in accounts


@pytest.mark.parametrize("written", of_kind(STACK, WORKSPACE), ids=name)
def test_a_key_for_the_state_is_asked_for_where_there_is_a_checkout(written: dict[str, Any]) -> None:
    variables = environment(written)
    if "programRef" in written["spec"]:
        assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= variables.keys()
        return
    (config,) = (it for it in objects("access.yaml") if it["kind"] == "ConfigMap")
    (mount,) = (
        it
        for it in pod(written)["podTemplate"]["spec"]["containers"][0]["volumeMounts"]
        if it["name"] == config["metadata"]["name"]
    )
    (file,) = config["data"]
    assert variables["AWS_CONFIG_FILE"] == f"{mount['mountPath']}/{file}"
    assert "python3 -m pipelines state-key" in config["data"][file]
    assert variables.keys().isdisjoint({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})


@pytest.mark.parametrize("written", of_kind(STACK, WORKSPACE), ids=name)
def test_the_state_is_written_as_the_pipelines_write_it(written: dict[str, Any]) -> None:
    assert environment(written)["PULUMI_DIY_BACKEND_ZSTD"] == "true"


def test_no_secret_is_written_down() -> None:
    for written in of_kind(STACK, WORKSPACE):
        for variable, value in environment(written).items():
            if re.search("PASSPHRASE|SECRET|ACCESS_KEY", variable):
                assert re.fullmatch(r"[a-z-]+/[a-z]+", value), variable
    assert not [it for it in objects() if it["kind"] == "Secret"]


def test_every_identity_may_ask_the_cluster_who_calls() -> None:
    """Else the workspace's agent can't tell the operator from anybody."""
    access = objects("access.yaml")
    (binding,) = (it for it in access if it["kind"] == "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == "system:auth-delegator"
    accounts = {it["metadata"]["name"] for it in access if it["kind"] == "ServiceAccount"}
    assert {it["name"] for it in binding["subjects"]} == accounts


@pytest.mark.parametrize("written", of_kind(STACK, WORKSPACE), ids=name)
def test_the_engine_is_the_pinned_one_and_the_pod_is_restricted(written: dict[str, Any]) -> None:
    assert pod(written)["image"] == f"pulumi/pulumi:{ENGINE.removeprefix('v')}-nonroot"
    assert pod(written)["securityProfile"] == "restricted"


def test_the_accounts_of_a_program_are_as_in_a_stack_file() -> None:
    (program,) = of_kind(PROGRAM)
    accounts = [
        it["properties"]
        for it in program["program"]["resources"].values()
        if it["type"] == "yandex-keys:ServiceAccountKeys"
    ]
    assert parse(None, accounts).accounts


def test_the_login_s_variables_are_the_provider_s() -> None:
    assert (login.TOKEN, login.ACCOUNT) == (credentials.FEDERATED_TOKEN, credentials.FEDERATED_ACCOUNT)


def test_the_page_names_every_file_and_every_secret() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path in sorted(FOLDER.iterdir()):
        assert f"pipelines/kubernetes/{path.name}" in page, path.name
    secrets = {
        value.split("/")[0]
        for it in STACKS
        for value in environment(it).values()
        if re.fullmatch(r"[a-z-]+/[a-z]+", value)
    }
    assert {it for it in secrets if it not in page} == set()


def test_placeholders_are_the_same_words_everywhere() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path in sorted(FOLDER.glob("*.yaml")):
        for placeholder in set(re.findall(r"<[a-z ,]+>", path.read_text(encoding="utf-8"))):
            assert placeholder in page, f"{Path(path).name}: {placeholder}"
