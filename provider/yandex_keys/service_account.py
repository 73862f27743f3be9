"""`yandex:index/iamServiceAccount:IamServiceAccount`: a service account, as pulumi-yandex 0.13.0 shapes it."""

from __future__ import annotations

import re
from typing import Final

from .answers import FolderResourceAnswer
from .fields import InputField
from .folder_listings import Listing
from .folder_resource import FolderResource, whole_seconds
from .properties import PlainValue, Properties
from .resource import Diff, Read
from .run import Runtime

_LIMITS: Final = "yandex.cloud.iam.v1.CreateServiceAccountRequest"


class ServiceAccount(FolderResource):
    """The verbs of a service account.

    Its name is unique in the whole cloud. So a replacement under the same name needs the old account out of the way
    first.
    """

    token = "yandex:index/iamServiceAccount:IamServiceAccount"
    noun = "service account"
    listing = Listing("ServiceAccountService", "service_accounts")
    id_field = "service_account_id"
    fields = (
        InputField("name", _LIMITS),
        InputField("description", _LIMITS),
        InputField("folderId", _LIMITS, replaces=True),
    )
    longest_name = 63

    def output_values(self, answer: FolderResourceAnswer) -> Properties:
        return {"createdAt": whole_seconds(answer.get("created_at", ""))}

    def update_of(self, changed: list[InputField], inputs: Properties) -> dict[str, PlainValue]:
        # The API requires the name in every update, whatever the mask says.
        return {"name": inputs["name"], **super().update_of(changed, inputs)}

    def automatic_name(self, logical_name: str) -> str:
        """As for every resource, in the letters that an account's name may have."""
        fitting = re.sub(r"[^a-z0-9]+", "-", logical_name.lower()).strip("-")
        return super().automatic_name(fitting if fitting[:1].isalpha() else f"sa-{fitting}".rstrip("-"))

    def read(self, urn: str, resource_id: str, inputs: Properties, state: Properties, runtime: Runtime) -> Read | None:
        # A refresh looks at the keys of an account next.
        runtime.reads.expect_keys(resource_id)
        return super().read(urn, resource_id, inputs, state, runtime)

    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        changes = super().diff(urn, resource_id, state, inputs, runtime).changes
        replaced = any(change.replace for change in changes.values())
        return Diff(changes, delete_before_replace=replaced and state.get("name") == inputs.get("name"))

    def forget(self, resource_id: str, runtime: Runtime) -> None:
        super().forget(resource_id, runtime)
        runtime.reads.forget_keys(resource_id)

    def search(self, inputs: Properties) -> dict[str, str]:
        return {**super().search(inputs), "filter": f'name="{inputs["name"]}"'}
