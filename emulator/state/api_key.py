"""API keys. Creating one is synchronous and answers its secret, once; the rest are operations."""

from __future__ import annotations

from collections.abc import Sequence

from yandex.cloud.iam.v1 import api_key_service_pb2 as api
from yandex.cloud.iam.v1.api_key_pb2 import ApiKey
from yandex.cloud.operation.operation_pb2 import Operation

from emulator import identifiers
from emulator.errors import bad_request
from emulator.state.access_binding import AccessBindings
from emulator.state.backend import Backend
from emulator.state.call import Call
from emulator.state.field_masks import changed_fields, copy_fields
from emulator.state.key_use import KeyUse
from emulator.state.listing import facts_of_new, page_that_lags
from emulator.state.operations import Operations
from emulator.state.paging import page_of_list
from emulator.state.resource import ManagedResource
from emulator.state.scopes import DEFAULT_SCOPES, KNOWN_SCOPES
from emulator.state.service_account import ServiceAccounts
from emulator.storage import Kind, Record

_MUTABLE = ("description", "scopes", "expires_at")


class ApiKeys(ManagedResource):
    """The API keys of all accounts. A record's name is the secret, which is how the services find the key."""

    kind = Kind.API_KEY
    message = ApiKey
    noun = "API key"
    id_field = "api_key_id"
    id_prefix = identifiers.IAM
    permissions = "iam.apiKeys"
    operations_permission = "get"
    operations_response = api.ListApiKeyOperationsResponse

    def __init__(
        self, backend: Backend, access: AccessBindings, operations: Operations, accounts: ServiceAccounts, use: KeyUse
    ) -> None:
        super().__init__(backend, access, operations)
        self._accounts = accounts
        self._use = use

    def hierarchy(self, resource_id: str) -> list[str]:
        """The key's account and what holds it: nobody has a role on a key itself."""
        return self._accounts.hierarchy(self.find(resource_id).parent)

    def create(self, request: api.CreateApiKeyRequest, call: Call) -> api.CreateApiKeyResponse:
        """A new key of the account (or, without one, of the caller). Raises RESOURCE_EXHAUSTED."""
        account_id = request.service_account_id or call.principal
        hierarchy = self._accounts.hierarchy(account_id)
        self._access.require(call, "iam.apiKeys.create", hierarchy)
        self._check_quota("iam.apiKeys.count", self._backend.settings.api_key_quota, hierarchy[-1])
        scopes = list(request.scopes) or ([request.scope] if request.scope else list(DEFAULT_SCOPES))
        secret = identifiers.new_api_key_secret()
        key = ApiKey(
            id=identifiers.new_id(identifiers.IAM),
            service_account_id=account_id,
            created_at=self._backend.clock.timestamp(whole_seconds=True),
            description=request.description,
            scopes=self._ordered(scopes),
            masked_secret=identifiers.masked(secret),
        )
        copy_fields(key, request, ["expires_at"])
        known_from = self._backend.clock.real() + self._backend.settings.key_delay.total_seconds()
        facts = facts_of_new(self._backend)
        facts["knownFrom"] = known_from
        self._backend.storage.put(
            Record(Kind.API_KEY, key.id, key.SerializeToString(), account_id, name=secret, facts=facts)
        )
        return api.CreateApiKeyResponse(api_key=key, secret=secret)

    def get(self, request: object, call: Call) -> ApiKey:
        """One key."""
        record = self._named(request)
        self._allow_looking(call, "get", record.parent)
        return self.from_record(record)

    def page(self, request: api.ListApiKeysRequest, call: Call) -> api.ListApiKeysResponse:
        """The keys of one account (or, without one, of the caller)."""
        account_id = request.service_account_id or call.principal
        self._allow_looking(call, "list", account_id)
        page, token = page_that_lags(self._backend, Kind.API_KEY, account_id, request)
        return api.ListApiKeysResponse(api_keys=[self.from_record(record) for record in page], next_page_token=token)

    def update(self, request: api.UpdateApiKeyRequest, call: Call) -> Operation:
        """Changes what the mask names; the secret stays."""
        record = self._allowed(request, "update", call)
        key = self.from_record(record)
        fields = changed_fields(request, _MUTABLE)
        copy_fields(key, request, fields)
        if "scopes" in fields:
            ordered = self._ordered(key.scopes)
            key.ClearField("scopes")
            key.scopes.extend(ordered)
        self._backend.storage.put(record.with_body(key.SerializeToString()))
        return self._operation(call, key.id, "Update API key", key)

    def list_scopes(self, request: api.ListApiKeyScopesRequest, _: Call) -> api.ListApiKeyScopesResponse:
        """All scopes that there are."""
        page, token = page_of_list(KNOWN_SCOPES, request)
        return api.ListApiKeyScopesResponse(scopes=page, next_page_token=token)

    def from_record(self, record: Record) -> ApiKey:
        """The key of a record, with its last use."""
        key = ApiKey.FromString(record.body)
        used = self._use.last(record.id)
        if used is not None:
            key.last_used_at.CopyFrom(used)
        return key

    def with_secret(self, secret: str) -> Record | None:
        """The key that has this secret, if there is one."""
        found = self._backend.storage.named(Kind.API_KEY, secret)
        return found[0] if found else None

    def with_id(self, key_id: str) -> Record | None:
        """The key of that id, if there is one."""
        return self._backend.storage.get(Kind.API_KEY, key_id)

    def _allow_looking(self, call: Call, verb: str, account_id: str) -> None:
        """Looking at one's own keys needs no role."""
        hierarchy = self._accounts.hierarchy(account_id)
        if account_id != call.principal:
            self._access.require(call, f"iam.apiKeys.{verb}", hierarchy)

    def _ordered(self, scopes: Sequence[str]) -> list[str]:
        unknown = [
            (f"scopes[{at}]", "isn't a scope; ListScopes has all")
            for at, name in enumerate(scopes)
            if name not in KNOWN_SCOPES
        ]
        if unknown:
            raise bad_request(unknown)
        return sorted(scopes) if self._backend.settings.scope_order == "sorted" else list(scopes)


def secret_of(record: Record) -> str:
    """The secret of a key's record."""
    return record.name
