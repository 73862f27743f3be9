"""`yandex:index/iamServiceAccount:IamServiceAccount`: a service account, as pulumi-yandex 0.13.0 shapes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .cloud_resource import CloudResource, advised, logical_name, whole_seconds
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

    def output_values(self, answer: Mapping[str, Any]) -> Properties:
        return {"createdAt": whole_seconds(answer.get("created_at", ""))}

    def automatic_name(self, logical_name: str) -> str:
        """As for every resource, in the letters that an account's name may have."""
        fitting = re.sub(r"[^a-z0-9]+", "-", logical_name.lower()).strip("-")
        return super().automatic_name(fitting if fitting[:1].isalpha() else f"sa-{fitting}".rstrip("-"))

    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        changes = super().diff(urn, resource_id, state, inputs, runtime).changes
        replaced = any(change.replace for change in changes.values())
        return Diff(changes, delete_before_replace=replaced and state.get("name") == inputs.get("name"))

    def forget(self, resource_id: str, runtime: Runtime) -> None:
        runtime.reads.forget_keys(resource_id)

    def leftover(
        self, urn: str, inputs: Properties, attempt: str, error: YandexKeysError, runtime: Runtime
    ) -> Mapping[str, Any]:
        """The account that this call of Create made, or, where the name is taken, that an earlier run made and couldn't note in the state."""
        if not isinstance(error, AlreadyExists):
            return super().leftover(urn, inputs, attempt, error, runtime)
        named = self.listed(inputs, runtime, filter=f'name="{inputs["name"]}"') or ()
        account = next((item for item in named if item.get("name") == inputs["name"]), None)
        if account is None:
            raise advised(error, f"no account of folder {inputs['folderId']} that we can see has that name")
        if is_attempt(account, attempt):
            return account
        if is_owned(account, urn):
            runtime.adopted.add(account["id"])
            return account
        command = f"pulumi import {self.token} {logical_name(urn)} {account['id']}"
        raise advised(error, f"it is {account['id']}, which this resource did not make; to adopt it, run `{command}`")
