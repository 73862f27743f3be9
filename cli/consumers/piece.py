"""What is known of a key that a consumer reads, and the ready piece that is made of it. Neither holds a secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_PATIENCE: Final = 4
"""A consumer has read again by a quarter of the overlap: from then on a use of the previous key counts as that of one that is stuck."""
_OFTEN: Final = timedelta(hours=1)
"""How often pieces read that read by time, where a quarter of the overlap is longer: a listed compromised key leaves no overlap to wait in."""
_LABEL: Final = 63
"""How long a name in Kubernetes may be that becomes a label."""


@dataclass(frozen=True)
class KeyToRead:
    """One key as its consumers see it.

    project and stack: as Pulumi names them; secret_id, version_id: in Lockbox, empty where it isn't delivered there;
    reader_id: the service account that reads, empty where no reader is one; needs_id: whether the key's id is its login
    (Postbox); is_output: whether the stack gives the secret as an output.
    """

    project: str
    stack: str
    account: str
    name: str
    secret_id: str
    version_id: str
    secret_entry: str
    key_id_entry: str
    reader_id: str
    needs_id: bool
    is_output: bool
    overlap: timedelta
    run_every: timedelta

    @property
    def path(self) -> str:
        """`account/key`, as the receipts name it."""
        return f"{self.account}/{self.name}"

    @property
    def label(self) -> str:
        """A name for what is made for it in a cluster or on a machine."""
        plain = re.sub(r"[^a-z0-9]+", "-", f"{self.account}-{self.name}".lower())
        return plain[:_LABEL].strip("-") or "key"

    @property
    def entries(self) -> tuple[str, ...]:
        """The entries of the secret that a consumer takes."""
        return (self.key_id_entry, self.secret_entry) if self.needs_id else (self.secret_entry,)

    @property
    def quarter(self) -> timedelta:
        """Within which a consumer has to have read again, in whole minutes."""
        return timedelta(minutes=self.overlap // _PATIENCE // timedelta(minutes=1))

    @property
    def reads_every(self) -> timedelta:
        """How often a piece reads that reads by time."""
        return min(self.quarter, _OFTEN)

    def safe_overlap(self, reads_every: timedelta) -> timedelta:
        """The shortest overlap in which one that reads so often is never taken for stuck, and one that is stuck is seen."""
        return max(_PATIENCE * reads_every, 2 * self.run_every)


@dataclass(frozen=True)
class File:
    """One file of a piece. `comment` begins a comment in its language."""

    name: str
    text: str
    comment: str = "#"


@dataclass(frozen=True)
class Piece:
    """What a consumer is given. reads_every: None where it never reads again by itself.

    on_rotation and reads are sentences; todo: what is left to do by hand.
    """

    files: tuple[File, ...]
    on_rotation: str
    reads: str
    reads_every: timedelta | None
    todo: tuple[str, ...] = ()


def variable(entry: str) -> str:
    """The environment variable that holds an entry: `API_KEY` for `api_key`."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", entry).upper()
    return name if re.match(r"[A-Z_]", name) else f"KEY_{name}"


def hours_and_minutes(span: timedelta) -> str:
    """`span` as Go, Kubernetes and systemd all read it: `42h`, `3m`, `1h30m`."""
    hours, minutes = divmod(span // timedelta(minutes=1), 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes or not hours else "")
