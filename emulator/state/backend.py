"""What the rules of every resource work on: records, clock, settings, and the hierarchy of cloud and folders."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from emulator.clock import Clock
from emulator.errors import not_found
from emulator.settings import Settings, SettingsStore
from emulator.storage import Kind, Record, Storage

_FOLDER_DELETIONS: Final = "folder-deletions"


@dataclass(frozen=True)
class Backend:
    """Handed to each resource's state."""

    storage: Storage
    clock: Clock
    settings_store: SettingsStore

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.settings_store.current

    def existing(self, kind: Kind, record_id: str, title: str) -> Record:
        """The record of that id. Raises NOT_FOUND, calling it `title`."""
        record = self.storage.get(kind, record_id)
        if record is None:
            raise not_found(title, record_id)
        return record

    def folder_hierarchy(self, folder_id: str) -> list[str]:
        """The folder and the cloud that holds it: where rights on what lies in the folder come from.

        Raises NOT_FOUND.
        """
        return [folder_id, self.existing(Kind.FOLDER, folder_id, "Folder").parent]

    def folder_deletions(self) -> dict[str, float]:
        """The folders that are being deleted, each with the emulated time of its end in seconds since 1970."""
        record = self.storage.get(Kind.SETTING, _FOLDER_DELETIONS)
        return dict(json.loads(record.body)) if record is not None and record.body else {}

    def keep_folder_deletions(self, deletions: dict[str, float]) -> None:
        """Replaces what `folder_deletions` answers."""
        self.storage.put(Record(Kind.SETTING, _FOLDER_DELETIONS, json.dumps(deletions).encode()))
