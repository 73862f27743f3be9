"""API keys. Creating one is synchronous and answers its secret, once; the rest are operations."""

from __future__ import annotations

from collections.abc import Sequence

from yandex.cloud.iam.v1.api_key_pb2 import ApiKey
from yandex.cloud.iam.v1.api_key_service_pb2 import (
    CreateApiKeyRequest,
    CreateApiKeyResponse,
    DeleteApiKeyMetadata,
    ListApiKeyOperationsRequest,
    ListApiKeyOperationsResponse,
    ListApiKeyScopesRequest,
    ListApiKeyScopesResponse,
    ListApiKeysRequest,
    ListApiKeysResponse,
    UpdateApiKeyMetadata,
    UpdateApiKeyRequest,
)
from yandex.cloud.operation.operation_pb2 import Operation

from emulator import identifiers
from emulator.errors import bad_request, quota_exceeded
from emulator.state.access import AccessBindings
from emulator.state.call import Call
from emulator.state.ground import Ground
from emulator.state.key_use import KeyUse
from emulator.state.listing import facts_of_new, page_that_lags
from emulator.state.masks import changed_fields, take_over
from emulator.state.operations import Operations
from emulator.state.paging import page_of_list
from emulator.state.scopes import DEFAULT_SCOPES, KNOWN_SCOPES
from emulator.state.service_account import ServiceAccounts
from emulator.storage import Kind, Record

_MUTABLE = ("description", "scopes", "expires_at")


class ApiKeys:
    """The API keys of all accounts. A record's name is the secret, which is how the services find the key."""

    def __init__(
        self, ground: Ground, access: AccessBindings, operations: Operations, accounts: ServiceAccounts, use: KeyUse
    ) -> None:
        self._ground = ground
        self._access = access
        self._operations = operations
        self._accounts = accounts
        self._use = use

    def create(self, request: CreateApiKeyRequest, call: Call) -> CreateApiKeyResponse:
        """A new key of the account (or, without one, of the caller). Raises RESOURCE_EXHAUSTED, PERMISSION_DENIED."""
        account_id = request.service_account_id or call.principal
        chain = self._accounts.chain(account_id)
        self._allow_own(call, "create", account_id, chain)
        limit = self._ground.settings.api_key_quota
        if self._ground.storage.count(Kind.API_KEY) >= limit:
            raise quota_exceeded("iam.apiKeys.count", limit, f"cloud:{chain[-1]}")
        scopes = list(request.scopes) or ([request.scope] if request.scope else list(DEFAULT_SCOPES))
        secret = identifiers.new_api_key_secret()
        key = ApiKey(
            id=identifiers.new_id(identifiers.IAM),
            service_account_id=account_id,
            created_at=self._ground.clock.timestamp(whole_seconds=True),
            description=request.description,
            scopes=self._ordered(scopes),
            masked_secret=identifiers.masked(secret),
        )
        take_over(key, request, ["expires_at"])
        known_from = self._ground.clock.real() + self._ground.settings.key_delay.total_seconds()
        facts = {"knownFrom": known_from, **facts_of_new(self._ground)}
        record = Record(Kind.API_KEY, key.id, key.SerializeToString(), account_id, secret, facts)
        self._ground.storage.put(record)
        return CreateApiKeyResponse(api_key=key, secret=secret)

    def get(self, key_id: str, call: Call) -> ApiKey:
        """One key. Raises NOT_FOUND, PERMISSION_DENIED."""
        record = self._find(key_id)
        self._allow_own(call, "get", record.parent, self._accounts.chain(record.parent))
        return self.shown(record)

    def page(self, request: ListApiKeysRequest, call: Call) -> ListApiKeysResponse:
        """The keys of one account (or, without one, of the caller)."""
        account_id = request.service_account_id or call.principal
        self._allow_own(call, "list", account_id, self._accounts.chain(account_id))
        page, token = page_that_lags(self._ground, Kind.API_KEY, account_id, request)
        return ListApiKeysResponse(api_keys=[self.shown(record) for record in page], next_page_token=token)

    def update(self, request: UpdateApiKeyRequest, call: Call) -> Operation:
        """Changes what the mask names; the secret stays."""
        record = self._find(request.api_key_id)
        self._access.require(call, "iam.apiKeys.update", self._accounts.chain(record.parent))
        key = self.shown(record)
        fields = changed_fields(request, _MUTABLE)
        take_over(key, request, fields)
        if "scopes" in fields:
            ordered = self._ordered(key.scopes)
            key.ClearField("scopes")
            key.scopes.extend(ordered)
        self._ground.storage.put(record.with_body(key.SerializeToString()))
        metadata = UpdateApiKeyMetadata(api_key_id=key.id)
        return self._operations.finish(call, identifiers.IAM, key.id, "Update API key", metadata, key)

    def delete(self, key_id: str, call: Call) -> Operation:
        """Deletes a key: the services refuse it from now on."""
        record = self._find(key_id)
        self._access.require(call, "iam.apiKeys.delete", self._accounts.chain(record.parent))
        self._ground.storage.delete(Kind.API_KEY, key_id)
        metadata = DeleteApiKeyMetadata(api_key_id=key_id)
        return self._operations.finish(call, identifiers.IAM, key_id, "Delete API key", metadata)

    def list_operations(self, request: ListApiKeyOperationsRequest, call: Call) -> ListApiKeyOperationsResponse:
        """What was done to one key."""
        record = self._find(request.api_key_id)
        self._access.require(call, "iam.apiKeys.get", self._accounts.chain(record.parent))
        page, token = self._operations.page(request.api_key_id, request)
        return ListApiKeyOperationsResponse(operations=page, next_page_token=token)

    def list_scopes(self, request: ListApiKeyScopesRequest) -> ListApiKeyScopesResponse:
        """All scopes that there are, a page at a time."""
        page, token = page_of_list(KNOWN_SCOPES, request)
        return ListApiKeyScopesResponse(scopes=page, next_page_token=token)

    def shown(self, record: Record) -> ApiKey:
        """The key of a record, with its last use."""
        key = ApiKey.FromString(record.body)
        used = self._use.last(record.id)
        if used is not None:
            key.last_used_at.CopyFrom(used)
        return key

    def with_secret(self, secret: str) -> Record | None:
        """The key that has this secret, if there is one."""
        found = self._ground.storage.named(Kind.API_KEY, secret)
        return found[0] if found else None

    def with_id(self, key_id: str) -> Record | None:
        """The key of that id, if there is one."""
        return self._ground.storage.get(Kind.API_KEY, key_id)

    def _find(self, key_id: str) -> Record:
        return self._ground.existing(Kind.API_KEY, key_id, "API key")

    def _allow_own(self, call: Call, verb: str, account_id: str, chain: Sequence[str]) -> None:
        """Looking at one's own keys needs no role; making one does."""
        if verb == "create" or account_id != call.principal:
            self._access.require(call, f"iam.apiKeys.{verb}", chain)

    def _ordered(self, scopes: Sequence[str]) -> list[str]:
        unknown = [
            (f"scopes[{at}]", "isn't a scope; ListScopes has all")
            for at, name in enumerate(scopes)
            if name not in KNOWN_SCOPES
        ]
        if unknown:
            raise bad_request(unknown)
        return sorted(scopes) if self._ground.settings.scope_order == "sorted" else list(scopes)


def secret_of(record: Record) -> str:
    """The secret of a key's record."""
    return record.name
