"""The whole emulated cloud, put together, with what is there from the start."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emulator.clock import Clock, RealTime, text
from emulator.settings import SettingsBook
from emulator.state.access import AccessBindings
from emulator.state.api_key import ApiKeys
from emulator.state.authorized_key import AuthorizedKeys
from emulator.state.federation import Federation
from emulator.state.folder_deletion import FolderDeletions
from emulator.state.ground import Ground
from emulator.state.key_use import KeyUse
from emulator.state.lockbox_payload import SecretVersions
from emulator.state.lockbox_secret import Secrets
from emulator.state.lockbox_version import Versions
from emulator.state.operation_access import OperationReader
from emulator.state.operations import Operations
from emulator.state.resource_manager import Clouds, Folders
from emulator.state.role import Roles
from emulator.state.service_account import ServiceAccounts
from emulator.state.symmetric_key import SymmetricKeys
from emulator.state.tokens import Tokens
from emulator.storage import Kind, Record, Storage

_START = "start"


@dataclass(frozen=True)
class Beginnings:
    """What is there from the start."""

    cloud_id: str
    folder_id: str
    deployer_id: str


class CloudState:
    """Every resource's state on one storage, in the file at `path`, or in memory where that is None."""

    def __init__(self, path: Path | None, real_time: RealTime) -> None:
        self.storage = Storage(path)
        self.clock = Clock(self.storage, real_time)
        self.book = SettingsBook(self.storage)
        self.ground = Ground(self.storage, self.clock, self.book)
        self.operations = Operations(self.ground)
        self.access = AccessBindings(self.ground, self.operations)
        self.clouds = Clouds(self.ground, self.access)
        self.folders = Folders(self.ground, self.access, self.operations)
        self.accounts = ServiceAccounts(self.ground, self.access, self.operations)
        self.roles = Roles()
        self.key_use = KeyUse(self.ground)
        self.api_keys = ApiKeys(self.ground, self.access, self.operations, self.accounts, self.key_use)
        self.authorized_keys = AuthorizedKeys(self.ground, self.access, self.operations, self.accounts)
        self.tokens = Tokens(self.ground, self.access, self.accounts)
        self.federation = Federation(self.ground, self.tokens)
        self.symmetric_keys = SymmetricKeys(self.ground, self.access, self.operations)
        versions = Versions(self.ground)
        self.versions = versions
        self.secrets = Secrets(self.ground, self.access, self.operations, versions)
        self.secret_versions = SecretVersions(
            self.ground, self.access, self.operations, self.secrets, versions, self.symmetric_keys
        )
        self.folder_deletions = FolderDeletions(
            self.ground, self.access, self.operations, self.accounts, self.secrets, self.symmetric_keys
        )
        self.operation_reader = OperationReader(self.ground, self.access, self.operations, self.folder_deletions)

    def close(self) -> None:
        """Writes down what is still in memory, and ends."""
        self.key_use.flush()
        self.storage.close()

    def begin(self) -> Beginnings:
        """What is there from the start; made the first time."""
        kept = self.storage.get(Kind.SETTING, _START)
        if kept is not None:
            return Beginnings(**json.loads(kept.body))
        with self.storage.transaction():
            now = self.clock.timestamp(whole_seconds=True)
            cloud = self.clouds.make("cloud-local", now)
            folder = self.folders.make(cloud.id, "default", now)
            deployer = self.accounts.make(folder.id, "deployer", "Made with the emulator; admin of the cloud")
            self.access.give(cloud.id, self.clouds.kind, "admin", deployer.id)
            beginnings = Beginnings(cloud.id, folder.id, deployer.id)
            self.storage.put(Record(Kind.SETTING, _START, json.dumps(vars(beginnings)).encode()))
        return beginnings

    def make_login(self, account_id: str, save: Callable[[bytes], None]) -> None:
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
