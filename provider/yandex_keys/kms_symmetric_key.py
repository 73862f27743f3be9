"""`yandex:index/kmsSymmetricKey:KmsSymmetricKey`: a KMS key, as pulumi-yandex 0.13.0 shapes it."""

from __future__ import annotations

from typing import Final

from .answers import FolderResourceAnswer
from .api_services import SERVICES
from .fields import Choice, InputField, Labels, Period
from .folder_listings import Listing
from .folder_resource import FolderResource, whole_seconds
from .properties import Properties

_LIMITS: Final = "yandex.cloud.kms.v1.CreateSymmetricKeyRequest"
_MESSAGES: Final = SERVICES["SymmetricKeyService"][0]
_ALGORITHMS: Final = tuple(
    value.name
    for value in _MESSAGES.CreateSymmetricKeyRequest.DESCRIPTOR.fields_by_name["default_algorithm"].enum_type.values
    if value.number  # zero is "unspecified"
)


class KmsSymmetricKey(FolderResource):
    """The verbs of a KMS key."""

    token = "yandex:index/kmsSymmetricKey:KmsSymmetricKey"
    noun = "KMS key"
    listing = Listing("SymmetricKeyService", "keys")
    id_field = "key_id"
    fields = (
        InputField("name", _LIMITS),
        InputField("description", _LIMITS),
        InputField("folderId", _LIMITS, replaces=True),
        Labels("labels", _LIMITS),
        Choice("defaultAlgorithm", default="AES_128", names=_ALGORITHMS),
        Period("rotationPeriod", _LIMITS),
    )
    outputs = ("createdAt", "rotatedAt", "status")

    def output_values(self, answer: FolderResourceAnswer) -> Properties:
        return {
            "createdAt": whole_seconds(answer.get("created_at", "")),
            "rotatedAt": whole_seconds(answer.get("rotated_at", "")),
            "status": answer.get("status", "").lower(),  # pulumi-yandex's state has it in small letters
        }
