"""What an audit is judged by: limits, severities and suppressions, from `yckeys.yaml` in the project's folder; sane without it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from cli.borrowed import parse_duration
from cli.exit_codes import WrongUse
from cli.findings import RULES, Finding, Severity

FILE: Final = "yckeys.yaml"


def _known_rule(name: str) -> str:
    if name not in RULES:
        raise ValueError(f"{name!r} is no rule; rules: {', '.join(RULES)}")
    return name


def _day(value: object) -> object:
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("write a day such as 2026-12-31")


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
RuleName = Annotated[str, AfterValidator(_known_rule)]
# YAML reads a bare `off` as false.
Severities = Annotated[
    Literal["error", "warning", "note", "off"], BeforeValidator(lambda value: "off" if value is False else value)
]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Limits(_Written):
    """The figures of rules."""

    lifetime: Duration = timedelta(days=365)
    """long-lifetime: how long a key may live."""
    unused: Duration = timedelta(days=90)
    """unused: after how long without a use."""
    overdue: Duration | None = None
    """overdue: how long a rotation may be due; by default two runs (`yandex-keys:runEvery`)."""
    api_keys: Annotated[int, Field(ge=1)] | None = None
    """quota: how many keys the cloud allows; by default what it says itself, else the documented 1,000."""
    service_accounts: Annotated[int, Field(ge=1)] | None = None
    """quota: how many service accounts; by default as it says, else the documented 100."""
    secrets: Annotated[int, Field(ge=1)] | None = None
    """quota: how many Lockbox secrets; by default as it says, else the documented 10,000."""
    horizon: Duration = timedelta(days=30)
    """quota: how far ahead the peak of live keys is looked for."""


class Suppression(_Written):
    """Findings that don't count, why, and until when: a suppression without an end is forgotten."""

    rule: RuleName
    subject: Annotated[str, Field(min_length=1)]
    """The finding's subject, as the audit prints it; `*` stands for anything."""
    why: Annotated[str, Field(min_length=1)]
    until: Annotated[date, BeforeValidator(_day)]
    """The last day on which it holds, in UTC."""

    def holds_for(self, finding: Finding) -> bool:
        """Whether it is about that finding, whenever."""
        return finding.rule.name == self.rule and fnmatchcase(finding.subject, self.subject)


class AuditSettings(_Written):
    """The config file."""

    limits: Limits = Limits()
    severities: dict[RuleName, Severities] = {}
    suppressions: tuple[Suppression, ...] = ()

    def severity_of(self, name: str) -> Severity | None:
        """How bad a rule's findings are; None where the rule is off."""
        chosen = self.severities.get(name)
        if chosen == "off":
            return None
        return Severity(chosen) if chosen else RULES[name].severity


def audit_settings(file: Path, required: bool) -> AuditSettings:
    """The settings in `file`; the defaults where there is none, unless it is `required`. Raises WrongUse with every problem at once."""
    try:
        written = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise WrongUse(f"--config {file}: there is no such file") from None
        return AuditSettings()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongUse(f"{file}: can't be read as YAML: {' '.join(str(error).split())[:200]}") from None
    if written is None:
        return AuditSettings()
    try:
        return AuditSettings.model_validate(written if isinstance(written, Mapping) else {"": written})
    except ValidationError as error:
        problems = [f"{_path(flaw['loc'])}: {_words(flaw)}" for flaw in error.errors(include_url=False)]
        raise WrongUse("\n  ".join([f"{file} can't be used:", *problems])) from None


def _path(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location if step != "[key]")
    return path.removeprefix(".") or "the file"


def _words(flaw: ErrorDetails) -> str:
    if flaw["type"] == "extra_forbidden":
        return "unknown setting"
    return str(flaw["msg"]).removeprefix("Value error, ")
