"""Answers of a cloud that is newer than we are: unknown fields and unknown values of enumerations do no harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yandexcloud
from google.protobuf.message import Message
from yandex.cloud.iam.v1.api_key_pb2 import ApiKey
from yandex.cloud.iam.v1.api_key_service_pb2 import ListApiKeysResponse
from yandex.cloud.lockbox.v1.secret_pb2 import Secret, Version
from yandex.cloud.lockbox.v1.secret_service_pb2 import ListVersionsResponse
from yandex.cloud.operation.operation_pb2 import Operation

from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.errors import CloudError
from provider.yandex_keys.lockbox_version import LockboxVersions
from provider.yandex_keys.reads import Reads

UNKNOWN_FIELD = b"\xfa\x3e\x05later"
"""Field 1007, five bytes of text."""
UNKNOWN_STATUS: Any = 99


class FutureSDK(yandexcloud.SDK):  # type: ignore[misc, unused-ignore]
    """Answers each method with the message given for it, which has fields that nobody knows yet."""

    def __init__(self, answers: dict[str, Message]) -> None:
        self.answers = answers

    def client(self, *_: Any, **__: Any) -> Any:
        return self

    def __getattr__(self, method: str) -> Callable[..., Message]:
        def call(request: Message, **_: Any) -> Message:
            answer = self.answers[method]
            return type(answer).FromString(answer.SerializeToString() + UNKNOWN_FIELD)

        return call


def cloud(**answers: Message) -> Cloud:
    return Cloud(FutureSDK(answers))


def version(key_id: str, status: Any) -> Version:
    return Version(id=f"v-{key_id}", description=f"API key {key_id} sets api_key", status=status)


def test_unknown_fields_are_passed_over() -> None:
    keys = cloud(List=ListApiKeysResponse(api_keys=[ApiKey(id="aje1")]))
    assert list(keys.pages("ApiKeyService/List", "api_keys", {"service_account_id": "aje"})) == [{"id": "aje1"}]


def test_a_version_in_a_state_that_nobody_knows_is_not_taken_for_a_delivery() -> None:
    answer = ListVersionsResponse(versions=[version("a", Version.Status.ACTIVE), version("b", UNKNOWN_STATUS)])
    lockbox = cloud(ListVersions=answer, Get=Secret(id="e6q"))
    asked: list[str] = []

    def operate(name: str, request: Any, *more: Any) -> dict[str, Any]:
        asked.append(request["version_id"])
        return {}

    lockbox.operate = operate  # type: ignore[method-assign, assignment]
    versions = LockboxVersions(lockbox, Reads(lockbox))
    for key_id in ("a", "b"):
        versions.destroy("e6q", key_id, version_id=None)
    assert asked == ["v-a"]


def test_a_secret_in_a_state_that_nobody_knows_is_read() -> None:
    lockbox = cloud(Get=Secret(id="e6q", status=UNKNOWN_STATUS, current_version=version("a", UNKNOWN_STATUS)))
    assert Reads(lockbox).secret("e6q")["current_version"]["id"] == "v-a"


def newer(name: str) -> Any:
    """Something of a type that this version of the API doesn't have."""
    return {"type_url": f"type.googleapis.com/yandex.cloud.newer.{name}", "value": UNKNOWN_FIELD}


def test_an_operation_that_says_no_more_than_that_it_is_done_is_done() -> None:
    done = Operation(id="o", done=True)
    assert cloud(Delete=done).operate("ApiKeyService/Delete", {"api_key_id": "aje"})["done"] is True


def test_an_operation_with_details_of_a_newer_type_is_understood_without_them() -> None:
    done = Operation(id="o", done=True, metadata=newer("Metadata"), response=newer("Response"))
    assert cloud(Delete=done).operate("ApiKeyService/Delete", {"api_key_id": "aje"})["id"] == "o"


def test_an_error_with_details_of_a_newer_type_is_told_all_the_same() -> None:
    error = {"code": 8, "message": "the quota is 1000", "details": [newer("QuotaDetails")]}
    failed = Operation(id="o", done=True, error=error, metadata=newer("Metadata"))
    with pytest.raises(CloudError, match="RESOURCE_EXHAUSTED: the quota is 1000"):
        cloud(Delete=failed).operate("ApiKeyService/Delete", {"api_key_id": "aje"})
