"""Service accounts. Their names are unique in the cloud; with an account go its keys and its bindings."""

from __future__ import annotations

from yandex.cloud.iam.v1 import service_account_service_pb2 as api
from yandex.cloud.iam.v1.service_account_pb2 import ServiceAccount
from yandex.cloud.operation.operation_pb2 import Operation

from emulator import identifiers
from emulator.clock import moment
from emulator.errors import already_exists
from emulator.state.call import Call
from emulator.state.field_masks import changed_fields, copy_fields
from emulator.state.paging import has_name
from emulator.state.resource import ManagedResource, ResourceWithAccess
from emulator.storage import Kind, Record

_MUTABLE = ("name", "description", "labels", "expires_at")


class ServiceAccounts(ManagedResource, ResourceWithAccess):
    """The accounts of all folders."""

    kind = Kind.SERVICE_ACCOUNT
    message = ServiceAccount
    noun = "service account"
    id_field = "service_account_id"
    id_prefix = identifiers.IAM
    permissions = "iam.serviceAccounts"
    operations_response = api.ListServiceAccountOperationsResponse
    resource_type = "iam.serviceAccount"

    def make(self, folder_id: str, name: str, description: str = "") -> ServiceAccount:
        """An active account, made by the emulator itself."""
        account = ServiceAccount(
            id=identifiers.new_id(identifiers.IAM),
            folder_id=folder_id,
            created_at=self._backend.clock.timestamp(whole_seconds=True),
            name=name,
            description=description,
            status=ServiceAccount.Status.ACTIVE,
        )
        self._keep(account)
        return account

    def page(self, request: api.ListServiceAccountsRequest, call: Call) -> api.ListServiceAccountsResponse:
        """The accounts of one folder."""
        page, token = self._page_of_folder(request.folder_id, request, call, has_name(request))
        accounts = [ServiceAccount.FromString(record.body) for record in page]
        return api.ListServiceAccountsResponse(service_accounts=accounts, next_page_token=token)

    def create(self, request: api.CreateServiceAccountRequest, call: Call) -> Operation:
        """A new account. Raises ALREADY_EXISTS, RESOURCE_EXHAUSTED."""
        hierarchy = self._backend.folder_hierarchy(request.folder_id)
        self._access.require(call, "iam.serviceAccounts.create", hierarchy)
        self._refuse_taken(request.name)
        self._check_quota("iam.serviceAccounts.count", self._backend.settings.service_account_quota, hierarchy[-1])
        account = self.make(request.folder_id, request.name, request.description)
        copy_fields(account, request, ("labels", "expires_at"))
        self._keep(account)
        return self._operation(call, account.id, "Create service account", account)

    def update(self, request: api.UpdateServiceAccountRequest, call: Call) -> Operation:
        """Changes what the mask names."""
        account = ServiceAccount.FromString(self._allowed(request, "update", call).body)
        fields = changed_fields(request, _MUTABLE)
        if "name" in fields and request.name != account.name:
            self._refuse_taken(request.name)
        copy_fields(account, request, fields)
        self._keep(account)
        return self._operation(call, account.id, "Update service account", account)

    def remove(self, resource_id: str) -> None:
        """The account is gone, with its keys and all its bindings."""
        for kind in (Kind.API_KEY, Kind.AUTHORIZED_KEY, Kind.FEDERATED_CREDENTIAL):
            self._backend.storage.delete_children(kind, resource_id)
        self._access.remove_resource(resource_id)
        self._access.remove_subject(resource_id)
        super().remove(resource_id)

    def why_unusable(self, account: ServiceAccount) -> str:
        """Why an account can do nothing now, and its keys open nothing; empty when they can."""
        now = self._backend.clock.now()
        if account.status == ServiceAccount.Status.SUSPENDED:
            return f"The service account {account.id} is suspended"
        if account.HasField("expires_at") and moment(account.expires_at) <= now:
            return f"The service account {account.id} has expired"
        if account.folder_id in self._backend.folder_deletions():
            return f"The service account {account.id} is stopped: its folder {account.folder_id} is being deleted"
        return ""

    def suspend(self, request: api.SuspendServiceAccountRequest, call: Call) -> Operation:
        """The account can do nothing, and its keys open nothing, until it is reactivated."""
        return self._switch(request, call, "suspend", ServiceAccount.Status.SUSPENDED)

    def reactivate(self, request: api.ReactivateServiceAccountRequest, call: Call) -> Operation:
        """The account works again."""
        return self._switch(request, call, "reactivate", ServiceAccount.Status.ACTIVE)

    def _switch(
        self,
        request: api.SuspendServiceAccountRequest | api.ReactivateServiceAccountRequest,
        call: Call,
        verb: str,
        status: ServiceAccount.Status.ValueType,
    ) -> Operation:
        account = ServiceAccount.FromString(self._allowed(request, verb, call).body)
        account.status = status
        self._keep(account)
        return self._operation(call, account.id, f"{verb.capitalize()} service account")

    def _refuse_taken(self, name: str) -> None:
        if self._backend.storage.named(Kind.SERVICE_ACCOUNT, name):
            raise already_exists(self.title, name)

    def _keep(self, account: ServiceAccount) -> None:
        body = account.SerializeToString()
        self._backend.storage.put(Record(Kind.SERVICE_ACCOUNT, account.id, body, account.folder_id, account.name))
