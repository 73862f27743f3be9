"""The whole emulated cloud, put together, with what is there from the start."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emulator.clock import Clock, RealTime, text
from emulator.settings import SettingsStore
from emulator.state.access_binding import AccessBindings
from emulator.state.api_key import ApiKeys
from emulator.state.authorized_key import AuthorizedKeys
from emulator.state.backend import Backend
from emulator.state.cloud import Clouds
from emulator.state.endpoint import Endpoints
from emulator.state.federation import Federation
from emulator.state.folder import Folders
from emulator.state.folder_deletion import FolderDeletions
from emulator.state.group import Groups
from emulator.state.key_use import KeyUse
from emulator.state.kms_symmetric_key import SymmetricKeys
from emulator.state.lockbox_payload import Payloads
from emulator.state.lockbox_secret import Secrets
from emulator.state.lockbox_version import Versions
from emulator.state.operation_access import OperationReader
from emulator.state.operations import Operations
from emulator.state.quota import Quotas
from emulator.state.role import Roles
from emulator.state.service_account import ServiceAccounts
from emulator.state.tokens import Tokens
from emulator.state.user_account import UserAccounts
from emulator.storage import Kind, Record, Storage

_START = "start"


@dataclass(frozen=True)
class InitialResources:
    """What is there from the start."""

    cloud_id: str
    folder_id: str
    deployer_id: str


class CloudState:
    """Every resource's state on one storage, in the file at `path`, or in memory where that is None."""

    def __init__(self, path: Path | None, real_time: RealTime) -> None:
        self.storage = Storage(path)
        self.clock = Clock(self.storage, real_time)
        self.settings_store = SettingsStore(self.storage)
        self.backend = Backend(self.storage, self.clock, self.settings_store)
        operations = Operations(self.backend)
        self.operations = operations
        self.access = AccessBindings(self.backend)
        resource = (self.backend, self.access, operations)
        self.endpoints = Endpoints()
        self.clouds = Clouds(*resource)
        self.accounts = ServiceAccounts(*resource)
        self.users = UserAccounts(*resource)
        self.groups = Groups(*resource)
        self.roles = Roles()
        self.key_use = KeyUse(self.backend)
        self.api_keys = ApiKeys(*resource, self.accounts, self.key_use)
        self.authorized_keys = AuthorizedKeys(*resource, self.accounts)
        self.tokens = Tokens(self.backend, self.access, self.accounts)
        self.federation = Federation(self.backend, self.tokens)
        self.symmetric_keys = SymmetricKeys(*resource)
        self.versions = Versions(self.backend)
        self.secrets = Secrets(*resource, self.versions)
        self.payloads = Payloads(self.backend, self.access, self.secrets, self.versions, self.symmetric_keys)
        removals = {item.kind: item.remove for item in (self.accounts, self.secrets, self.symmetric_keys)}
        self.folder_deletions = FolderDeletions(*resource, removals)
        self.folders = Folders(*resource, self.folder_deletions)
        self.quotas = Quotas(self.backend, self.access)
        self.operation_reader = OperationReader(*resource, self.folder_deletions)

    def close(self) -> None:
        """Writes down what is still in memory, and ends."""
        self.key_use.flush()
        self.storage.close()

    def initial_resources(self) -> InitialResources:
        """What is there from the start; made the first time."""
        kept = self.storage.get(Kind.SETTING, _START)
        if kept is not None:
            return InitialResources(**json.loads(kept.body))
        with self.storage.transaction():
            now = self.clock.timestamp(whole_seconds=True)
            cloud = self.clouds.make("cloud-local", now)
            folder = self.folders.make(cloud.id, "default", now)
            deployer = self.accounts.make(folder.id, "deployer", "Made with the emulator; admin of the cloud")
            self.access.grant(cloud.id, self.clouds.resource_type, "admin", deployer.id)
            initial = InitialResources(cloud.id, folder.id, deployer.id)
            self.storage.put(Record(Kind.SETTING, _START, json.dumps(vars(initial)).encode()))
        return initial

    def create_login(self, account_id: str, save: Callable[[bytes], None]) -> None:
        """A new authorized key of the account, handed to `save` as the JSON that `yc iam key create` writes."""
        with self.storage.transaction():
            key, private = self.authorized_keys.make(account_id, "The deployer's login")
            login = {
                "id": key.id,
                "service_account_id": account_id,
                "created_at": text(key.created_at),
                "key_algorithm": "RSA_2048",
                "public_key": key.public_key,
                "private_key": private,
            }
            save(json.dumps(login, indent=3).encode())
