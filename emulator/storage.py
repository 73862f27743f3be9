"""Where the emulated cloud is kept: records in one SQLite table, behind a small interface.

A record is one thing of the cloud (a key, a version, a binding): the cloud's own message, serialized, with the columns
that it is looked up by and a few facts that the message has no place for. Every call of the cloud is one transaction.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypedDict, Unpack

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, id TEXT NOT NULL, parent TEXT NOT NULL, name TEXT NOT NULL,
    body BLOB NOT NULL, facts TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS by_parent ON records (kind, parent, position);
CREATE INDEX IF NOT EXISTS by_name ON records (kind, name);
"""
_LARGEST_CACHE = 50_000
_COLUMNS = "kind, id, parent, name, body, facts, position"


class Kind(StrEnum):
    """What there are records of."""

    SETTING = "setting"
    CLOUD = "cloud"
    FOLDER = "folder"
    SERVICE_ACCOUNT = "service-account"
    USER_ACCOUNT = "user-account"
    GROUP = "group"
    API_KEY = "api-key"
    AUTHORIZED_KEY = "authorized-key"
    FEDERATED_CREDENTIAL = "federated-credential"
    REVOKED_TOKEN = "revoked-token"
    ACCESS_BINDING = "access-binding"
    SECRET = "secret"
    VERSION = "version"
    PAYLOAD = "payload"
    SYMMETRIC_KEY = "symmetric-key"
    SYMMETRIC_KEY_VERSION = "symmetric-key-version"
    OPERATION = "operation"


class Facts(TypedDict, total=False):
    """What a record carries besides the cloud's own message; moments in seconds since 1970."""

    current: str
    """The current version of a secret."""
    primary: str
    """The primary version of a symmetric key."""
    knownFrom: float
    """From when on (real time) the services know an API key."""
    listedFrom: float
    """From when on (emulated time) listings have it."""
    listedAfterCalls: int
    """How many listings still leave it out."""
    role: str
    resourceType: str
    countsFrom: float
    """From when on (real time) an access binding counts."""
    countsUntil: float
    """Until when (real time) an access binding that was removed still counts."""
    rememberedFrom: float
    """From when on (emulated time) an operation is known by its idempotency key."""
    doneAt: float
    """From when on (real time) an operation reports done=true."""
    pendingUntil: float
    """Until when (emulated time) an operation reports done=false."""
    earlyError: bool
    """Whether an operation has its error already with done=false."""
    deletesFolder: str
    """The folder that an operation deletes."""


@dataclass(frozen=True)
class Record:
    """One thing of the cloud."""

    kind: Kind
    id: str
    body: bytes = b""
    parent: str = ""
    """The id of what holds it: a key's account, a secret's folder."""
    name: str = ""
    """What else it is looked up by."""
    facts: Facts = field(default_factory=Facts)
    position: int = 0
    """Its place in the order of creation; given by the storage."""

    def with_body(self, body: bytes, **facts: Unpack[Facts]) -> Record:
        """The same record with another body, and with these facts changed."""
        return replace(self, body=body, facts={**self.facts, **facts})


class Storage:
    """Records on disk; in memory, for as long as it is open, without a path. Safe to use from many threads: each
    transaction has it to itself."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        # What was looked up by id and by name since it last changed: the gateway asks for the same few over and over.
        self._by_id: dict[tuple[Kind, str], Record | None] = {}
        self._by_name: dict[tuple[Kind, str], list[Record]] = {}
        # Secrets lie in it; SQLite gives its other files the same mode.
        if path is not None:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        # A commit reaches the operating system before the call is answered, so a killed emulator loses nothing; only a
        # power cut could take the last calls, and FULL would make every call wait for the disk to guard against that.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Ends its work; what was committed stays."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything done inside happens, or, when an exception leaves it, nothing does. May be nested."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                    self._clear_cache()
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def get(self, kind: Kind, record_id: str) -> Record | None:
        """The record of that id, or None."""
        key = (kind, record_id)
        with self._lock:
            if key not in self._by_id:
                found = self._select("kind = ? AND id = ?", key)
                self._bound_cache()
                self._by_id[key] = found[0] if found else None
            return self._by_id[key]

    def put(self, record: Record) -> None:
        """Keeps `record`; one of the same kind and id is replaced and stays where it was in the order."""
        statement = (
            "INSERT INTO records (kind, id, parent, name, body, facts) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET parent = excluded.parent, name = excluded.name, "
            "body = excluded.body, facts = excluded.facts"
        )
        facts = json.dumps(dict(record.facts)) if record.facts else "{}"
        values = (record.kind, record.id, record.parent, record.name, record.body, facts)
        with self._lock:
            self._changed(record.kind, record.id)
            self._by_name.pop((record.kind, record.name), None)
            self._connection.execute(statement, values)

    def delete(self, kind: Kind, record_id: str) -> None:
        """Forgets the record of that id, if there is one."""
        with self._lock:
            self._changed(kind, record_id)
            self._connection.execute("DELETE FROM records WHERE kind = ? AND id = ?", (kind, record_id))

    def delete_children(self, kind: Kind, parent: str) -> None:
        """Forgets all records of that kind that `parent` holds."""
        with self._lock:
            self._clear_cache()
            self._connection.execute("DELETE FROM records WHERE kind = ? AND parent = ?", (kind, parent))

    def children(self, kind: Kind, parent: str, after: int = 0, limit: int = -1) -> list[Record]:
        """What `parent` holds, in order of creation: those past the position `after`, `limit` of them (-1: all)."""
        where = "kind = ? AND parent = ? AND position > ? ORDER BY position LIMIT ?"
        return self._select(where, (kind, parent, after, limit))

    def named(self, kind: Kind, name: str) -> list[Record]:
        """All records of that kind with that name, in order of creation."""
        key = (kind, name)
        with self._lock:
            if key not in self._by_name:
                self._bound_cache()
                self._by_name[key] = self._select("kind = ? AND name = ? ORDER BY position", key)
            return list(self._by_name[key])

    def every(self, kind: Kind) -> list[Record]:
        """All records of that kind, in order of creation."""
        return self._select("kind = ? ORDER BY position", (kind,))

    def count(self, kind: Kind, parent: str | None = None) -> int:
        """How many records there are of that kind, of one parent or of all."""
        where, values = ("kind = ?", (kind,)) if parent is None else ("kind = ? AND parent = ?", (kind, parent))
        with self._lock:
            row = self._connection.execute(f"SELECT COUNT(*) FROM records WHERE {where}", values).fetchone()
        return int(row[0])

    def _changed(self, kind: Kind, record_id: str) -> None:
        """Drops from the cache what is about to change."""
        old = self.get(kind, record_id)
        if old is not None:
            self._by_name.pop((kind, old.name), None)
        self._by_id.pop((kind, record_id), None)

    def _bound_cache(self) -> None:
        if len(self._by_id) + len(self._by_name) > _LARGEST_CACHE:
            self._clear_cache()

    def _clear_cache(self) -> None:
        self._by_id.clear()
        self._by_name.clear()

    def _select(self, where: str, values: tuple[str | int, ...]) -> list[Record]:
        with self._lock:
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM records WHERE {where}", values).fetchall()
        return [
            Record(Kind(row[0]), row[1], row[4], row[2], row[3], json.loads(row[5]) if row[5] != "{}" else {}, row[6])
            for row in rows
        ]
