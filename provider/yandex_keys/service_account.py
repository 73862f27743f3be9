"""`yandex:index/iamServiceAccount:IamServiceAccount`: a service account, as pulumi-yandex 0.13.0 shapes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .cloud_resource import CloudResource, logical_name, whole_seconds
from .errors import AlreadyExists, YandexKeysError
from .input_fields import InputField
from .ownership import is_attempt, is_owned
from .resource import Diff, Properties, Runtime

_LIMITS: Final = "yandex.cloud.iam.v1.CreateServiceAccountRequest"


class ServiceAccount(CloudResource):
    """The verbs of a service account.

    Its name is unique in the whole cloud. So what a killed run made is found again by its name, and told from a stranger's by our label; and a
    replacement under the same name needs the old account out of the way first.
    """

    token = "yandex:index/iamServiceAccount:IamServiceAccount"
    noun = "service account"
    service = "ServiceAccountService"
    id_field = "service_account_id"
    listing = "service_accounts"
    fields = (
        InputField("name", _LIMITS),
        InputField("description", _LIMITS),
        InputField("folderId", _LIMITS, replaces=True),
    )
    always_sent = ("name",)  # the API requires it in every update
    longest_name = 63

    def __init__(self) -> None:
        # URNs whose account the state holds. Create isn't told whether it replaces one, and must not adopt the very account that it replaces:
        # the engine deletes that afterwards.
        self._in_state: set[str] = set()

    def output_values(self, answer: Mapping[str, Any]) -> Properties:
        return {"createdAt": whole_seconds(answer.get("created_at", ""))}

    def automatic_name(self, logical_name: str) -> str:
        """As for every resource, in the letters that an account's name may have."""
        fitting = re.sub(r"[^a-z0-9]+", "-", logical_name.lower()).strip("-")
        return super().automatic_name(fitting if fitting[:1].isalpha() else f"sa-{fitting}".rstrip("-"))

    def check(self, urn: str, old: Properties, new: Properties, runtime: Runtime | None) -> Properties:
        if old:
            self._in_state.add(urn)
        return super().check(urn, old, new, runtime)

    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        changes = super().diff(urn, resource_id, state, inputs, runtime).changes
        replaced = any(change.replace for change in changes.values())
        return Diff(changes, delete_before_replace=replaced and state.get("name") == inputs.get("name"))

    def delete(self, urn: str, resource_id: str, state: Properties, runtime: Runtime) -> None:
        super().delete(urn, resource_id, state, runtime)
        self._in_state.discard(urn)

    def forget(self, resource_id: str, runtime: Runtime) -> None:
        runtime.reads.forget_keys(resource_id)

    def leftover(
        self, urn: str, inputs: Properties, attempt: str, error: YandexKeysError, runtime: Runtime
    ) -> Mapping[str, Any]:
        """The account that this call of Create made, or, where the name is taken, that an earlier run made and couldn't note in the state."""
        if not isinstance(error, AlreadyExists):
            return super().leftover(urn, inputs, attempt, error, runtime)
        named = self.listed(inputs, error, runtime, filter=f'name="{inputs["name"]}"')
        account = next((item for item in named if item.get("name") == inputs["name"]), None)
        if account is None:
            raise _taken(error, f"another folder of the cloud than {inputs['folderId']} has an account of that name")
        if is_attempt(account, attempt) or (is_owned(account, urn) and urn not in self._in_state):
            return account
        if is_owned(account, urn):
            raise _taken(error, f"it is {account['id']}, which is to be replaced: give the new one another name")
        command = f"pulumi import {self.token} {logical_name(urn)} {account['id']}"
        raise _taken(error, f"it is {account['id']}, which this resource did not make; to adopt it, run `{command}`")


def _taken(error: AlreadyExists, reason: str) -> AlreadyExists:
    return AlreadyExists(
        error.call, error.code, f"{error.message.rstrip('.')}; {reason}", error.request_id, error.resource
    )
