"""`verify: true` through the real engine: a new key makes the catalogue's call of its service before anybody is given it."""

from __future__ import annotations

from components.catalogue import SERVICES
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

PROBED = sorted(name for name, service in SERVICES.items() if service.probe)


def test_a_key_of_every_service_with_a_harmless_call_has_made_it(stack: Stack, cloud: LocalCloud) -> None:
    keys = [
        {"name": name, "uses": [name], "secret": "all", "secretEntry": name, "keyIdEntry": f"{name}.id"}
        for name in PROBED
    ]
    stack.write([{"name": "verified", "keys": keys}], {"verify": True})
    stack.up()
    made = {key["id"]: key["lastUsedAt"] for key in cloud.live_keys("verified")}
    assert len(made) == len(PROBED) == 7
    assert all(made.values())
    stack.run("preview", "--expect-no-changes")
