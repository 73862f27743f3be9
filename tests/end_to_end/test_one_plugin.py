"""The plugin is started once in a run, serves pulumi-yandex's types too, and has the stack file's settings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli.checkpoint_files import opened
from tests.end_to_end.plugin_starts import PluginStarts
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

ACCOUNTS: list[dict[str, Any]] = [
    {"name": "translator", "kmsKey": True, "readers": ["self"], "keys": [{"name": "default", "uses": ["translate"]}]},
    {"name": "nightly", "keys": [{"name": "batch", "uses": ["text-generation"], "deliver": "output"}]},
]


@pytest.fixture
def starts(stack: Stack) -> PluginStarts:
    counted = PluginStarts(stack.directory, stack.directory / ".venv")
    project = stack.directory / "Pulumi.yaml"
    project.write_text(project.read_text().replace("path: provider", f"path: {counted.folder.name}"))
    stack.environment = {**stack.environment, **counted.environment}
    return counted


def providers(stack: Stack) -> list[dict[str, Any]]:
    return [item for item in stack.resources() if item["type"].startswith("pulumi:providers:")]


def ids(stack: Stack) -> dict[str, str]:
    """The ids of what is in the cloud, by URN."""
    return {item["urn"]: item["id"] for item in stack.resources() if item["type"].startswith("yandex") and "id" in item}


def test_every_run_of_the_engine_starts_one_plugin(stack: Stack, cloud: LocalCloud, starts: PluginStarts) -> None:
    empty = cloud.state()
    stack.write(ACCOUNTS)
    stack.run("preview")
    assert starts.taken() == 1
    stack.up()
    assert starts.taken() == 1
    (provider,) = providers(stack)
    starts.taken()
    served = {item["type"]: item["provider"] for item in stack.resources() if "provider" in item}
    assert {token.partition(":")[0] for token in served} == {"yandex", "yandex-keys"}
    assert set(served.values()) == {f"{provider['urn']}::{provider['id']}"}
    starts.taken()
    cloud.forget_calls()
    stack.up("--expect-no-changes")
    assert cloud.calls() == {}
    assert starts.taken() == 1
    stack.refresh()
    assert starts.taken() == 1
    assert [item["id"] for item in providers(stack)] == [provider["id"]]
    starts.taken()
    stack.destroy()
    assert starts.taken() == 1
    left = cloud.state()
    for kind in ("serviceAccounts", "apiKeys", "secrets", "accessBindings"):
        assert left[kind] == empty[kind], kind


def test_settings_of_the_stack_file_reach_it_and_credentials_of_the_environment_stay_out_of_the_state(
    stack: Stack, cloud: LocalCloud
) -> None:
    key = Path(cloud.ready["serviceAccountKey"]).read_text()
    stack.write(ACCOUNTS[1:], endpoint=cloud.ready["endpoint"])
    stack.run("config", "set", "--secret", "yandex-keys:serviceAccountKey", key)
    stack.run("config", "set", "--secret", "yandex-keys:cloudId", cloud.ready["cloudId"])
    wrong = {"YC_ENDPOINT": "127.0.0.1:1", "YC_SERVICE_ACCOUNT_KEY_FILE": "/nowhere"}
    stack.up(more=wrong)
    (provider,) = providers(stack)
    assert set(provider["inputs"]) == {"endpoint", "serviceAccountKey", "cloudId"}
    assert provider["inputs"]["endpoint"] == cloud.ready["endpoint"]
    for name in ("serviceAccountKey", "cloudId"):
        assert "ciphertext" in provider["inputs"][name], name
    files = [path for path in (stack.directory / "state").rglob("*.json*") if path.is_file()]
    written = [opened(path.read_bytes()).decode() for path in files]
    assert written
    private = json.loads(key)["private_key"].splitlines()[2]
    assert not [text for text in (*written, *stack.printed) if private in text]
    stack.run("preview", "--expect-no-changes", more=wrong)
    # Without them, what the environment says is read in each run, and none of it is in the state.
    stack.write(ACCOUNTS[1:])
    stack.up()
    (provider,) = providers(stack)
    assert "inputs" not in provider
    assert cloud.ready["serviceAccountKey"] not in stack.run("stack", "export", "--show-secrets")
    stack.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")


BEFORE = """
import pulumi
from components import service_account_keys, settings, yandex

upstream = pulumi.ProviderResource("yandex", "yandex", {}, pulumi.ResourceOptions(version="0.13.0"))
settings.stack_provider = service_account_keys.stack_provider = lambda: None
yandex.served_by = lambda provider: upstream
exec(open("__main__.py").read().replace("provider=stack_provider()", "providers=[]"))
"""


def test_a_stack_that_had_two_providers_takes_the_one_and_replaces_nothing(stack: Stack, cloud: LocalCloud) -> None:
    """Before, pulumi-yandex's types had a provider resource of the package `yandex`, and ours the default one."""
    project = (stack.directory / "Pulumi.yaml").read_text()
    two = project.replace("path: provider\n", "path: provider\n    - name: yandex\n      path: provider\n")
    (stack.directory / "before.py").write_text(BEFORE)
    (stack.directory / "Pulumi.yaml").write_text(f"{two}\nmain: before.py\n")
    stack.write(ACCOUNTS)
    # Pulumi's own host has the folder of a `main:` on Python's path only where it is a folder.
    stack.up(more={"PYTHONPATH": str(stack.directory)})
    assert {item["type"].rpartition(":")[2] for item in providers(stack)} == {"yandex", "yandex-keys"}
    before = ids(stack)
    keys = cloud.live_keys()
    (stack.directory / "Pulumi.yaml").write_text(project)
    cloud.forget_calls()
    stack.up()
    assert cloud.calls() == {}
    assert ids(stack) == before
    assert cloud.live_keys() == keys
    assert [item["urn"].rpartition("::")[2] for item in providers(stack)] == ["yandex-keys"]
    stack.destroy()
    assert cloud.live_keys() == []


def test_an_update_as_of_another_time_on_another_cloud_is_one_error_of_the_programs(
    stack: Stack, cloud: LocalCloud, starts: PluginStarts
) -> None:
    stack.write(ACCOUNTS)
    elsewhere = {"YC_ENDPOINT": "192.0.2.1:443", "YANDEX_KEYS_AS_OF": "2099-12-24T03:00:00Z"}
    stack.run("preview", more=elsewhere)
    assert starts.taken() == 1
    failed, printed = stack.attempt("up", "--yes", "--skip-preview", more=elsewhere)
    assert failed
    assert (
        "YANDEX_KEYS_AS_OF: keys can't be changed as of 2099-12-24T03:00:00Z: 192.0.2.1:443 isn't on this machine"
        in printed
    )
    # After the program's own error Pulumi's own host adds with which exit code it ended.
    told = re.findall(r"error: (?!an unhandled error occurred: program exited)", printed.partition("Diagnostics:")[2])
    assert len(told) == 1
    assert "Traceback" not in printed
    assert starts.taken() == 0
