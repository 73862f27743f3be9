"""What can be wrong with keys: the rules of `yckeys audit`, and what a finding is (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How bad it is. ERROR: consumers fail, or somebody has what he must not have. WARNING: it will come to that. NOTE: worth a look."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


ORDER: Final = tuple(Severity)


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong. `needs_cloud`: it is judged only where --folder or --cloud lets the cloud be looked into."""

    name: str
    severity: Severity
    title: str
    remedy: str
    needs_cloud: bool = False


_ALL: Final = (
    Rule(
        "never-expires",
        Severity.ERROR,
        "A key never ends",
        "declare it in a stack, or delete it: a key of a stack ends by itself",
    ),
    Rule(
        "default-scopes",
        Severity.ERROR,
        "A key has the cloud's default scopes, or none of its own",
        "give it the scopes that its service needs, by `uses` or `scopes`",
    ),
    Rule(
        "scopes-without-roles",
        Severity.WARNING,
        "A key has a scope that no role of its account goes with",
        "take the scope out, or give the account the role",
    ),
    Rule(
        "broad-role",
        Severity.WARNING,
        "An account with keys has a role that is wider than any scope",
        "give the account the roles of its services alone",
    ),
    Rule(
        "roles-without-scopes",
        Severity.NOTE,
        "An account has a role of a service that none of its keys has a scope for",
        "take the role out, where nothing but keys uses the account",
    ),
    Rule(
        "long-lifetime",
        Severity.WARNING,
        "A key lives longer than the limit",
        "shorten its lifetime, or raise limits.lifetime",
    ),
    Rule(
        "overdue",
        Severity.ERROR,
        "A rotation is due and doesn't come: the pipeline isn't running",
        "run `pulumi up`, and see why the pipeline doesn't",
    ),
    Rule(
        "expires-before-rotation",
        Severity.ERROR,
        "A key ends before its next rotation",
        "run `pulumi up`; `yckeys plan` shows what it does",
    ),
    Rule(
        "short-overlap",
        Severity.WARNING,
        "An overlap holds fewer than two runs",
        "make overlap longer, or run more often and say so in yandex-keys:runEvery",
    ),
    Rule(
        "missing",
        Severity.ERROR,
        "A key is gone from the cloud, and its consumers fail",
        "run `pulumi up`: it issues a new one and delivers it",
    ),
    Rule(
        "undelivered",
        Severity.ERROR,
        "Lockbox gives consumers something else than the key",
        "run `pulumi up`: it issues a new one and delivers it",
    ),
    Rule(
        "adopted",
        Severity.NOTE,
        "A key was imported and has not been rotated yet: its secret was never ours",
        "run `pulumi up`: it rotates the key, with overlap",
    ),
    Rule(
        "quota",
        Severity.WARNING,
        "A quota of the cloud will not do",
        "ask for a higher quota, spread rotations, or delete what nobody uses",
    ),
    Rule(
        "unused",
        Severity.WARNING,
        "A key has not been used for a long time",
        "take it out of its stack, or delete it",
        needs_cloud=True,
    ),
    Rule(
        "previous-still-used",
        Severity.WARNING,
        "A consumer still uses a previous key",
        "make the consumer read the new key before the old one ends",
        needs_cloud=True,
    ),
    Rule(
        "unmanaged",
        Severity.WARNING,
        "A key was made by hand",
        "declare and import it (docs/adopting-keys.md), or delete it",
        needs_cloud=True,
    ),
    Rule(
        "orphan",
        Severity.WARNING,
        "A live key carries a stack's mark, and its state doesn't know it",
        "leave it: the next rotation makes it a previous key; to end it at once, list it under compromised",
        needs_cloud=True,
    ),
    Rule(
        "can-make-keys",
        Severity.WARNING,
        "Somebody beside the deployer may make keys",
        "take the role away, where whoever has it isn't the deployer; suppress the finding, where he is",
    ),
    Rule(
        "wide-readers",
        Severity.ERROR,
        "A secret can be read by more than its readers",
        "take the access away, or list the reader under `readers`",
        needs_cloud=True,
    ),
    Rule(
        "no-live-key",
        Severity.ERROR,
        "A Lockbox secret gives its readers a key that works no longer",
        "run `pulumi up`; of a secret that nobody declares, ask who reads it",
        needs_cloud=True,
    ),
    Rule(
        "useless-suppression",
        Severity.NOTE,
        "A suppression is over, or suppresses nothing",
        "take it out of the config file",
    ),
)
RULES: Final[dict[str, Rule]] = {rule.name: rule for rule in _ALL}
"""Every rule by its id. The ids are part of the contract (docs/yckeys.md)."""


@dataclass(frozen=True)
class Place:
    """A line of a file; `file` is relative to the project."""

    file: str
    line: int


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, with whom it concerns. `subject` is stable from one audit to the next: what a suppression and a fingerprint name.

    suppressed: the reason why it doesn't count, or nothing.
    """

    rule: Rule
    severity: Severity
    subject: str
    why: str
    stack: str = ""
    account: str = ""
    key: str = ""
    key_id: str = ""
    owner: str = ""
    place: Place | None = None
    suppressed: str = ""

    def as_json(self) -> dict[str, object]:
        """The documented shape, version 1."""
        return {
            "rule": self.rule.name,
            "severity": str(self.severity),
            "subject": self.subject,
            "stack": self.stack or None,
            "account": self.account or None,
            "key": self.key or None,
            "keyId": self.key_id or None,
            "owner": self.owner or None,
            "why": self.why,
            "remedy": self.rule.remedy,
            "file": self.place.file if self.place else None,
            "line": self.place.line if self.place else None,
            "suppressed": self.suppressed or None,
        }
