"""The figures that alerts are made of, as Prometheus text (pure). Few, each one that `cli/monitoring/alerts.yml` or the dashboard beside it uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cli.borrowed import planned_rotation
from cli.deployed import Deployed, DeployedKey
from cli.findings import ORDER, Finding
from cli.inventory import KeyRecord, KeyState

_HELP: Final = {
    "yckeys_key_expires_timestamp_seconds": "When the current key ends by itself.",
    "yckeys_key_next_rotation_timestamp_seconds": "When the current key is due to rotate.",
    "yckeys_key_generation": "Which generation the current key is.",
    "yckeys_previous_key_ends_timestamp_seconds": "When a previous key ends; gone once it has.",
    "yckeys_keys": "How many keys there are, by what they are to the stacks.",
    "yckeys_findings": "How many findings of an audit count, by owner and severity.",
    "yckeys_stack_last_successful_run_timestamp_seconds": "When a run of the stack last succeeded.",
    "yckeys_collected_timestamp_seconds": "When these figures were collected.",
}


@dataclass(frozen=True)
class Sample:
    """One figure."""

    name: str
    labels: Mapping[str, str]
    value: float


def metrics(
    stacks: Sequence[Deployed],
    records: Sequence[KeyRecord],
    findings: Sequence[Finding],
    runs: Mapping[str, datetime | None],
    now: datetime,
) -> list[Sample]:
    """The figures at `now`. `runs`: when a run of each stack last succeeded, where that is known."""
    samples = [sample for stack in stacks for key in stack.keys for sample in _of_key(key, now)]
    names = [stack.stack for stack in stacks]
    for name in [*names, *([""] if any(not record.stack for record in records) else [])]:
        of_stack = [record.state for record in records if record.stack == name]
        states = [state for state in KeyState if name == "" or state in _OF_A_STACK]
        samples += [
            Sample("yckeys_keys", {"stack": name, "state": str(state)}, of_stack.count(state)) for state in states
        ]
    owners = {stack.stack: {key.owner for key in stack.keys} for stack in stacks}
    counting = [finding for finding in findings if not finding.suppressed]
    for name in [*names, *([""] if any(not finding.stack for finding in counting) else [])]:
        # Also where there are none: an alert ends only where the figure goes on.
        found = [finding for finding in counting if finding.stack == name]
        for owner in sorted({"", *owners.get(name, ()), *(finding.owner for finding in found)}):
            samples += [
                Sample(
                    "yckeys_findings",
                    {"stack": name, "owner": owner, "severity": str(severity)},
                    sum(it.owner == owner and it.severity is severity for it in found),
                )
                for severity in ORDER
            ]
    for name, ran in sorted(runs.items()):
        if ran is not None:
            samples.append(
                Sample("yckeys_stack_last_successful_run_timestamp_seconds", {"stack": name}, ran.timestamp())
            )
    return [*samples, Sample("yckeys_collected_timestamp_seconds", {}, now.timestamp())]


_OF_A_STACK: Final = (
    KeyState.CURRENT,
    KeyState.PREVIOUS,
    KeyState.ADOPTED,
    KeyState.UNDELIVERED,
    KeyState.MISSING,
    KeyState.EXPIRED,
)


def _of_key(key: DeployedKey, now: datetime) -> Iterator[Sample]:
    labels = {"stack": key.stack, "account": key.account_name, "key": key.name, "owner": key.owner}
    state = key.state
    due = planned_rotation(key.inputs, state, key.urn)
    yield Sample("yckeys_key_expires_timestamp_seconds", labels, state.expires_at.timestamp())
    yield Sample("yckeys_key_next_rotation_timestamp_seconds", labels, due.timestamp())
    yield Sample("yckeys_key_generation", labels, state.generation)
    for previous in state.previous:
        if previous.expires_at > now:
            of_previous = {**labels, "key_id": previous.key_id}
            ends = previous.expires_at.timestamp()
            yield Sample("yckeys_previous_key_ends_timestamp_seconds", of_previous, ends)


def text_of(samples: Iterable[Sample]) -> str:
    """The samples in Prometheus' text format, those of one name together."""
    by_name: dict[str, list[Sample]] = {name: [] for name in _HELP}
    for sample in samples:
        by_name[sample.name].append(sample)
    lines = []
    for name, of_name in by_name.items():
        if of_name:
            lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge", *map(_line, of_name)]
    return "".join(f"{line}\n" for line in lines)


def _line(sample: Sample) -> str:
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
    value = int(sample.value) if float(sample.value).is_integer() else sample.value
    return f"{sample.name}{{{labels}}} {value}" if labels else f"{sample.name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
