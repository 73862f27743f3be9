"""The report as a page: one HTML file that needs nothing else (pure)."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from cli.borrowed import VERSION
from cli.findings import RULES
from cli.forecast import EventKind
from cli.inventory import KeyState
from cli.key_calendar import calendar_in_words
from cli.report import Report, is_due
from cli.templates import FOLDER, environment
from cli.timeline_picture import picture

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
