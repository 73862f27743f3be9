"""The folder that an emulator keeps everything in; one emulator at a time."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from emulator.private_file import write_private


class DirectoryError(Exception):
    """The folder can't be used; one line that says why."""


class DataDirectory:
    """The folder and the files in it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DirectoryError(f"--data: {self.path} can't be used: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise DirectoryError(f"--data: another emulator is running on {self.path}") from None

    @property
    def database(self) -> Path:
        """Where the state is."""
        return self.path / "state.sqlite3"

    @property
    def authority(self) -> Path:
        """The certificate authority that clients trust (PEM)."""
        return self.path / "ca.pem"

    @property
    def deployer(self) -> Path:
        """The deployer's authorized key (JSON, as `yc iam key create` writes it)."""
        return self.path / "deployer.json"

    def save_deployer(self, login: bytes) -> None:
        """Keeps the deployer's authorized key, readable by its owner only."""
        write_private(self.deployer, login)

    def ports(self) -> dict[str, int]:
        """The ports that were used last: `grpc` and `http`; empty the first time."""
        try:
            kept = json.loads((self.path / "ports.json").read_text())
            return {name: int(kept[name]) for name in ("grpc", "http")}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def save_ports(self, grpc: int, http: int) -> None:
        """Keeps the ports for the next start, as the state of clients names them."""
        write_private(self.path / "ports.json", json.dumps({"grpc": grpc, "http": http}).encode())

    def release(self) -> None:
        """Another emulator may use the folder now."""
        os.close(self._lock)
