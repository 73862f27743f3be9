"""Every command of the pages runs, as the page has it, or it is said here why it can't, or which other test runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from setup.engine.places import REPOSITORY
from tests.end_to_end.page_commands import Command, commands, pages
from tests.end_to_end.pipeline_runner import clone, git
from tests.support.colleague import call
from tests.support.forked_python import forked_python
from tests.support.local_cloud import LocalCloud
from tests.support.pulumi import engine_environment

# A page whose commands a test of their own reads and runs.
READ_BY = {
    "docs/first-read.md": "tests/tools/test_local_stack.py",
    "docs/policy.md": "tests/end_to_end/test_policy_pack.py",
}
# By the beginning of a command, what keeps it from here, or what runs it.
NOT_HERE = {
    "make up": "tests/tools/test_local_stack.py runs the module behind it, with `down` and `status`",
    "make test": "it would run this test",
    "pulumi package add": "the address is the reader's; tests/end_to_end/test_examples.py adds the package of this clone",
    "pulumi install --no-plugins": "tests/end_to_end/test_kubernetes_operator.py installs; here it would change the tests' packages",
    "export AWS_ACCESS_KEY_ID": "tests/end_to_end/test_pipeline_jobs.py has a bucket",
    "pulumi login 's3:": "tests/end_to_end/test_pipeline_jobs.py has a bucket",
    "export PULUMI_CONFIG_PASSPHRASE": "a secret of the reader's",
    "yc ": "the cloud's own command line isn't here",
    "kubectl ": "no cluster is here; tests/pipelines/test_kubernetes_files.py holds the objects to the operator's own schemas",
    "pipelines/README.md: pulumi stack init prod": "docs/real-cloud.md has it",
}
# Pages of programs of one's own, which tests of those programs run whole.
PROGRAMS = ("docs/program-go.md", "docs/program-python.md", "docs/program-typescript.md", "docs/program-yaml.md")
WALKED = (
    "docs/real-cloud.md",
    "docs/fleet.md",
    "docs/consumers.md",
    "docs/yckeys.md",
    "docs/adopting-keys.md",
    "docs/stack-file.md",
    "docs/calendar.md",
    "emulator/README.md",
)

TRANSLATOR: dict[str, Any] = {
    "name": "translator",
    "owner": "support-team",
    "readers": ["self"],
    "keys": [{"name": "default", "uses": ["translate"], "verify": False}],
}
ADOPTING: dict[str, Any] = {**TRANSLATOR, "keys": [*TRANSLATOR["keys"], {"name": "byhand", "uses": ["translate"]}]}
MAIL: dict[str, Any] = {"name": "mail", "owner": "webshop", "keys": [{"name": "smtp", "uses": ["postbox"]}]}

# The mistakes that docs/stack-file.md shows.
MISTAKEN: list[dict[str, Any]] = [
    {"name": "translator", "keys": [{"name": "default", "uses": ["transalte"], "lifetime": "30d"}]},
    {
        "name": "Nightly",
        "keys": [
            {
                "name": "default",
                "scopes": ["yc.ai.languageModels.execute"],
                "rotateEvery": "two weeks",
                "colour": "red",
            }
        ],
    },
]
# What the runs of docs/calendar.md can't meet.
WINDOWS = [{"days": ["tue"], "from": "09:00", "to": "17:00", "timezone": "Europe/Moscow"}]
REFUSED = (1, 255)


def reason(command: Command) -> str | None:
    return next((why for beginning, why in NOT_HERE.items() if begins(command, beginning)), None)


def begins(command: Command, beginning: str) -> bool:
    """Whether a command of any page, or of the page that is named before a colon, begins so."""
    return command.text.startswith(beginning) or f"{command.page}: {command.text}".startswith(beginning)


@pytest.mark.parametrize("page", pages())
def test_every_command_of_a_page_has_its_test(page: str) -> None:
    """A new one has to go somewhere: into the walk below, a test that reads the page, or the list of what can't be run."""
    if page in (*WALKED, *READ_BY, *PROGRAMS):
        return
    assert [command.text for command in commands(page) if reason(command) is None] == []


def test_the_tests_that_read_a_page_are_there() -> None:
    for page, test in READ_BY.items():
        assert Path(page).name in (REPOSITORY / test).read_text(encoding="utf-8"), test


def test_what_is_said_not_to_run_here_is_on_a_page() -> None:
    written = [command for page in pages() for command in commands(page)]
    assert [it for it in NOT_HERE if not any(begins(command, it) for command in written)] == []


class Reader:
    """Somebody at a clone of their own, who types what the pages say; questions of the engine are answered with yes."""

    def __init__(self, directory: Path, cloud: LocalCloud) -> None:
        self.cloud, self.clone = cloud, directory / "clone"
        clone(self.clone)
        (self.clone / "stacks" / "Pulumi.dev.yaml").unlink()  # they have one stack
        python = forked_python()
        (self.clone / ".venv").symlink_to(python.virtual_environment, target_is_directory=True)
        of_the_engine = engine_environment(directory, python.engine)
        tools = directory / "tools"
        tools.mkdir()
        # It would ask a cluster; here it keeps what it is given.
        (tools / "kubectl").write_text('#!/bin/sh\ncat > "$HOME/applied.yaml"\n')
        (tools / "kubectl").chmod(0o755)
        self.home = directory
        path = os.pathsep.join([str(tools), str(self.clone / ".venv" / "bin"), of_the_engine["PATH"]])
        self.environment = {
            **of_the_engine,
            "PATH": path,
            "HOME": str(directory),
            "PULUMI_OPTION_YES": "true",
            "PULUMI_OPTION_NON_INTERACTIVE": "true",
            "YC_FOLDER_ID": cloud.folder_id,
            "COLUMNS": "160",
            "PIPELINE_VENV": str(python.virtual_environment),
            "PIPELINE_STATE_DIR": str(directory / "journal"),
        }
        self.left = {command: page for page in WALKED for command in commands(page) if reason(command) is None}

    @property
    def stack_file(self) -> Path:
        return self.clone / "stacks" / "Pulumi.prod.yaml"

    def declare(self, *accounts: dict[str, Any]) -> None:
        kept = yaml.safe_load(self.stack_file.read_text())
        config = {
            "yandex-keys:cloudId": self.cloud.ready["cloudId"],
            "yandex-keys:folderId": self.cloud.folder_id,
            "api-keys:accounts": list(accounts),
        }
        self.stack_file.write_text(yaml.safe_dump({**kept, "config": config}, sort_keys=False))

    def commit(self) -> None:
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--message", "A change")

    def sh(self, text: str, codes: tuple[int, ...] = (0,)) -> str:
        environment = {**self.environment, **self.cloud.environment()}
        done = subprocess.run(
            ["sh", "-c", text], cwd=self.clone, env=environment, check=False, capture_output=True, text=True
        )
        printed = done.stdout + done.stderr
        assert done.returncode in codes, f"$ {text}\nexit code {done.returncode}\n{printed}"
        return printed

    def types(
        self,
        page: str,
        beginning: str,
        *,
        codes: tuple[int, ...] = (0,),
        as_shown: bool = False,
        instead: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """Runs the page's next command that begins so. instead: by what the page writes, what is the reader's own."""
        command = next(it for it, of in self.left.items() if of == page and it.text.startswith(beginning))
        del self.left[command]
        text = command.text
        for written, own in instead.items():
            assert written in text, text
            text = text.replace(written, own)
        printed = self.sh(text, codes)
        if as_shown:
            assert command.missing_from(printed) == [], printed
        return printed


def test_a_reader_who_types_what_the_pages_say_gets_what_they_show(tmp_path: Path, cloud: LocalCloud) -> None:
    reader = Reader(tmp_path, cloud)
    receipts = goes_to_a_cloud(reader)
    assert "prod: nothing to do" in reader.types("docs/fleet.md", "python3 -m pipelines up")
    gives_consumers_their_pieces(reader, receipts)
    looks_at_keys(reader, receipts)
    adopts_a_key(reader)
    finds_another_one(reader)
    hears_of_a_leak(reader)
    removes_a_protected_key_and_errs(reader)
    misses_the_windows(reader)
    serves_the_emulator_alone(reader)
    assert [f"{command.page}: {command.text}" for command in reader.left] == []


def goes_to_a_cloud(reader: Reader) -> dict[str, Any]:
    page = "docs/real-cloud.md"
    reader.types(page, "pulumi stack init", as_shown=True)
    reader.types(page, "git diff", as_shown=True)
    reader.declare(TRANSLATOR, MAIL)
    reader.commit()
    reader.types(page, "pulumi preview")
    assert "1 stack file: " in reader.types(page, ".venv/bin/python -m cli check")
    reader.types(page, "pulumi up")
    receipts: dict[str, Any] = json.loads(reader.types(page, "pulumi stack output"))
    assert receipts.keys() == {"translator/default", "mail/smtp"}
    assert len(reader.cloud.live_keys()) == 2
    return receipts


def gives_consumers_their_pieces(reader: Reader, receipts: dict[str, Any]) -> None:
    page = "docs/consumers.md"
    reader.types(page, "yckeys consume translator/default --for external-secrets")
    applied = list(yaml.safe_load_all((reader.home / "applied.yaml").read_text()))
    assert [it["kind"] for it in applied] == ["SecretStore", "ExternalSecret"]
    reader.types(page, "yckeys consume translator/default --for python")
    compile((reader.clone / "key_reader.py").read_text(), "key_reader.py", "exec")
    reader.types(page, "yckeys consume translator/default --for vm")
    assert list((reader.clone / "files").iterdir())
    assert receipts["translator/default"]["lockboxSecretId"] in reader.types(page, "yckeys consume prod/translator")


def looks_at_keys(reader: Reader, receipts: dict[str, Any]) -> None:
    page = "docs/yckeys.md"
    assert "translator/default" in reader.types(page, "yckeys inventory")
    reader.types(page, "yckeys plan")
    reader.types(page, "yckeys audit")
    reader.types(page, "yckeys report")
    assert (reader.clone / "keys.html").stat().st_size > 0
    assert (reader.clone / "timeline.png").read_bytes().startswith(b"\x89PNG")
    assert receipts["translator/default"]["keyId"] in reader.types(page, "yckeys explain")
    reader.types(page, "yckeys consume")
    reader.types(page, "yckeys check")
    reader.types(page, "yckeys metrics", instead={"/var/lib/node_exporter": str(reader.home)})
    assert "yckeys_key_expires" in (reader.home / "yckeys.prom").read_text()


def adopts_a_key(reader: Reader) -> None:
    page = "docs/adopting-keys.md"
    by_hand = a_key_by_hand(reader, "yc.ai.translate.execute")
    reader.declare(ADOPTING, MAIL)
    words, imports = (it for it in reader.left if it.page == page)
    for command in (words, imports):
        del reader.left[command]
    on_the_page = imports.text.split()[4]
    typed = f"{words.text}\n{imports.text.replace(on_the_page, by_hand)}".replace("STACK=local", "STACK=prod")
    assert imports.missing_from(reader.sh(typed)) == []
    assert "adopted by import" in reader.sh("pulumi preview --diff")
    reader.sh("pulumi up")
    assert json.loads(reader.sh("pulumi stack output receipts --json"))["translator/byhand"]["keyId"] != by_hand
    reader.commit()


def finds_another_one(reader: Reader) -> None:
    another = a_key_by_hand(reader, "yc.ai.vision.execute")
    assert another in reader.types("docs/yckeys.md", "yckeys adopt")
    assert another in (reader.clone / "import.json").read_text()
    reader.sh("git checkout --quiet stacks")


def hears_of_a_leak(reader: Reader) -> None:
    leaked = json.loads(reader.sh("pulumi stack output receipts --json"))["translator/default"]["keyId"]
    details = {"url": "https://github.com/nobody/nothing/.env", "yandex_cloud_iam_api_key": {"key_id": leaked}}
    event = {"event_type": "yandex.cloud.audit.iam.DetectLeakedCredential", "details": details}
    (reader.clone / "trail.json").write_text(json.dumps(event))
    assert f"key {leaked} is prod/translator/default" in reader.types("docs/yckeys.md", "yckeys leaked")
    assert f"leaked-{leaked}" in git(reader.clone, "branch", "--list")


def removes_a_protected_key_and_errs(reader: Reader) -> None:
    page = "docs/stack-file.md"
    reader.declare(ADOPTING, {**MAIL, "protect": True})
    reader.sh("pulumi up")
    reader.declare(ADOPTING)
    assert "cannot be deleted" in reader.types(page, "pulumi up", codes=REFUSED)
    mistaken = yaml.safe_load(reader.stack_file.read_text())
    mistaken["config"]["api-keys:defaults"] = {"lifetime": "90d", "rotateEvery": "30d", "overlap": "7d"}
    mistaken["config"]["api-keys:accounts"] = MISTAKEN
    reader.stack_file.write_text(yaml.safe_dump(mistaken))
    reader.types(page, "pulumi preview", codes=REFUSED, as_shown=True)


def misses_the_windows(reader: Reader) -> None:
    page = "docs/calendar.md"
    (shown,) = (it for it in reader.left if it.page == page)
    figures = dict(re.findall(r"(?:a )?(runs every|lifetime of|rotateEvery|overlap) (\d+d)", " ".join(shown.shown)))
    late = yaml.safe_load(reader.stack_file.read_text())
    late["config"] |= {"yandex-keys:runEvery": figures["runs every"], "api-keys:accounts": [TRANSLATOR]}
    late["config"]["api-keys:defaults"] = {
        "lifetime": figures["lifetime of"],
        "rotateEvery": figures["rotateEvery"],
        "overlap": figures["overlap"],
        "windows": WINDOWS,
    }
    reader.stack_file.write_text(yaml.safe_dump(late))
    reader.types(page, "pulumi preview", codes=REFUSED, as_shown=True)


def serves_the_emulator_alone(reader: Reader) -> None:
    (serve,) = (it for it in reader.left if it.page == "emulator/README.md")
    del reader.left[serve]
    process = subprocess.Popen(
        [sys.executable, *serve.text.split()[1:]],
        cwd=reader.clone,
        env=reader.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    process.terminate()
    process.communicate()
    (line,) = serve.shown
    assert ready.keys() == json.loads(line).keys()


def a_key_by_hand(reader: Reader, scope: str) -> str:
    """Its id; it is of the account `translator`."""
    account = json.loads(reader.sh("pulumi stack output serviceAccounts --json"))["translator"]
    made = call(reader.cloud, "ApiKeyService/Create", service_account_id=account, description="by hand", scopes=[scope])
    return str(made["api_key"]["id"])


def test_what_an_answer_lacks_is_found() -> None:
    """Else the walk would see nothing."""
    shown = Command("a page", "a command", ("key aje1m2036vi81s16nbai ends 2026-12-02 01:36", "…", "nothing else"))
    assert shown.missing_from("  key ajeaaaaaaaaaaaaaaaaa   ends 2027-01-01 00:00 UTC\nnothing more") == [
        "nothing else"
    ]
