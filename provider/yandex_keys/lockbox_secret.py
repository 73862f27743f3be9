"""`yandex-keys:index:LockboxSecret`: a Lockbox secret that API keys are delivered to. It owns no versions."""

from __future__ import annotations

from typing import Final

from .answers import FolderResourceAnswer
from .errors import CloudError, InvalidInput
from .fields import InputField, Labels, Switch
from .folder_resource import FolderResource, whole_seconds
from .properties import PlainValue, Properties
from .reads import SECRETS
from .resource import Diff
from .run import Runtime

_LIMITS: Final = "yandex.cloud.lockbox.v1.CreateSecretRequest"
# `secrets:` of the stack file keeps no secret that is itself replaced, and the KMS key is one for all of an account's.
_WITHOUT_A_GAP: Final = (
    "To move consumers without a gap, leave it as it is and declare another account with this change beside it (in a "
    "program of your own, another LockboxSecret, and deliver the key there); once they read the new secret, take out "
    "what they have left"
)


class LockboxSecret(FolderResource):
    """The verbs of a Lockbox secret."""

    token = "yandex-keys:index:LockboxSecret"
    noun = "Lockbox secret"
    listing = SECRETS
    id_field = "secret_id"
    fields = (
        InputField("name", _LIMITS),
        InputField("folderId", _LIMITS, replaces=True),
        InputField("description", _LIMITS),
        Labels("labels", _LIMITS),
        InputField("kmsKeyId", _LIMITS, replaces=True),  # UpdateSecretRequest has no such field
        Switch("deletionProtection", default=False),
    )
    outputs = ("createdAt", "status")

    def output_values(self, answer: FolderResourceAnswer) -> Properties:
        return {"createdAt": whole_seconds(answer.get("created_at", "")), "status": answer.get("status", "")}

    def creation(self, inputs: Properties) -> dict[str, PlainValue]:
        # Left out, the API would make a first version, of nothing.
        return {**super().creation(inputs), "create_version": False}

    def get(self, resource_id: str, runtime: Runtime) -> FolderResourceAnswer:
        return runtime.reads.secret(resource_id)

    def forget(self, resource_id: str, runtime: Runtime) -> None:
        super().forget(resource_id, runtime)
        runtime.reads.forget_secret(resource_id)

    def is_in_use(self, answer: FolderResourceAnswer) -> bool:
        # We make it without a version: whoever put one in had its id from a state, and consumers may read it.
        return "current_version" in answer

    def check(self, urn: str, old: Properties, new: Properties, runtime: Runtime | None) -> Properties:
        inputs = super().check(urn, old, new, runtime)
        if runtime is not None:
            runtime.record.declared.add(urn)
        return inputs

    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        found = super().diff(urn, resource_id, state, inputs, runtime)
        replacing = sorted(path for path, change in found.changes.items() if change.replace)
        if replacing and (state.get("deletionProtection") or inputs.get("deletionProtection")):
            raise InvalidInput(
                [
                    (
                        path,
                        f"can't change while {self.about(state)} is protected: that replaces it by one with another "
                        f"id, and a protected one isn't deleted. {_WITHOUT_A_GAP}. Where nobody reads it, set "
                        "deletionProtection to false and run `pulumi up`, then make this change",
                    )
                    for path in replacing
                ]
            )
        # A refresh, which carries nothing out, checks no inputs before.
        if replacing and urn in runtime.record.declared:
            runtime.record.replaced.add(resource_id)
            runtime.log(
                "warning",
                f"is replaced by one with another id, as {' and '.join(replacing)} can't change in place: who reads "
                f"{resource_id} gets nothing from then on. {_WITHOUT_A_GAP}",
                urn,
            )
        return found

    def delete(self, urn: str, resource_id: str, state: Properties, runtime: Runtime) -> None:
        try:
            super().delete(urn, resource_id, state, runtime)
        except CloudError as error:
            protected = state.get("deletionProtection")
            if error.code != "FAILED_PRECONDITION" or not (protected or "protect" in error.message.lower()):
                raise
            known = "set deletionProtection to false and run `pulumi up` first"
            unknown = "run `pulumi refresh` and `pulumi up` first, for its protection was switched on behind our back"
            raise error.advising(f"to remove it, {known if protected else unknown}") from None
