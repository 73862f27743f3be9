"""Findings as a SARIF 2.1.0 log, which code hosts show beside the lines of the stack files (pure)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from cli.findings import RULES, Finding, Place, Severity

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# A code host shows nothing that stands nowhere: what no stack file says is the project's.
_PROJECT: Final = Place("Pulumi.yaml", 1)
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def sarif(findings: Sequence[Finding], version: str) -> dict[str, object]:
    """The log. Paths in it are relative to the repository's root where the project's folder is that."""
    names = list(RULES)
    rules = [
        {
            "id": rule.name,
            "shortDescription": {"text": rule.title},
            "help": {"text": f"{rule.remedy[:1].upper()}{rule.remedy[1:]}."},
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        }
        for rule in RULES.values()
    ]
    driver = {"name": "yckeys", "semanticVersion": version, "rules": rules}
    results = [_result(finding, names.index(finding.rule.name)) for finding in findings]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(finding: Finding, index: int) -> dict[str, object]:
    place = finding.place or _PROJECT
    result: dict[str, object] = {
        "ruleId": finding.rule.name,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.subject}: {finding.why}. Remedy: {finding.rule.remedy}."},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": place.file, "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": place.line},
                }
            }
        ],
        # The same finding of another day, whatever line it has moved to.
        "partialFingerprints": {"finding/v1": _fingerprint(finding)},
    }
    if finding.owner:
        result["properties"] = {"owner": finding.owner}
    if finding.suppressed:
        result["suppressions"] = [{"kind": "external", "justification": finding.suppressed}]
    return result


def _fingerprint(finding: Finding) -> str:
    what = "\n".join([finding.rule.name, finding.subject, finding.key_id])
    return hashlib.sha256(what.encode()).hexdigest()[:32]
