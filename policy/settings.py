"""What may be set of each policy in the pack's config file, and every mistake of one in a line of its own (pure).

The engine holds the file to each policy's schema, and looks no further: it takes a policy that there isn't, and a setting
that no policy has. By such a slip nothing would be held, and nobody would hear of it; so the pack refuses both.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from policy.project_rules import SERVICES, nearest, parse_duration

Kind = Literal["duration", "patterns", "services"]
Written = Mapping[str, object]
"""The settings of one policy, as the config file has them."""

STACKS: Final = "stacks"
EVERY: Final = ("*",)


@dataclass(frozen=True)
class Setting:
    """One setting of a policy. default: what counts where the file says nothing."""

    kind: Kind
    default: tuple[str, ...]
    words: str

    def schema(self) -> dict[str, object]:
        """What the engine holds it to, and Pulumi Cloud shows of it."""
        said = {"description": f"{self.words} Default: {', '.join(self.default) or 'none'}."}
        if self.kind == "duration":
            return {"type": "string", **said}
        return {"type": "array", "items": {"type": "string", "minLength": 1}, "uniqueItems": True, **said}


def values(setting: Setting, name: str, written: Written) -> tuple[str, ...]:
    """What counts of a setting: a duration is the one value."""
    found = written.get(name)
    if found is None:
        return setting.default
    return (found,) if isinstance(found, str) else tuple(str(each) for each in _listed(found))


def problems(config: Mapping[str, Written], policies: Mapping[str, Mapping[str, Setting]]) -> list[str]:
    """Every mistake in the config of the pack, with its place and what would be right."""
    return [line for name, written in config.items() for line in _problems_of(name, written, policies)]


def _problems_of(policy: str, written: Written, policies: Mapping[str, Mapping[str, Setting]]) -> Iterator[str]:
    if policy == "all":  # the engine's own word, for the level of every policy
        return
    if policy not in policies:
        yield f"{policy}: there is no such policy: {_did_you_mean(policy, policies)}"
        return
    settings = policies[policy]
    for name, value in written.items():
        if name not in settings:
            yield f"{policy}.{name}: there is no such setting: {_did_you_mean(name, settings)}"
        else:
            yield from (f"{policy}.{name}: {why}" for why in _problems_with(settings[name].kind, value))


def _problems_with(kind: Kind, value: object) -> Iterator[str]:
    if kind == "duration":
        try:
            parse_duration(value)
        except ValueError as error:
            yield str(error)
    elif kind == "services":
        for service in _listed(value):
            if service not in SERVICES:
                near = nearest(str(service))
                yield f"{service!r} is no service: " + (
                    f"did you mean {' or '.join(near)}?" if near else f"services: {', '.join(sorted(SERVICES))}"
                )


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, list | tuple) else ()


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
