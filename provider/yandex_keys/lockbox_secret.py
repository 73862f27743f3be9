"""`yandex-keys:index:LockboxSecret`: a Lockbox secret that API keys are delivered to. It owns no versions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from .cloud_resource import CloudResource, advised, whole_seconds
from .errors import CloudError
from .input_fields import InputField, Labels, Switch
from .resource import Properties, Runtime

_LIMITS: Final = "yandex.cloud.lockbox.v1.CreateSecretRequest"


class LockboxSecret(CloudResource):
    """The verbs of a Lockbox secret."""

    token = "yandex-keys:index:LockboxSecret"
    noun = "Lockbox secret"
    service = "SecretService"
    id_field = "secret_id"
    listing = "secrets"
    fields = (
        InputField("name", _LIMITS),
        InputField("folderId", _LIMITS, replaces=True),
        InputField("description", _LIMITS),
        Labels("labels", _LIMITS),
        InputField(
            "kmsKeyId", _LIMITS, replaces=True
        ),  # an update can't change it: UpdateSecretRequest has no such field
        Switch("deletionProtection", default=False),
    )
    outputs = ("createdAt", "status")
    # Without it the API would make a first version, of nothing.
    creation = MappingProxyType({"create_version": False})

    def output_values(self, answer: Mapping[str, Any]) -> Properties:
        return {"createdAt": whole_seconds(answer.get("created_at", "")), "status": answer.get("status", "")}

    def get(self, resource_id: str, runtime: Runtime) -> Mapping[str, Any]:
        return runtime.reads.secret(resource_id)

    def forget(self, resource_id: str, runtime: Runtime) -> None:
        runtime.reads.forget_secret(resource_id)

    def delete(self, urn: str, resource_id: str, state: Properties, runtime: Runtime) -> None:
        try:
            super().delete(urn, resource_id, state, runtime)
        except CloudError as error:
            protected = state.get("deletionProtection")
            if error.code != "FAILED_PRECONDITION" or not (protected or "protect" in error.message.lower()):
                raise
            known = "set deletionProtection to false and run `pulumi up` first"
            unknown = "run `pulumi refresh` and `pulumi up` first, for its protection was switched on behind our back"
            raise advised(error, f"to remove it, {known if protected else unknown}") from None
