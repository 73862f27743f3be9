"""Authorized keys: the RSA key pairs that service accounts log in with. The cloud keeps the public halves only."""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from yandex.cloud.iam.v1 import key_service_pb2 as api
from yandex.cloud.iam.v1.key_pb2 import Key
from yandex.cloud.operation.operation_pb2 import Operation

from emulator import identifiers
from emulator.state.access_binding import AccessBindings
from emulator.state.backend import Backend
from emulator.state.call import Call
from emulator.state.field_masks import changed_fields, copy_fields
from emulator.state.operations import Operations
from emulator.state.paging import page_of_children
from emulator.state.resource import ManagedResource
from emulator.state.service_account import ServiceAccounts
from emulator.storage import Kind, Record

_WARNING = "PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <{}>\n"
"""The first line of a private key, as `yc iam key create` writes it; logins work with and without it."""


class AuthorizedKeys(ManagedResource):
    """The authorized keys of all accounts."""

    kind = Kind.AUTHORIZED_KEY
    message = Key
    noun = "key"
    id_field = "key_id"
    id_prefix = identifiers.IAM
    permissions = "iam.keys"
    operations_permission = "get"
    operations_response = api.ListKeyOperationsResponse

    def __init__(
        self, backend: Backend, access: AccessBindings, operations: Operations, accounts: ServiceAccounts
    ) -> None:
        super().__init__(backend, access, operations)
        self._accounts = accounts

    def hierarchy(self, resource_id: str) -> list[str]:
        """The key's account and what holds it: nobody has a role on a key itself."""
        return self._accounts.hierarchy(self.find(resource_id).parent)

    def make(self, account_id: str, description: str = "", bits: int = 2048) -> tuple[Key, str]:
        """A key pair of the account: the cloud's record of it, and the private key (PEM)."""
        private, public = _key_pair(bits)
        key = Key(
            id=identifiers.new_id(identifiers.IAM),
            service_account_id=account_id,
            created_at=self._backend.clock.timestamp(whole_seconds=True),
            description=description,
            key_algorithm=Key.Algorithm.RSA_4096 if bits == 4096 else Key.Algorithm.RSA_2048,
            public_key=public,
        )
        self._backend.storage.put(Record(Kind.AUTHORIZED_KEY, key.id, key.SerializeToString(), account_id))
        return key, _WARNING.format(key.id) + private

    def create(self, request: api.CreateKeyRequest, call: Call) -> api.CreateKeyResponse:
        """A new key pair; its private key is answered once."""
        account_id = request.service_account_id or call.principal
        self._access.require(call, "iam.keys.create", self._accounts.hierarchy(account_id))
        bits = 4096 if request.key_algorithm == Key.Algorithm.RSA_4096 else 2048
        key, private = self.make(account_id, request.description, bits)
        return api.CreateKeyResponse(key=key, private_key=private)

    def page(self, request: api.ListKeysRequest, call: Call) -> api.ListKeysResponse:
        """The keys of one account (or, without one, of the caller)."""
        account_id = request.service_account_id or call.principal
        self._access.require(call, "iam.keys.list", self._accounts.hierarchy(account_id))
        page, token = page_of_children(self._backend.storage, Kind.AUTHORIZED_KEY, account_id, request)
        return api.ListKeysResponse(keys=[Key.FromString(record.body) for record in page], next_page_token=token)

    def update(self, request: api.UpdateKeyRequest, call: Call) -> Operation:
        """Changes the description."""
        record = self._allowed(request, "update", call)
        key = Key.FromString(record.body)
        copy_fields(key, request, changed_fields(request, ["description"]))
        self._backend.storage.put(record.with_body(key.SerializeToString()))
        return self._operation(call, key.id, "Update key", key)


def _key_pair(bits: int) -> tuple[str, str]:
    """A fresh RSA pair in PEM: private (PKCS 8) and public."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    private_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private_pem.decode(), public_pem.decode()
