"""Service accounts. Their names are unique in the cloud; with an account go its keys and its bindings."""

from __future__ import annotations

from typing import Any

from yandex.cloud.access import access_pb2
from yandex.cloud.iam.v1.service_account_pb2 import ServiceAccount
from yandex.cloud.iam.v1.service_account_service_pb2 import (
    CreateServiceAccountMetadata,
    CreateServiceAccountRequest,
    DeleteServiceAccountMetadata,
    ListServiceAccountOperationsRequest,
    ListServiceAccountOperationsResponse,
    ListServiceAccountsRequest,
    ListServiceAccountsResponse,
    ReactivateServiceAccountMetadata,
    ReactivateServiceAccountRequest,
    ReactivateServiceAccountResponse,
    SuspendServiceAccountMetadata,
    SuspendServiceAccountRequest,
    SuspendServiceAccountResponse,
    UpdateServiceAccountMetadata,
    UpdateServiceAccountRequest,
)
from yandex.cloud.operation.operation_pb2 import Operation

from emulator import identifiers
from emulator.clock import moment
from emulator.errors import already_exists, quota_exceeded
from emulator.state.access import AccessBindings
from emulator.state.call import Call
from emulator.state.ground import Ground
from emulator.state.masks import changed_fields, take_over
from emulator.state.operations import Operations
from emulator.state.paging import name_filter, page_of_children
from emulator.storage import Kind, Record

_MUTABLE = ("name", "description", "labels", "expires_at")


class ServiceAccounts:
    """The accounts of all folders."""

    kind = "iam.serviceAccount"

    def __init__(self, ground: Ground, access: AccessBindings, operations: Operations) -> None:
        self._ground = ground
        self._access = access
        self._operations = operations

    def chain(self, account_id: str) -> list[str]:
        """The account and what holds it. Raises NOT_FOUND."""
        return [account_id, *self._ground.folder_chain(self.find(account_id).folder_id)]

    def find(self, account_id: str) -> ServiceAccount:
        """One account, whoever asks. Raises NOT_FOUND."""
        record = self._ground.existing(Kind.SERVICE_ACCOUNT, account_id, "Service account")
        return ServiceAccount.FromString(record.body)

    def make(self, folder_id: str, name: str, description: str = "") -> ServiceAccount:
        """An active account, made by the emulator itself."""
        account = ServiceAccount(
            id=identifiers.new_id(identifiers.IAM),
            folder_id=folder_id,
            created_at=self._ground.clock.timestamp(whole_seconds=True),
            name=name,
            description=description,
            status=ServiceAccount.Status.ACTIVE,
        )
        self._keep(account)
        return account

    def get(self, account_id: str, call: Call) -> ServiceAccount:
        """One account. Raises NOT_FOUND, PERMISSION_DENIED."""
        account = self.find(account_id)
        self._access.require(call, "iam.serviceAccounts.get", self.chain(account_id))
        return account

    def page(self, request: ListServiceAccountsRequest, call: Call) -> ListServiceAccountsResponse:
        """The accounts of one folder."""
        self._access.require(call, "iam.serviceAccounts.list", self._ground.folder_chain(request.folder_id))
        name = name_filter(request)
        keep = None if name is None else lambda record: record.name == name
        page, token = page_of_children(self._ground.storage, Kind.SERVICE_ACCOUNT, request.folder_id, request, keep)
        accounts = [ServiceAccount.FromString(record.body) for record in page]
        return ListServiceAccountsResponse(service_accounts=accounts, next_page_token=token)

    def create(self, request: CreateServiceAccountRequest, call: Call) -> Operation:
        """A new account. Raises ALREADY_EXISTS, RESOURCE_EXHAUSTED, PERMISSION_DENIED."""
        chain = self._ground.folder_chain(request.folder_id)
        self._access.require(call, "iam.serviceAccounts.create", chain)
        self._refuse_taken(request.name)
        limit = self._ground.settings.service_account_quota
        if self._ground.storage.count(Kind.SERVICE_ACCOUNT) >= limit:
            raise quota_exceeded("iam.serviceAccounts.count", limit, f"cloud:{chain[-1]}")
        account = self.make(request.folder_id, request.name, request.description)
        take_over(account, request, ("labels", "expires_at"))
        self._keep(account)
        metadata = CreateServiceAccountMetadata(service_account_id=account.id)
        return self._done(call, account.id, "Create service account", metadata, account)

    def update(self, request: UpdateServiceAccountRequest, call: Call) -> Operation:
        """Changes what the mask names."""
        account = self.find(request.service_account_id)
        self._access.require(call, "iam.serviceAccounts.update", self.chain(account.id))
        fields = changed_fields(request, _MUTABLE)
        if "name" in fields and request.name != account.name:
            self._refuse_taken(request.name)
        take_over(account, request, fields)
        self._keep(account)
        metadata = UpdateServiceAccountMetadata(service_account_id=account.id)
        return self._done(call, account.id, "Update service account", metadata, account)

    def delete(self, account_id: str, call: Call) -> Operation:
        """Deletes an account with its keys and all its bindings."""
        self._access.require(call, "iam.serviceAccounts.delete", self.chain(account_id))
        self.forget(account_id)
        metadata = DeleteServiceAccountMetadata(service_account_id=account_id)
        return self._done(call, account_id, "Delete service account", metadata)

    def forget(self, account_id: str) -> None:
        """The account is gone, with its keys and all its bindings."""
        for kind in (Kind.API_KEY, Kind.AUTHORIZED_KEY, Kind.FEDERATED_CREDENTIAL):
            self._ground.storage.delete_children(kind, account_id)
        self._access.forget_resource(account_id)
        self._access.forget_subject(account_id)
        self._ground.storage.delete(Kind.SERVICE_ACCOUNT, account_id)

    def why_unusable(self, account: ServiceAccount) -> str:
        """Why an account can do nothing now, and its keys open nothing; empty when they can."""
        now = self._ground.clock.now()
        if account.status == ServiceAccount.Status.SUSPENDED:
            return f"The service account {account.id} is suspended"
        if account.HasField("expires_at") and moment(account.expires_at) <= now:
            return f"The service account {account.id} has expired"
        if account.folder_id in self._ground.folder_deletions():
            return f"The service account {account.id} is stopped: its folder {account.folder_id} is being deleted"
        return ""

    def suspend(self, request: SuspendServiceAccountRequest, call: Call) -> Operation:
        """The account can do nothing, and its keys open nothing, until it is reactivated."""
        self._switch(request.service_account_id, "suspend", ServiceAccount.Status.SUSPENDED, call)
        metadata = SuspendServiceAccountMetadata(service_account_id=request.service_account_id)
        response = SuspendServiceAccountResponse()
        return self._done(call, request.service_account_id, "Suspend service account", metadata, response)

    def reactivate(self, request: ReactivateServiceAccountRequest, call: Call) -> Operation:
        """The account works again."""
        self._switch(request.service_account_id, "reactivate", ServiceAccount.Status.ACTIVE, call)
        metadata = ReactivateServiceAccountMetadata(service_account_id=request.service_account_id)
        response = ReactivateServiceAccountResponse()
        return self._done(call, request.service_account_id, "Reactivate service account", metadata, response)

    def list_operations(
        self, request: ListServiceAccountOperationsRequest, call: Call
    ) -> ListServiceAccountOperationsResponse:
        """What was done to one account."""
        chain = self.chain(request.service_account_id)
        self._access.require(call, "iam.serviceAccounts.listOperations", chain)
        page, token = self._operations.page(request.service_account_id, request)
        return ListServiceAccountOperationsResponse(operations=page, next_page_token=token)

    def list_access_bindings(self, request: Any, call: Call) -> access_pb2.ListAccessBindingsResponse:
        """Who may do what with the account."""
        self._access.require(call, "iam.serviceAccounts.listAccessBindings", self.chain(request.resource_id))
        return self._access.page(request.resource_id, request)

    def set_access_bindings(self, request: Any, call: Call) -> Operation:
        """Replaces the bindings on the account."""
        self._access.require(call, "iam.serviceAccounts.setAccessBindings", self.chain(request.resource_id))
        return self._access.set(request, call, identifiers.IAM, self.kind)

    def update_access_bindings(self, request: Any, call: Call) -> Operation:
        """Adds and removes bindings on the account."""
        self._access.require(call, "iam.serviceAccounts.updateAccessBindings", self.chain(request.resource_id))
        return self._access.update(request, call, identifiers.IAM, self.kind)

    def _switch(self, account_id: str, verb: str, status: ServiceAccount.Status.ValueType, call: Call) -> None:
        self._access.require(call, f"iam.serviceAccounts.{verb}", self.chain(account_id))
        account = self.find(account_id)
        account.status = status
        self._keep(account)

    def _refuse_taken(self, name: str) -> None:
        if self._ground.storage.named(Kind.SERVICE_ACCOUNT, name):
            raise already_exists("Service account", name)

    def _keep(self, account: ServiceAccount) -> None:
        body = account.SerializeToString()
        self._ground.storage.put(Record(Kind.SERVICE_ACCOUNT, account.id, body, account.folder_id, account.name))

    def _done(self, call: Call, account_id: str, words: str, metadata: Any, response: Any = None) -> Operation:
        return self._operations.finish(call, identifiers.IAM, account_id, words, metadata, response)
