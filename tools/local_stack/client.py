"""What a consumer does: read its key in Lockbox with its account's own token, and call its service with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import requests
import yandexcloud
from yandex.cloud.lockbox.v1.payload_service_pb2 import GetPayloadRequest
from yandex.cloud.lockbox.v1.payload_service_pb2_grpc import PayloadServiceStub

from tools.local_stack import loopback

_SECONDS = 15


@dataclass(frozen=True)
class Payload:
    """The entries of one version of a Lockbox secret."""

    version_id: str
    entries: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What a service answered."""

    url: str
    status: int
    body: str

    @property
    def reason(self) -> str:
        """Why the key was refused; empty where it wasn't."""
        if self.status == requests.codes.ok:
            return ""
        try:
            return str(json.loads(self.body)["error"])
        except (ValueError, KeyError, TypeError):
            return self.body


class Lockbox:
    """Lockbox through the official SDK, which logs in by the metadata service: that of the machine, or at YC_METADATA_ADDR.

    `iam_token` is for whoever has got one otherwise.
    """

    def __init__(self, endpoint: str, ca: str, iam_token: str | None = None) -> None:
        authority = Path(ca).read_bytes()
        sdk = yandexcloud.SDK(endpoint=endpoint, root_certificates=authority, iam_token=iam_token)
        self._payloads = sdk.client(PayloadServiceStub)

    def read(self, secret_id: str, version_id: str = "") -> Payload:
        """The current version, or the one that is named. Raises grpc.RpcError."""
        answer = self._payloads.Get(GetPayloadRequest(secret_id=secret_id, version_id=version_id), timeout=_SECONDS)
        return Payload(answer.version_id, {entry.key: entry.text_value for entry in answer.entries})


class Services:
    """The services behind the gateway at `address`, over one connection that is kept."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._session = loopback.session()

    def call(self, service: str, secret: str) -> Answer:
        """A call with the key. Raises requests.RequestException."""
        url = f"{self._address}/services/{service}/"
        answer = self._session.get(url, headers={"Authorization": f"Api-Key {secret}"}, timeout=_SECONDS)
        return Answer(url, answer.status_code, answer.text.strip())
