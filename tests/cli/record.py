"""`python -m tests.cli.record`: writes tests/cli/recorded anew, what the tests of single commands are judged by.

It is what the real engine's states hold of the scene, and what the local cloud answered to each call that only reads.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from cli.checkpoint_files import opened
from cli.cloud_quotas import DOCUMENTED
from provider.yandex_keys import sdk_internals  # noqa: F401  (before anything imports pulumi)
from tests.cli.recorded_cloud import RECORDED, asked
from tests.cli.scene import World, world

# What the engine notes of this machine: no part of what a state says of keys.
_OF_THE_MACHINE = frozenset({"stackTrace", "sourcePosition", "manifest"})


def record(told: World, folder: Path) -> None:
    """Writes everything to `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    source = told.stack.directory
    stacks = folder / "stacks"
    stacks.mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text((source / "Pulumi.yaml").read_text())
    for file in sorted((source / "stacks").glob("*.yaml")):
        (stacks / file.name).write_text(file.read_text())
    state = folder / "state" / ".pulumi"
    for file in sorted((source / "state" / ".pulumi" / "stacks").rglob("*.json.zst")):
        to = (state / file.relative_to(source / "state" / ".pulumi")).with_suffix("")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(json.dumps(_scrubbed(json.loads(opened(file.read_bytes()))), indent=1) + "\n")
    (state / "meta.yaml").write_text((source / "state" / ".pulumi" / "meta.yaml").read_text())
    (folder / "cloud.json").write_text(json.dumps(_answers(told), indent=1, sort_keys=True) + "\n")
    (folder / "moment.txt").write_text(f"{told.cloud.now()}\n")


def _scrubbed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _scrubbed(item) for name, item in value.items() if name not in _OF_THE_MACHINE}
    return [_scrubbed(item) for item in value] if isinstance(value, list) else value


def _answers(told: World) -> dict[str, Any]:
    answers: dict[str, Any] = {"cloudId": told.cloud.ready["cloudId"], "folderId": told.cloud.ready["folderId"]}

    def listed(name: str, items: str, request: dict[str, str]) -> list[dict[str, Any]]:
        found = list(told.client.pages(name, items, request))
        answers[asked(name, request)] = found
        return found

    answers["deployer"] = json.loads(Path(told.cloud.ready["serviceAccountKey"]).read_text())["service_account_id"]
    listed("ApiKeyService/ListScopes", "scopes", {})
    for name in DOCUMENTED:
        resource = {"id": answers["cloudId"], "type": "resource-manager.cloud"}
        quota = {"resource": resource, "quota_id": name}
        answers[asked("QuotaLimitService/Get", quota)] = told.client.call("QuotaLimitService/Get", quota)
    for folder in listed("FolderService/List", "folders", {"cloud_id": answers["cloudId"]}):
        answers[asked("FolderService/Get", {"folder_id": folder["id"]})] = folder
        listed("FolderService/ListAccessBindings", "access_bindings", {"resource_id": folder["id"]})
        for account in listed("ServiceAccountService/List", "service_accounts", {"folder_id": folder["id"]}):
            listed("ApiKeyService/List", "api_keys", {"service_account_id": account["id"]})
            listed("ServiceAccountService/ListAccessBindings", "access_bindings", {"resource_id": account["id"]})
        for secret in listed("SecretService/List", "secrets", {"folder_id": folder["id"]}):
            listed("SecretService/ListVersions", "versions", {"secret_id": secret["id"]})
            listed("SecretService/ListAccessBindings", "access_bindings", {"resource_id": secret["id"]})
    return answers


def main() -> None:
    """Tells the story and records it."""
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as told:
        record(told, RECORDED)


if __name__ == "__main__":
    main()
