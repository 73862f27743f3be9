"""`yandex-keys:index:LockboxSecret`: a Lockbox secret that API keys are delivered to. It owns no versions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from .cloud_resource import CloudResource, advised, whole_seconds
from .errors import CloudError
from .input_fields import InputField, Labels, Switch
from .ownership import is_owned
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

    def create(self, urn: str, inputs: Properties, runtime: Runtime) -> tuple[str, Properties]:
        found = self._abandoned(urn, inputs, runtime)
        if found is None:
            return super().create(urn, inputs, runtime)
        runtime.adopted.add(found["id"])
        runtime.fresh.add(found["id"])
        return self._adopted(urn, inputs, found, runtime)

    def _abandoned(self, urn: str, inputs: Properties, runtime: Runtime) -> Mapping[str, Any] | None:
        """What a run made for this resource and was killed before it could note it: names of secrets aren't unique, so Create would make another.

        It is empty, for keys are delivered only after the note. A secret that this resource has had before, and that is to be replaced, is not.
        """
        try:
            listed = runtime.reads.secrets(inputs["folderId"])
        except CloudError:  # a deployer may lack the right to list; the create itself says what else is wrong
            return None
        fixed = [field for field in self.fields if field.replaces]
        for item in listed:
            same = all(field.same(field.from_cloud(item), inputs.get(field.name)) for field in fixed)
            if is_owned(item, urn) and same and not item.get("current_version") and item.get("status") == "ACTIVE":
                return item
        return None

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
