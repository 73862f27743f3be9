"""What every resource of the emulated cloud stands on: storage, clock, settings, the hierarchy and who may do what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from yandex.cloud.resourcemanager.v1.folder_pb2 import Folder

from emulator.clock import Clock
from emulator.errors import not_found
from emulator.settings import Settings, SettingsBook
from emulator.storage import Kind, Record, Storage

FOLDER_DELETIONS: Final = "folder-deletions"
"""The id of the setting whose facts are the folders that are being deleted, each with the emulated time of its end."""


@dataclass(frozen=True)
class Ground:
    """Handed to each resource's state."""

    storage: Storage
    clock: Clock
    book: SettingsBook

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.book.current

    def existing(self, kind: Kind, record_id: str, words: str) -> Record:
        """The record of that id. Raises NOT_FOUND, calling it `words`."""
        record = self.storage.get(kind, record_id)
        if record is None:
            raise not_found(words, record_id)
        return record

    def folder_deletions(self) -> Mapping[str, float]:
        """The folders that are being deleted, each with the emulated time of its end in seconds since 1970."""
        kept = self.storage.get(Kind.SETTING, FOLDER_DELETIONS)
        return kept.facts if kept is not None else {}

    def folder_chain(self, folder_id: str) -> list[str]:
        """The folder and the cloud that holds it: where rights on what lies in the folder come from."""
        folder = Folder.FromString(self.existing(Kind.FOLDER, folder_id, "Folder").body)
        return [folder_id, folder.cloud_id]
