"""Every service of the catalogue: a key that is declared for it is taken the way that service takes keys, and by no other."""

from __future__ import annotations

from tests.support.colleague import call
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

# Service -> the login beside which the key's secret is the password; None: the Api-Key header. `{id}` is the key's id.
SERVICES: dict[str, str | None] = {
    "functions": None,
    "containers": None,
    "translate": None,
    "vision": None,
    "speechkit-stt": None,
    "speechkit-tts": None,
    "foundation-models": None,
    "text-generation": None,
    "image-generation": None,
    "monitoring-read": None,
    "monitoring-manage": None,
    "postbox": "{id}",
    "search-api": None,
    "ydb": "anybody",
    "data-streams-read": "@/ru-central1/b1g/etn",
    "data-streams-write": "@/ru-central1/b1g/etn",
    "speechsense": None,
    "datasphere": None,
    "schema-registry-read": "api-key",
}


def test_each_service_of_the_seed_takes_its_key_and_another_refuses_it(stack: Stack, cloud: LocalCloud) -> None:
    stack.write(
        [
            {"name": f"for-{service}", "keys": [{"name": "default", "uses": [service], "deliver": "output"}]}
            for service in SERVICES
        ]
    )
    stack.up("--parallel", "16")
    outputs = stack.outputs(secrets=True)
    for service, login in SERVICES.items():
        secret = outputs["secrets"][f"for-{service}/default"]
        key_id = outputs["receipts"][f"for-{service}/default"]["keyId"]
        name = login and login.replace("{id}", key_id)
        assert cloud.use(service, secret, name) == 200, service
        other = "search-api" if service != "search-api" else "functions"
        assert cloud.use(other, secret) == 403, service
    account = outputs["serviceAccounts"]["for-translate"]
    folder = cloud.ready["folderId"]
    binding = {"role_id": "ai.translate.user", "subject": {"id": account, "type": "serviceAccount"}}
    deltas = [{"action": "REMOVE", "access_binding": binding}]
    call(cloud, "FolderService/UpdateAccessBindings", resource_id=folder, access_binding_deltas=deltas)
    assert cloud.use("translate", outputs["secrets"]["for-translate/default"]) == 403
