"""What a colleague does behind our back: calls made with the official SDK."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yandexcloud

from provider.yandex_keys.cloud import Cloud
from tests.support.local_cloud import LocalCloud
from tools.local_stack.account_tokens import deployer_token


def client(cloud: LocalCloud, token: str = "") -> Cloud:
    """A client logged in with that IAM token, or as the deployer."""
    roots = Path(cloud.ready["ca"]).read_bytes()
    iam_token = token or deployer_token(cloud.running)
    return Cloud(yandexcloud.SDK(endpoint=cloud.ready["endpoint"], root_certificates=roots, iam_token=iam_token))


def call(cloud: LocalCloud, method: str, **request: Any) -> dict[str, Any]:
    """One call; its answer."""
    return client(cloud).call(method, request)
