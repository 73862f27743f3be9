"""A local cloud and what a case does with it: commands on a small stack, a consumer's calls, a colleague's hand."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yandexcloud
from google.protobuf import json_format
from yandex.cloud.iam.v1.iam_token_service_pb2 import CreateIamTokenForServiceAccountRequest
from yandex.cloud.iam.v1.iam_token_service_pb2_grpc import IamTokenServiceStub
from yandexcloud._auth_fabric import ServiceAccountAuth

from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.run import Session
from tests.end_to_end.local_cloud import LocalCloud
from tests.reliability.kept_connection import KeptConnection
from tests.reliability.plugin_run import Identity, PluginRun
from tests.reliability.small_engine import SmallStack

_SERVICE: Final = "translate"
_TIMEOUT: Final = 20.0
_QUOTAS: Final = {"apiKeyQuota": 100_000, "serviceAccountQuota": 10_000}


class Bench:
    """One emulator process, used by one case after the other. Each case has names of its own."""

    def __init__(self, directory: Path) -> None:
        self.cloud = LocalCloud(directory)
        self.ready: Mapping[str, str] = self.cloud.ready
        self._http = KeptConnection(self.ready["http"])
        self.reset()
        self._numbers = itertools.count(1)
        self.token = deployer_token(self.cloud)
        self._colleague = client(self.cloud, self.token)
        self.warm = False
        """Whether runs of the plugin find connections open and services known, so that what only leads to a case takes less time."""

    def close(self) -> None:
        """Stops the cloud."""
        self._http.close()
        self.cloud.stop()

    def reset(self) -> None:
        """The cloud's traits as they are by default, with room for many cases."""
        self.admin("DELETE", "settings")
        self.admin("POST", "settings", _QUOTAS)

    def begin(self) -> str:
        """A clean slate: no faults, today's date. Answers a name for the case's things."""
        self.warm = False
        self.clear_faults()
        self.admin("POST", "clock", {"now": datetime.now(UTC).isoformat()})
        return f"case-{next(self._numbers)}"

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the emulator's admin API."""
        status, answer = self._http.request(method, f"/admin/{path}", body)
        assert status == 200, f"{method} /admin/{path}: {status} {answer}"
        return answer

    def state(self) -> dict[str, Any]:
        """Everything that the cloud holds."""
        return dict(self.admin("GET", "state"))

    def accepts(self, secret: str) -> bool:
        """Whether the service lets a consumer in with that secret."""
        status, _ = self._http.request("GET", f"/services/{_SERVICE}/", headers={"Authorization": f"Api-Key {secret}"})
        return status == 200

    def advance(self, duration: str) -> None:
        """Moves the cloud's time."""
        self.admin("POST", "clock", {"advance": duration})

    def now(self) -> datetime:
        """The cloud's time."""
        return datetime.fromisoformat(self.admin("GET", "clock")["now"])

    def fault(self, *faults: Mapping[str, Any]) -> None:
        """Adds faults."""
        self.admin("POST", "faults", list(faults))

    def clear_faults(self) -> None:
        """Takes all of them back."""
        self.admin("DELETE", "faults")

    def forget_calls(self) -> None:
        """Begins a new count and log of calls."""
        self.admin("DELETE", "calls")

    def calls(self) -> list[str]:
        """The methods called since `forget_calls`, in order."""
        return [entry["method"] for entry in self.admin("GET", "calls?log=1")]

    def environment(self) -> dict[str, str]:
        """What the plugin finds in its environment; it logs in with a token, so that a case's calls are its step's own."""
        return {
            "YC_ENDPOINT": self.ready["endpoint"],
            "YC_FOLDER_ID": self.ready["folderId"],
            "YC_CLOUD_ID": self.ready["cloudId"],
            "YC_TOKEN": self.token,
            "YANDEX_KEYS_ROOT_CERTIFICATES": self.ready["ca"],
        }

    def stack(
        self, tuned: Callable[[Session], None] | None = None, name: str = "reliability", **environment: str
    ) -> SmallStack:
        """A stack without resources; each of its commands starts the plugin anew, with the cloud's time."""

        def start(identity: Identity) -> PluginRun:
            moment = self.now()
            sdk = self._colleague.sdk if self.warm else None
            return PluginRun({**self.environment(), **environment}, lambda: moment, tuned, sdk, identity)

        return SmallStack(start, name)

    def by_hand(self, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """What a colleague does behind our back."""
        return (
            self._colleague.operate(method, request) if _is_operation(method) else self._colleague.call(method, request)
        )


def client(cloud: LocalCloud, token: str) -> Cloud:
    """A client that is logged in with that IAM token."""
    roots = Path(cloud.ready["ca"]).read_bytes()
    return Cloud(yandexcloud.SDK(endpoint=cloud.ready["endpoint"], root_certificates=roots, iam_token=token))


def token_for(cloud: LocalCloud, account_id: str) -> str:
    """An IAM token for a service account, as a machine that it is linked to has one; here the deployer asks for it."""
    sdk = _with_key(cloud).sdk
    assert isinstance(sdk, yandexcloud.SDK)
    # The SDK sends no token to this service, which needs none but for this call.
    metadata = (("authorization", f"Bearer {deployer_token(cloud)}"),)
    request = CreateIamTokenForServiceAccountRequest(service_account_id=account_id)
    stub: Any = sdk.client(IamTokenServiceStub)
    return str(stub.CreateForServiceAccount(request, timeout=_TIMEOUT, metadata=metadata).iam_token)


def deployer_token(cloud: LocalCloud) -> str:
    """An IAM token for the deployer of the local cloud."""
    request = ServiceAccountAuth(_key_of(cloud), cloud.ready["endpoint"]).get_token_request()
    return str(_with_key(cloud).call("IamTokenService/Create", json_format.MessageToDict(request))["iam_token"])


def _key_of(cloud: LocalCloud) -> dict[str, str]:
    return dict(json.loads(Path(cloud.ready["serviceAccountKey"]).read_text()))


def _with_key(cloud: LocalCloud) -> Cloud:
    """A client that logs in by itself, with the deployer's authorized key."""
    roots = Path(cloud.ready["ca"]).read_bytes()
    key = _key_of(cloud)
    return Cloud(yandexcloud.SDK(endpoint=cloud.ready["endpoint"], root_certificates=roots, service_account_key=key))


def _is_operation(method: str) -> bool:
    return method != "ApiKeyService/Create" and not method.rpartition("/")[2].startswith(("Get", "List"))
