"""What the report says of stacks and cloud: figures, findings, what comes next (pure). `report_page.py` shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from cli.findings import ORDER, Finding, Rule, Severity
from cli.forecast import Event, EventKind
from cli.inventory import WORKING, KeyRecord
from cli.timeline import Timeline
from cli.words import counted, moment

SOON: Final = timedelta(days=30)
"""How far the figures and the list of what comes next look ahead."""
_LISTED: Final = 12
"""How many events of what comes next are listed, and how many findings of a rule before the rest is folded away."""


@dataclass(frozen=True)
class Figure:
    """One of the figures at the report's top. `tone` is a severity, or empty where the figure is neither good nor bad."""

    name: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class RuleFindings:
    """What one rule found."""

    rule: Rule
    severity: Severity
    findings: Sequence[Finding]

    @property
    def first(self) -> Sequence[Finding]:
        """Those that are shown at once."""
        return self.findings[:_LISTED]

    @property
    def rest(self) -> Sequence[Finding]:
        """Those that are folded away."""
        return self.findings[_LISTED:]


@dataclass(frozen=True)
class Report:
    """All that a report says. `events` are those of the next 30 days; `looked`: whether the cloud was looked into."""

    now: datetime
    stacks: Sequence[str]
    looked: bool
    records: Sequence[KeyRecord]
    findings: Sequence[Finding]
    events: Sequence[Event]
    timeline: Timeline

    @property
    def counting(self) -> list[Finding]:
        """The findings that no suppression takes out."""
        return [finding for finding in self.findings if not finding.suppressed]

    @property
    def suppressed(self) -> list[Finding]:
        """The findings that somebody has decided to live with."""
        return [finding for finding in self.findings if finding.suppressed]

    @property
    def by_rule(self) -> list[RuleFindings]:
        """The findings that count, by rule, the worst first."""
        groups = groupby(self.counting, key=lambda it: (it.rule, it.severity))
        return [RuleFindings(rule, severity, list(findings)) for (rule, severity), findings in groups]

    @property
    def next_events(self) -> Sequence[Event]:
        """What comes next."""
        return self.events[:_LISTED]

    @property
    def counts(self) -> dict[str, int]:
        """The figures by name, as `--json` has them."""
        rotations = [event for event in self.events if event.kind is EventKind.ROTATES]
        return {
            "keys": len(self.records),
            "working": sum(record.state in WORKING for record in self.records),
            "accounts": len({record.account_id for record in self.records}),
            "overdue": sum(is_due(record, self.now) for record in self.records),
            "rotations": len(rotations),
            **{f"{severity}s": sum(it.severity is severity for it in self.counting) for severity in ORDER},
        }

    @property
    def figures(self) -> list[Figure]:
        """The figures at the top."""
        counts = self.counts
        ended = counts["keys"] - counts["working"]
        upcoming = [
            it.next_rotation_at for it in self.records if it.next_rotation_at and it.next_rotation_at > self.now
        ]
        following = f"the next on {moment(min(upcoming), '')}" if upcoming else "none is planned"
        of_accounts = f"of {counted(counts['accounts'], 'account')} in {counted(len(self.stacks), 'stack')}"
        return [
            Figure("keys that work", f"{counts['working']:,}", f"{of_accounts}; {ended:,} ended or gone"),
            _problems("errors", counts["errors"], Severity.ERROR, "applications fail, or a key is exposed"),
            _problems("warnings", counts["warnings"], Severity.WARNING, "it will come to that"),
            _problems("overdue", counts["overdue"], Severity.ERROR, "replacements that should have happened"),
            Figure(f"replaced within {SOON.days} days", f"{counts['rotations']:,}", following),
        ]


def is_due(record: KeyRecord, now: datetime) -> bool:
    """Whether the key's next rotation should have come by `now`."""
    return record.next_rotation_at is not None and record.next_rotation_at <= now


def _problems(name: str, count: int, severity: Severity, note: str) -> Figure:
    return Figure(name, f"{count:,}", note if count else "none", str(severity) if count else "good")
