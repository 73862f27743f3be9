"""`python -m tests.cli.bench [STACKS] [KEYS]`: times `yckeys` on made-up stacks, as a table. 50 stacks of 100 keys by default."""

from __future__ import annotations

import copy
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from setup.engine.places import REPOSITORY
from tests.cli.recorded_cloud import MOMENT, RECORDED
from tools.table import Table

_KEYS_OF_AN_ACCOUNT = 5
_COMMANDS = (
    ("inventory",),
    ("inventory", "--json"),
    ("plan", "--days", "30", "--json"),
    ("audit", "--json", "--fail-on", "never"),
    ("metrics",),
    ("report", "--html", "report.html"),
)
_IN_THE_CLOUD = (
    ("inventory", "--cloud", "--json"),
    ("audit", "--cloud", "--json", "--fail-on", "never"),
    ("audit", "--cloud", "--access", "--json", "--fail-on", "never"),
)
_FOLDER, _CLOUD = "b1gmadeup00000000000", "b1gmadeupcloud000000"


def write(folder: Path, stacks: int, keys: int) -> None:
    """A project in `folder` whose every key is like `translator/default` of the scene."""
    recorded = json.loads((RECORDED / "state/.pulumi/stacks/api-keys/prod.json").read_text())
    resources = recorded["checkpoint"]["latest"]["resources"]
    names = (
        "ServiceAccountKeys::translator",
        "IamServiceAccount::translator",
        "ApiKey::translator/default",
        "LockboxSecret::translator/default",
    )
    models = [next(it for it in resources if it["urn"].endswith(name)) for name in names]
    checkpoints = folder / "state" / ".pulumi" / "stacks" / "api-keys"
    checkpoints.mkdir(parents=True)
    (folder / "state" / ".pulumi" / "meta.yaml").write_text("version: 1\n")
    (folder / "Pulumi.yaml").write_text((RECORDED / "Pulumi.yaml").read_text())
    (folder / "stacks").mkdir()
    for stack in range(stacks):
        made = list(_resources(models, stack, keys))
        content = {**recorded, "checkpoint": {**recorded["checkpoint"], "latest": {"resources": made}}}
        (checkpoints / f"stack-{stack}.json").write_text(json.dumps(content))
        accounts = [
            {
                "name": f"account-{stack}-{account}",
                "keys": [{"name": f"key-{key}", "uses": ["translate", "vision"]} for key in range(_KEYS_OF_AN_ACCOUNT)],
            }
            for account in range(keys // _KEYS_OF_AN_ACCOUNT)
        ]
        file = folder / "stacks" / f"Pulumi.stack-{stack}.yaml"
        file.write_text(yaml.safe_dump({"config": {"api-keys:accounts": accounts}}, sort_keys=False))


def _resources(models: list[dict[str, Any]], stack: int, keys: int) -> Iterator[dict[str, Any]]:
    component_model, account_model, key_model, secret_model = models
    for number in range(keys):
        account, key = divmod(number, _KEYS_OF_AN_ACCOUNT)
        name, mark = f"account-{stack}-{account}", f"{stack:04}{account:06}"
        component = f"{component_model['urn'].rpartition('::')[0]}::{name}"
        if key == 0:
            owners = {f"key-{each}": f"team-{account % 10}" for each in range(_KEYS_OF_AN_ACCOUNT)}
            yield {**component_model, "urn": component, "inputs": {"owner": f"team-{account % 10}", "owners": owners}}
            yield {**_made(account_model, f"aje{mark}account", name, {"name": name}), "parent": component}
        secret_id, key_id = f"e6q{mark}{key}", f"aje{mark}{key}"
        yield _made(secret_model, secret_id, f"{name}/key-{key}", {"name": f"{name}-key-{key}"})
        lockbox = {**key_model["outputs"]["lockbox"], "secretId": secret_id}
        changed = {"serviceAccountId": f"aje{mark}account", "lockbox": lockbox, "keyId": key_id}
        yield {**_made(key_model, key_id, f"{name}/key-{key}", changed), "parent": component}


def _made(model: dict[str, Any], its_id: str, name: str, changed: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(model)
    made["id"], made["urn"] = its_id, f"{model['urn'].rpartition('::')[0]}::{name}"
    made["outputs"].update(changed)
    made["inputs"].update({key: value for key, value in changed.items() if key in made["inputs"]})
    return made


def measured(folder: Path, stacks: int, keys: int) -> Table:
    """How long each command takes, its start included."""
    table = Table(
        f"yckeys on {stacks} stacks of {keys} keys", ("command", "keys", "seconds", "CPU seconds", "MB printed")
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "YANDEX_KEYS_AS_OF": MOMENT,
    }
    for command in _COMMANDS:
        started, used = time.monotonic(), _processor_seconds()
        done = subprocess.run(
            [sys.executable, "-m", "cli", *command], cwd=folder, env=environment, check=True, capture_output=True
        )
        took, used = time.monotonic() - started, _processor_seconds() - used
        table.add(" ".join(command), stacks * keys, took, used, len(done.stdout) / 1_000_000)
    return table


class MadeUpCloud:
    """A cloud that has what the made-up states have, answers at once, and counts what it is asked."""

    deployer = ""

    def __init__(self, folder: Path) -> None:
        self.calls: Counter[str] = Counter()
        self._answers: dict[tuple[str, str], list[dict[str, Any]]] = {("FolderService/List", ""): [{"id": _FOLDER}]}
        for file in sorted((folder / "state/.pulumi/stacks/api-keys").glob("*.json")):
            for it in json.loads(file.read_text())["checkpoint"]["latest"]["resources"]:
                if "id" in it:
                    self._add(it["type"].rpartition(":")[2], it["id"], it["outputs"])

    def _add(self, kind: str, its_id: str, outputs: dict[str, Any]) -> None:
        if kind == "IamServiceAccount":
            account = {"id": its_id, "name": outputs["name"], "folder_id": _FOLDER}
            self._answers.setdefault(("ServiceAccountService/List", _FOLDER), []).append(account)
        elif kind == "LockboxSecret":
            secret = {"id": its_id, "name": outputs["name"], "folder_id": _FOLDER}
            self._answers.setdefault(("SecretService/List", _FOLDER), []).append(secret)
        else:
            account_id = outputs["serviceAccountId"]
            key = {
                "id": outputs["keyId"],
                "service_account_id": account_id,
                "scopes": outputs["scopes"],
                "created_at": outputs["issuedAt"],
                "expires_at": outputs["expiresAt"],
            }
            self._answers.setdefault(("ApiKeyService/List", account_id), []).append(key)

    def listed(self, name: str, items: str, request: dict[str, str], about: str) -> list[dict[str, Any]]:
        """The answer, if the states have one."""
        self.calls[name] += 1
        asked = "" if name == "FolderService/List" else next(iter(request.values()))
        return self._answers.get((name, asked), [])

    def found(self, name: str, request: dict[str, Any], about: str) -> dict[str, Any]:
        """Of folders and quotas, which are all that is asked for so."""
        self.calls[name] += 1
        return {"id": _FOLDER, "cloud_id": _CLOUD, "limit": 10_000, "usage": 6_000}

    @staticmethod
    def each(ask: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """One after the other: nothing is waited for."""
        return [ask(item) for item in items]


def measured_in_the_cloud(folder: Path, stacks: int, keys: int) -> Table:
    """How often each command calls a cloud, and how long it takes beside the cloud's own time."""
    from cli import cloud_login
    from cli.app import app

    cloud = MadeUpCloud(folder)

    @contextmanager
    def made_up(*_: Any) -> Iterator[MadeUpCloud]:
        yield cloud

    cloud_login.cloud_of = made_up  # type: ignore[assignment]
    accounts = stacks * keys // _KEYS_OF_AN_ACCOUNT
    title = f"yckeys --cloud on {stacks} stacks of {keys} keys, {accounts:,} accounts, one Lockbox secret a key"
    table = Table(title, ("command", "keys", "CPU seconds", "keys listed by", "access listed by", "other calls"))
    environment = {
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "YANDEX_KEYS_AS_OF": MOMENT,
        "YC_CLOUD_ID": _CLOUD,
    }
    for command in _IN_THE_CLOUD:
        cloud.calls.clear()
        began = time.process_time()
        done = CliRunner().invoke(app, [*command, "--project", str(folder)], env=environment)
        assert done.exit_code == 0, done.output[-500:]
        by_account = cloud.calls["ApiKeyService/List"]
        by_access = sum(count for name, count in cloud.calls.items() if name.endswith("ListAccessBindings"))
        others = cloud.calls.total() - by_account - by_access
        table.add(" ".join(command), stacks * keys, time.process_time() - began, by_account, by_access, others)
    return table


def _processor_seconds() -> float:
    """What commands have used so far, whoever else wants the machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(arguments: list[str]) -> None:
    """Prints the table."""
    stacks, keys = (int(arguments[at]) if len(arguments) > at else default for at, default in ((0, 50), (1, 100)))
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), stacks, keys)
        print(measured(Path(folder), stacks, keys).text(), "\n")
        print(measured_in_the_cloud(Path(folder), stacks, keys).text())


if __name__ == "__main__":
    main(sys.argv[1:])
