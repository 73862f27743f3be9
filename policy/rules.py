"""The policies: what each is about, what may be set of it, and what it finds wrong with a resource (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

from policy.project_rules import format_duration, parse_duration, scopes_for
from policy.settings import EVERY, STACKS, Setting, Written, values

API_KEY: Final = "yandex-keys:index:ApiKey"
SECRET: Final = "yandex-keys:index:LockboxSecret"
READER: Final = "yandex-keys:index:LockboxSecretIamMember"
ACCOUNT: Final = "yandex-keys:index:ServiceAccountKeys"
OWNER: Final = "owner"

Properties = Mapping[str, object]
Settings = Mapping[str, Sequence[str]]
"""What counts of a policy's settings, defaults filled in."""
Judge = Callable[[Properties, Settings, str], Iterator[str]]
"""From a resource's inputs, the policy's settings and the stack's name to what is wrong and what would be right."""


@dataclass(frozen=True)
class Rule:
    """One policy. about: one sentence of what holds; judges: by the type of a resource, who judges it."""

    name: str
    about: str
    judges: Mapping[str, Judge]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    stacks: tuple[str, ...] = EVERY

    def all_settings(self) -> dict[str, Setting]:
        """Its settings, and the one that every policy has."""
        words = "Patterns of the names of the stacks that the policy is held to."
        return {**self.settings, STACKS: Setting("patterns", self.stacks, words)}

    def violations(self, kind: str, properties: Properties, written: Written, stack: str) -> Iterator[str]:
        """What is wrong with a resource of that type, in a stack of that name, by settings as they are written."""
        judge = self.judges.get(kind)
        if judge is None:
            return
        settings = {name: values(setting, name, written) for name, setting in self.all_settings().items()}
        if matches(stack, settings[STACKS]):
            yield from judge(properties, settings, stack)


def stack_of(urn: str) -> str:
    """The name of the stack that a resource is in."""
    return urn.partition("::")[0].rpartition(":")[2]


def matches(text: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns is for the whole text; `*` stands for any letters."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _too_long_a_life(properties: Properties, settings: Settings, stack: str) -> Iterator[str]:
    (longest,) = settings["lifetime"]
    lifetime = parse_duration(properties.get("lifetime"))
    if lifetime > parse_duration(longest):
        yield (
            f"lifetime {format_duration(lifetime)} is longer than {longest}: "
            f"write lifetime {longest} or less, with rotateEvery + overlap within it"
        )


def _delivered_as_output(properties: Properties, settings: Settings, stack: str) -> Iterator[str]:
    if properties.get("exposeSecret"):
        yield (
            f"its secret is an output of stack {stack}, and in that stack's state: "
            "deliver to Lockbox (`deliver: lockbox`; in a program `lockbox` without `exposeSecret`)"
        )


def _secret_without_owner(properties: Properties, settings: Settings, stack: str) -> Iterator[str]:
    labels = properties.get("labels")
    owner = labels.get(OWNER) if isinstance(labels, Mapping) else None
    if not owner:
        yield f"no one answers for the keys of this Lockbox secret: name their owner (label `{OWNER}`)" + _allowed(
            settings
        )
    else:
        yield from _owner_not_allowed(str(owner), settings)


def _account_without_owner(properties: Properties, settings: Settings, stack: str) -> Iterator[str]:
    """Also of keys that no Lockbox secret holds, whose labels would say it."""
    owners = properties.get("owners")
    named = {str(owner) for owner in owners.values()} if isinstance(owners, Mapping) else set()
    if isinstance(properties.get(OWNER), str):
        named.add(str(properties[OWNER]))
    if not named:
        yield "no one answers for the keys of this account: name its `owner`" + _allowed(settings)
    for owner in sorted(named):
        yield from _owner_not_allowed(owner, settings)


def _owner_not_allowed(owner: str, settings: Settings) -> Iterator[str]:
    if not matches(owner, settings["owners"]):
        yield f"owner {owner!r} is none that policy allows: name another one" + _allowed(settings)


def _allowed(settings: Settings) -> str:
    owners = settings["owners"]
    return "" if tuple(owners) == EVERY else f", one of {', '.join(owners)}"


def _scope_not_allowed(properties: Properties, settings: Settings, stack: str) -> Iterator[str]:
    scopes, services = settings["scopes"], settings["services"]
    if not scopes and not services:
        return
    allowed = {*scopes, *scopes_for(services)}
    for scope in _texts(properties.get("scopes")):
        if not matches(scope, sorted(allowed)):
            by = [
                *(["services " + ", ".join(services)] if services else []),
                *(["scopes " + ", ".join(scopes)] if scopes else []),
            ]
            yield f"scope {scope} is not allowed: take it out; allowed are {' and '.join(by)}"


def _reader_not_allowed(properties: Properties, settings: Settings, stack: str) -> Iterator[str]:
    readers = settings["readers"]
    if tuple(readers) == EVERY:
        return  # and what isn't known yet needn't be
    member = str(properties.get("member"))
    if not matches(member, readers):
        yield f"{member} may not read it: take it out of `readers`; allowed are {', '.join(readers) or 'none'}"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from (str(each) for each in value)


_RULES: Final = (
    Rule(
        "maximum-lifetime",
        "No API key lives longer than the policy says.",
        {API_KEY: _too_long_a_life},
        {"lifetime": Setting("duration", ("90d",), "The longest lifetime that a key may have, such as 90d or 36h.")},
    ),
    Rule(
        "no-output-delivery",
        "In production an API key's secret goes to Lockbox and nowhere else.",
        {API_KEY: _delivered_as_output},
        stacks=("prod", "prod-*", "*-prod"),
    ),
    Rule(
        "owner-required",
        "Somebody answers for every API key.",
        {SECRET: _secret_without_owner, ACCOUNT: _account_without_owner},
        {"owners": Setting("patterns", EVERY, "Patterns of the owners that may be named.")},
    ),
    Rule(
        "allowed-scopes",
        "An API key has no scope but those that the policy allows.",
        {API_KEY: _scope_not_allowed},
        {
            "scopes": Setting(
                "patterns", (), "Patterns of the scopes that a key may have; with neither these nor services, any."
            ),
            "services": Setting("services", (), "Services of the catalogue whose scopes a key may have."),
        },
    ),
    Rule(
        "allowed-readers",
        "Nobody reads an API key in Lockbox but those that the policy allows.",
        {READER: _reader_not_allowed},
        {"readers": Setting("patterns", EVERY, "Patterns of the members that may read, such as serviceAccount:*.")},
    ),
)
RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.name: rule for rule in _RULES})
"""Every policy of the pack by its name."""
