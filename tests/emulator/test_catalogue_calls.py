"""The calls by which `verify: true` tries a new key: the gateway plays each under the service's own host."""

from __future__ import annotations

import pytest
import requests

from components.catalogue import SERVICES
from tests.emulator.local import Local

PROBED = sorted(name for name, service in SERVICES.items() if service.probe)


@pytest.mark.parametrize("name", PROBED)
def test_a_good_key_is_accepted_and_a_wrong_one_refused(local: Local, name: str) -> None:
    service = SERVICES[name]
    probe = service.probe
    assert probe is not None
    path = probe.url.removeprefix("https://").replace("{folderId}", local.folder_id)

    def status(secret: str) -> int:
        headers = {"Authorization": f"Api-Key {secret}"}
        url = f"{local.http}/services/{path}"
        return requests.request(probe.method, url, headers=headers, timeout=20).status_code

    account = local.account(f"probing-{name}", *service.roles)
    assert status(local.key(account, *service.scopes).secret) == probe.expect_status
    assert status(local.key(local.account(f"nobody-{name}"), *service.scopes).secret) == 403
    assert status(local.key(account, "yc.postbox.send").secret) == 403
    assert status("AQVNwrong") == 401
