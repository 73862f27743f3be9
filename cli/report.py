"""The report: what it says of stacks and cloud, and the page that shows it, one file that needs nothing else (pure)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from cli.borrowed import VERSION
from cli.findings import ORDER, RULES, Finding, Rule, Severity
from cli.forecast import Event, EventKind
from cli.inventory import KeyRecord, KeyState
from cli.key_calendar import calendar_in_words
from cli.templates import FOLDER, environment
from cli.timeline import Timeline, picture
from cli.words import counted, moment

SOON: Final = timedelta(days=30)
"""How far the figures and the list of what comes next look ahead."""
_LISTED: Final = 12
"""How many events of what comes next are listed, and how many findings of a rule before the rest is folded away."""
_WORKING: Final = frozenset(KeyState) - {KeyState.EXPIRED, KeyState.MISSING}
STATES: Final = {
    KeyState.CURRENT: "what applications should use now",
    KeyState.PREVIOUS: "replaced, and working on until its overlap ends, so that applications have time to take the new key",
    KeyState.ADOPTED: "made by hand, taken over since, and not replaced yet",
    KeyState.UNDELIVERED: "working, but Lockbox gives applications something else",
    KeyState.MISSING: "expected, but gone from the cloud: whoever uses it is refused",
    KeyState.EXPIRED: "ended: the cloud refuses it",
    KeyState.ORPHAN: "left behind by a run that died; nobody should need it",
    KeyState.ANOTHER_STATE: "declared elsewhere, not in the stacks of this report",
    KeyState.UNMANAGED: "made by hand: nothing replaces it in time",
}


HAPPENS: Final = {
    EventKind.ROTATES: "gets a new key",
    EventKind.ENDS: "its previous key ends",
    EventKind.CHANGES: "is changed in place",
    EventKind.DELETES: "a key that has ended is deleted",
}


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
            "working": sum(record.state in _WORKING for record in self.records),
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


def page(report: Report) -> str:
    """The report as HTML."""
    script = (FOLDER / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    owners = sorted({record.owner for record in report.records if record.owner})
    concerned = {finding.key_id for finding in report.counting if finding.key_id}
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            picture=picture(report.timeline, is_inline=True) if report.timeline.rows else "",
            script=script,
            script_digest=digest,
            styles=(FOLDER / "report.css").read_text(encoding="utf-8"),
            owners=owners,
            concerned=concerned,
            states=[state for state in KeyState if any(record.state is state for record in report.records)],
            meanings=STATES,
            happens=HAPPENS,
            calendar_in_words=calendar_in_words,
            has_windows=any(record.calendar.windows for record in report.records),
            has_freezes=any(record.calendar.freezes for record in report.records),
            blind=sum(rule.needs_cloud for rule in RULES.values()),
            version=VERSION,
            due=[record.key_id for record in report.records if is_due(record, report.now)],
        )
    )
