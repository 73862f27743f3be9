"""`yckeys consume`: the ready piece for each kind of consumer, and what is said of it."""

from __future__ import annotations

import configparser
import json
import subprocess
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.consumers.kinds import FROM_OUTPUTS, FROM_OUTPUTS_ALONE, PIECES, Kind
from cli.consumers.piece import KeyToRead, hours_and_minutes, variable
from tests.cli.conftest import Yckeys, changed_outputs
from tests.cli.recorded_cloud import RECORDED

Golden = Callable[[str, str], None]


def consumed(yckeys: Yckeys, key: str, kind: Kind) -> dict[str, Any]:
    """What `consume --json` tells."""
    ended = yckeys("consume", key, "--for", kind, "--json")
    assert ended.code == 0, ended.errors
    return dict(json.loads(ended.out))


def outputs_of(name: str) -> Mapping[str, Any]:
    """The recorded outputs of a key of the stack `prod`."""
    state = json.loads((RECORDED / "state" / ".pulumi" / "stacks" / "api-keys" / "prod.json").read_text())
    found: list[Mapping[str, Any]] = [
        it["outputs"] for it in state["checkpoint"]["latest"]["resources"] if it["urn"].endswith(f"ApiKey::{name}")
    ]
    return found[0]


def key_of(overlap: timedelta, run_every: timedelta = timedelta(days=1)) -> KeyToRead:
    """A key in Lockbox, with an overlap."""
    return KeyToRead(
        project="api-keys",
        stack="prod",
        account="translator",
        name="default",
        secret_id="e6qsecret",
        version_id="e6qversion",
        secret_entry="api_key",
        key_id_entry="api_key_id",
        reader_id="ajereader",
        needs_id=False,
        is_output=False,
        overlap=overlap,
        run_every=run_every,
    )


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_a_piece_and_is_told_in_full(yckeys: Yckeys, golden: Golden, kind: Kind) -> None:
    key = "translator/nightly" if kind in FROM_OUTPUTS_ALONE else "translator/default"
    ended = yckeys("consume", f"prod/{key}", "--for", kind)
    assert (ended.code, ended.errors) == (0, "")
    for words in ("On a rotation: ", "Reads: ", "Overlap: this key has "):
        assert words in ended.out
    golden(f"consume-{kind}.txt", ended.out)


def test_json_has_the_documented_shape(yckeys: Yckeys, golden: Golden) -> None:
    golden("consume.json", yckeys("consume", "translator/default", "--for", "external-secrets", "--json").out)


@pytest.mark.parametrize("kind", [Kind.FUNCTIONS, Kind.CONTAINERS])
def test_what_runs_without_a_server_is_pinned_to_the_version_of_now(own_copy: Yckeys, kind: Kind) -> None:
    outputs = outputs_of("translator/default")
    flag = f"version-id={outputs['lockboxVersionId']},key=api_key"
    assert flag in own_copy("consume", "translator/default", "--for", kind).out
    with changed_outputs(own_copy, "ApiKey::translator/default") as changed:
        changed["lockboxVersionId"] = "e6qafterarotation"
    told = own_copy("consume", "translator/default", "--for", kind).out
    assert flag not in told
    assert "version-id=e6qafterarotation,key=api_key" in told


def test_a_mailer_gets_the_id_as_well_which_is_its_login(yckeys: Yckeys) -> None:
    (file,) = consumed(yckeys, "webshop/mailer", Kind.FUNCTIONS)["files"]
    assert "environment-variable=SMTP_USER," in file["text"]
    assert "environment-variable=SMTP_PASSWORD," in file["text"]


def test_the_manifests_have_the_fields_that_the_operator_documents(yckeys: Yckeys) -> None:
    """https://external-secrets.io/latest/provider/yandex-lockbox/; all that is printed, comments included, is YAML for kubectl."""
    store, secret = yaml.safe_load_all(yckeys("consume", "webshop/mailer", "--for", "external-secrets").out)
    assert (store["apiVersion"], store["kind"]) == ("external-secrets.io/v1", "SecretStore")
    login = store["spec"]["provider"]["yandexlockbox"]["auth"]["authorizedKeySecretRef"]
    assert login.keys() == {"name", "key"}
    assert (secret["apiVersion"], secret["kind"]) == ("external-secrets.io/v1", "ExternalSecret")
    spec = secret["spec"]
    assert spec.keys() == {"refreshInterval", "secretStoreRef", "target", "data"}
    assert spec["secretStoreRef"] == {"name": store["metadata"]["name"], "kind": "SecretStore"}
    lockbox = outputs_of("webshop/mailer")["lockbox"]["secretId"]
    assert [it["remoteRef"] for it in spec["data"]] == [
        {"key": lockbox, "property": "smtp_user"},
        {"key": lockbox, "property": "smtp_password"},
    ]


@pytest.mark.parametrize("key", ["translator/default", "translator/nightly"])
def test_a_process_is_started_with_the_key_in_its_environment(yckeys: Yckeys, tmp_path: Path, key: str) -> None:
    """By a shell, with tools that answer what the real ones do."""
    tools = {
        "yc": 'test "$*" = "lockbox payload get --id $ID --key api_key" && echo from-lockbox',
        "pulumi": """echo '{"translator/nightly": "from-the-stack"}'""",
    }
    for name, does in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    script = tmp_path / "with-key.sh"
    script.write_text(yckeys("consume", key, "--for", "env").out)
    script.chmod(0o755)
    secret_id = outputs_of(key).get("lockbox", {}).get("secretId", "")
    settings = {"PATH": f"{tmp_path}:/usr/local/bin:/usr/bin:/bin", "ID": secret_id}
    done = subprocess.run(
        [script, "sh", "-c", "echo $API_KEY"], env=settings, check=True, capture_output=True, text=True
    )
    assert done.stdout == ("from-lockbox\n" if secret_id else "from-the-stack\n")


def test_the_python_that_is_printed_is_python(yckeys: Yckeys) -> None:
    names: dict[str, Any] = {"__name__": "key_reader"}
    exec(compile(yckeys("consume", "translator/default", "--for", "python").out, "key_reader.py", "exec"), names)
    assert {"KeyReader", "KeyUnread", "lockbox_entry"} <= names.keys()


@pytest.mark.parametrize("kind", sorted(set(Kind) - FROM_OUTPUTS))
def test_a_key_that_is_an_output_alone_is_refused_where_lockbox_is_read(yckeys: Yckeys, kind: Kind) -> None:
    ended = yckeys("consume", "translator/nightly", "--for", kind)
    assert ended.code == 2
    assert f"translator/nightly isn't in Lockbox, where {kind} reads it: write `deliver: both`" in ended.errors


def test_an_imported_key_was_never_delivered(own_copy: Yckeys) -> None:
    with changed_outputs(own_copy, "ApiKey::translator/default") as outputs:
        outputs["status"] = "adopted"
    ended = own_copy("consume", "translator/default", "--for", "python")
    assert ended.code == 2
    assert "its secret was never delivered: run `pulumi up`, which rotates it" in ended.errors


def test_an_overlap_that_is_too_short_for_the_runs_is_warned_of(yckeys: Yckeys) -> None:
    (warning,) = consumed(yckeys, "webshop/mailer", Kind.PYTHON)["warnings"]
    assert warning.startswith("overlap 1d holds fewer than two runs")


@pytest.mark.parametrize(
    ("overlap", "every"),
    [
        (timedelta(minutes=15), "3m"),
        (timedelta(hours=2), "30m"),
        (timedelta(hours=10), "1h"),
        (timedelta(days=7), "1h"),
    ],
)
def test_what_reads_by_time_reads_within_a_quarter_of_the_overlap(overlap: timedelta, every: str) -> None:
    key = key_of(overlap, run_every=timedelta(minutes=5))
    assert hours_and_minutes(key.reads_every) == every
    assert key.safe_overlap(key.reads_every) <= overlap
    for kind in Kind:
        reads = PIECES[kind](key).reads_every
        assert reads is None or reads * 4 <= overlap


def test_an_entry_s_name_becomes_a_variable_that_shells_know() -> None:
    assert [variable(it) for it in ("api_key", "smtp-password", "2nd.key")] == [
        "API_KEY",
        "SMTP_PASSWORD",
        "KEY_2ND_KEY",
    ]


def test_a_key_that_is_in_lockbox_alone_comes_into_a_cluster_by_the_operator(yckeys: Yckeys) -> None:
    ended = yckeys("consume", "translator/default", "--for", "kubernetes")
    assert ended.code == 2
    assert "isn't an output of the stack" in ended.errors
    assert "--for external-secrets" in ended.errors


def test_the_program_of_a_cluster_names_the_stack_in_full(yckeys: Yckeys) -> None:
    printed = yckeys("consume", "translator/nightly", "--for", "kubernetes").out
    compile(printed, "__main__.py", "exec")
    assert 'pulumi.StackReference("organization/api-keys/prod")' in printed.replace("'", '"')


@pytest.mark.parametrize(("kind", "files"), [(Kind.VM, 3), (Kind.DOCKER, 4)])
def test_a_machine_s_files_are_written_where_asked(yckeys: Yckeys, tmp_path: Path, kind: Kind, files: int) -> None:
    ended = yckeys("consume", "webshop/mailer", "--for", kind, "--out", str(tmp_path / "new"))
    assert ended.code == 0, ended.errors
    written = {file.name: file.read_text() for file in (tmp_path / "new").iterdir()}
    assert len(written) == files
    assert all(str(tmp_path / "new" / name) in ended.out for name in written)
    compile(written["key_file.py"], "key_file.py", "exec")
    units = {}
    for name in ("service", "timer"):
        units[name] = configparser.ConfigParser(interpolation=None, strict=True)
        units[name].read_string(written[f"yandex-key-webshop-mailer.{name}"])
    assert units["timer"]["Timer"]["OnUnitActiveSec"] == "1h"
    secret_id = outputs_of("webshop/mailer")["lockbox"]["secretId"]
    assert units["service"]["Service"]["ExecStart"].endswith(
        f"/run/yandex-keys/webshop-mailer {secret_id} smtp_user smtp_password"
    )
    if kind is Kind.DOCKER:
        (volume,) = yaml.safe_load(written["compose.yaml"])["services"]["app"]["volumes"]
        assert volume == "/run/yandex-keys/webshop-mailer:/run/keys:ro"


def test_a_folder_that_can_t_be_written_is_told(yckeys: Yckeys, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = yckeys("consume", "translator/default", "--for", "vm", "--out", str(tmp_path / "file"))
    assert ended.code == 3
    assert "can't be written" in ended.errors


@pytest.mark.parametrize("kind", Kind)
def test_no_kind_asks_the_cloud_or_has_a_state_decrypted(
    yckeys: Yckeys, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    """So there is no secret that it could print."""

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("the engine was started")

    monkeypatch.setattr("cli.engine.subprocess.run", asked)
    key = "translator/nightly" if kind in FROM_OUTPUTS_ALONE else "translator/default"
    assert yckeys("consume", key, "--for", kind).code == 0
    assert not yckeys.cloud.calls
