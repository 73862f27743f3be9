"""What a colleague does behind our back: calls made with the official SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.credentials import Credentials
from provider.yandex_keys.login import Login
from tests.end_to_end.local_cloud import LocalCloud


def client(cloud: LocalCloud) -> Cloud:
    """A client logged in as the deployer."""
    key = json.loads(Path(cloud.ready["serviceAccountKey"]).read_text())
    roots = Path(cloud.ready["ca"]).read_bytes()
    return Cloud(Login(cloud.ready["endpoint"], roots, Credentials("a test", service_account_key=key), "a-colleague"))


def call(cloud: LocalCloud, method: str, **request: Any) -> dict[str, Any]:
    """One call; its answer."""
    return client(cloud).call(method, request)
