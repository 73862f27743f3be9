"""How inputs are declared and checked: what is wrong with a value, how it is kept, how it travels, and when two are the
same."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final, Literal

from . import api_services  # noqa: F401  (makes the messages' limits known)
from .durations import format_go_duration, format_json_duration, parse_go_duration
from .errors import Problem
from .limits import field_violations
from .marks import LABELS, without_labels
from .properties import UNKNOWN, PlainValue, Properties, is_unknown
from .shown import quoted

_KINDS: Final = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "a map"}
_MEMBER: Final = re.compile(r"[^:\s]+:\S+")


@dataclass(frozen=True)
class Change:
    """One difference: `kind` as Pulumi shows it; `is_input` False where an output changes though no input did."""

    kind: Literal["add", "update", "delete"] = "update"
    replace: bool = False
    is_input: bool = True


@dataclass(frozen=True)
class InputField:
    """One input: a text, unless a subclass says otherwise. What has a default is never left out.

    limits: the message of the API whose field, named as the input in snake case or by `limited_as`, says what is
    allowed.
    """

    name: str
    limits: str = ""
    limited_as: str = ""
    required: bool = False
    replaces: bool = False
    default: PlainValue = None
    accepted: ClassVar[type] = str
    accepted_in_words: ClassVar[str] = "a string"

    @property
    def proto(self) -> str:
        """The field's name in the API: `kms_key_id` for `kmsKeyId`."""
        return re.sub(r"(?<!^)([A-Z])", lambda letter: f"_{letter[0].lower()}", self.name)

    def checked(self, value: object) -> tuple[Any, list[Problem]]:
        """`value` as the state is to hold it, and what is wrong with it. An unknown value passes."""
        return value, [] if value is UNKNOWN else list(self.problems(value))

    def missing(self) -> Iterator[Problem]:
        """What is wrong where no value is given."""
        if self.required:
            yield self.name, "is required"

    def problems(self, value: object) -> Iterator[Problem]:
        """What is wrong with `value`, which is known. No reason repeats the value: it may be a secret."""
        if isinstance(value, self.accepted):
            yield from self.broken_rules(value)
        else:
            yield self.name, _must_be(self.accepted_in_words, value)

    def broken_rules(self, value: Any) -> Iterator[Problem]:
        """What is wrong with a value of the type that is `accepted`."""
        return self.limit_problems(value)

    def limit_problems(self, value: object) -> Iterator[Problem]:
        """Which of the API's own limits `value` breaks."""
        if not self.limits:
            return
        for reason in field_violations(self.limits, self.limited_as or self.proto, value):
            where, bracket, rest = reason.partition("]: ")
            inside = bool(bracket) and where.startswith("[")
            yield (f"{self.name}{where}]", rest) if inside else (self.name, reason)

    def to_cloud(self, value: PlainValue) -> PlainValue:
        """`value` for a request; None leaves the field out."""
        return value

    def from_cloud(self, answer: Mapping[str, Any]) -> PlainValue:
        """The value in the API's `answer`; None where it has none."""
        return answer.get(self.proto)

    def same(self, one: object, other: object) -> bool:
        """Whether the cloud takes both for the same. What isn't given, an empty text, an empty map and `false` are; an
        unknown value is like none."""
        return not is_unknown(one) and not is_unknown(other) and (one or None) == (other or None)

    def changes(self, had: object, wanted: object) -> dict[str, Change]:
        """The difference between two values of this input, by property path; empty where they are the same."""
        if self.same(had, wanted):
            return {}
        # An empty text or map in the state is none at all, see `empty`, but for what has a default.
        before, after = (None if self.default is None and value in ("", {}) else value for value in (had, wanted))
        return {self.name: change(before, after, self.replaces)}

    def empty(self) -> PlainValue:
        """What the state holds where there is no value: an output that is left out is unknown to programs in a preview.
        None: nothing."""
        return ""


@dataclass(frozen=True)
class Rule(InputField):
    """A value with which `judge` finds nothing wrong: it says what is, or None."""

    judge: Callable[[object], str | None] = lambda value: None

    def missing(self) -> Iterator[Problem]:
        if self.required:
            yield from self.problems(None)

    def problems(self, value: object) -> Iterator[Problem]:
        if wrong := self.judge(value):
            yield self.name, wrong


@dataclass(frozen=True)
class TextSet(InputField):
    """A set of texts of one form: neither order nor copies make a difference, and the state holds them in order.

    is_item: whether a text has the form; not_an_item, not_a_list: what is said of what isn't, or of a list that lacks
    what is `required`.
    """

    is_item: Callable[[str], bool] = lambda text: True
    not_an_item: str = ""
    not_a_list: str = ""

    def checked(self, value: object) -> tuple[Any, list[Problem]]:
        problems = [] if is_unknown(value) else list(self.problems(value))
        if problems or is_unknown(value) or not isinstance(value, list):
            return value, problems
        return sorted(set(value)), problems

    def missing(self) -> Iterator[Problem]:
        if self.required:
            yield self.name, self.not_a_list

    def problems(self, value: object) -> Iterator[Problem]:
        if not isinstance(value, list) or (self.required and not value):
            yield self.name, self.not_a_list
            return
        wrong = [index for index, item in enumerate(value) if not (isinstance(item, str) and self.is_item(item))]
        yield from ((f"{self.name}[{index}]", self.not_an_item) for index in wrong)
        if not wrong:
            yield from self._limit_problems_of(value)

    def same(self, one: object, other: object) -> bool:
        return not is_unknown(one) and not is_unknown(other) and in_order(one) == in_order(other)

    def _limit_problems_of(self, given: list[str]) -> Iterator[Problem]:
        """The API's limits on the set, each broken one at its place in the list as it was given."""
        unique = sorted(set(given))
        for path, reason in self.limit_problems(unique):
            index = path.removeprefix(self.name).strip("[]")
            yield f"{self.name}[{given.index(unique[int(index)])}]" if index else self.name, reason


@dataclass(frozen=True)
class Object(InputField):
    """A map of inputs of its own; `kind` is what messages call the resource, `not_an_object` what is said of another
    thing."""

    parts: tuple[InputField, ...] = ()
    kind: str = ""
    not_an_object: str = ""

    def checked(self, value: object) -> tuple[Any, list[Problem]]:
        if value is UNKNOWN:
            return value, []
        if not isinstance(value, Mapping):
            return value, [(self.name, self.not_an_object)]
        inner, problems = checked(self.parts, value, self.kind, lists_names=False)
        return inner, [(f"{self.name}.{path}", reason) for path, reason in problems]


@dataclass(frozen=True)
class Objects(InputField):
    """A list of at most `most` maps, each as `each` checks it; their order makes no difference to what is done, and a
    change of it is one."""

    each: Object = Object("")
    most: int = 100
    not_a_list: str = ""

    def checked(self, value: object) -> tuple[Any, list[Problem]]:
        if value is UNKNOWN:
            return value, []
        if not isinstance(value, list):
            return value, [(self.name, self.not_a_list)]
        if len(value) > self.most:
            return value, [(self.name, f"has {len(value)} items, the limit is {self.most}")]
        found = [self.each.checked(item) for item in value]
        paths = [
            (f"{self.name}[{index}]{path.removeprefix(self.each.name)}", reason)
            for index, (_, problems) in enumerate(found)
            for path, reason in problems
        ]
        return [item for item, _ in found], paths


@dataclass(frozen=True)
class Choice(InputField):
    """A text that is one of `names`: those of an enumeration of the API."""

    names: tuple[str, ...] = ()

    def broken_rules(self, value: str) -> Iterator[Problem]:
        if value not in self.names:
            yield self.name, f"is not one that the cloud knows{name_meant(value.upper(), self.names)}"


class Switch(InputField):
    """A boolean."""

    accepted = bool
    accepted_in_words = "true or false"

    def empty(self) -> PlainValue:
        return False

    def from_cloud(self, answer: Mapping[str, Any]) -> PlainValue:
        return bool(answer.get(self.proto, False))


class Period(InputField):
    """A duration as Go writes it, `8760h`; two texts for the same time are the same."""

    accepted_in_words = "a string such as 8760h"

    def broken_rules(self, value: str) -> Iterator[Problem]:
        try:
            nanoseconds = parse_go_duration(value)
        except ValueError as error:
            yield self.name, str(error)
            return
        yield from self.limit_problems(timedelta(microseconds=nanoseconds / 1000))

    def to_cloud(self, value: PlainValue) -> PlainValue:
        return format_json_duration(parse_go_duration(value)) if isinstance(value, str) and value else None

    def from_cloud(self, answer: Mapping[str, Any]) -> PlainValue:
        nanoseconds = _nanoseconds(answer.get(self.proto))
        return format_go_duration(nanoseconds) if nanoseconds else None

    def same(self, one: object, other: object) -> bool:
        return super().same(one, other) or (
            isinstance(one, str) and isinstance(other, str) and _nanoseconds(one) == _nanoseconds(other) != 0
        )


class Labels(InputField):
    """A map from text to text; what marks a resource as ours is neither taken from the user nor shown."""

    accepted = Mapping
    accepted_in_words = "a map of strings"

    def empty(self) -> PlainValue:
        return {}

    def broken_rules(self, value: Mapping[str, Any]) -> Iterator[Problem]:
        known = {key: text for key, text in value.items() if not is_unknown(text)}
        texts = {key: text for key, text in known.items() if isinstance(text, str)}
        yield from ((f"{self.name}[{key}]", _must_be("a string", known[key])) for key in known if key not in texts)
        yield from (
            (f"{self.name}[{key}]", "is set by the provider itself: choose another key")
            for key in LABELS
            if key in value
        )
        room = dict.fromkeys([*(key for key in value if key not in texts), *LABELS], "")
        for path, reason in self.limit_problems({**room, **texts}):
            counted = f"; {len(LABELS)} of them are the provider's own" if path == self.name else ""
            yield path, reason + counted

    def from_cloud(self, answer: Mapping[str, Any]) -> PlainValue:
        return without_labels(answer.get(self.proto, {})) or None

    def changes(self, had: object, wanted: object) -> dict[str, Change]:
        if self.same(had, wanted):
            return {}
        before, after = had or {}, wanted or {}
        if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
            return {self.name: change(had, wanted, self.replaces)}
        keys = sorted({*before, *after})
        return {
            f"{self.name}.{key}": change(before.get(key), after.get(key), self.replaces)
            for key in keys
            if before.get(key) != after.get(key)
        }


class Member(InputField):
    """Who gets a role: `<type>:<id>`, such as `serviceAccount:aje…`; a subject of `yandex.cloud.access`."""

    def broken_rules(self, value: str) -> Iterator[Problem]:
        if not _MEMBER.fullmatch(value):
            yield self.name, "must be <type>:<id> without spaces, such as serviceAccount:ajexxxxxxxxxxxxxxxxx"
            return
        kind, _, subject = value.partition(":")
        for part, text in (("type", kind), ("id", subject)):
            for reason in field_violations("yandex.cloud.access.Subject", part, text):
                yield self.name, f"its {part} {reason}"


def checked(
    fields: tuple[InputField, ...], given: Mapping[str, object], kind: str, *, lists_names: bool = True
) -> tuple[Properties, list[Problem]]:
    """`given` as the state is to hold it, with every default filled in, and all that is wrong with it.

    `kind` is the type's name for messages, which list all names for one that is like none of them, where `lists_names`.
    Names that begin with `__` are the engine's or the bridge's own, and are dropped. Nulls are values that are not
    given.
    """
    names = [field.name for field in fields]
    inputs = {name: value for name, value in given.items() if value is not None and not name.startswith("__")}
    unnamed = [name for name in sorted(inputs) if name not in names]
    problems = [
        (quoted_name(name), f"is not an input of {kind}{name_meant(name, names, lists_names)}") for name in unnamed
    ]
    for field in fields:
        value = inputs.setdefault(field.name, field.default)
        if value is None:
            del inputs[field.name]
            problems.extend(field.missing())
        else:
            inputs[field.name], wrong = field.checked(value)
            problems.extend(wrong)
    return inputs, problems


def defaults(fields: tuple[InputField, ...]) -> Properties:
    """What the inputs are that nobody gives, as far as they have a default."""
    return checked(tuple(field for field in fields if field.default is not None), {}, "")[0]


def changes(fields: tuple[InputField, ...], state: Properties, inputs: Properties) -> dict[str, Change]:
    """Every difference between what the state holds and what is wanted, by property path."""
    found: dict[str, Change] = {}
    for field in fields:
        found |= field.changes(state.get(field.name), inputs.get(field.name))
    return found


def change(had: object, wanted: object, replace: bool) -> Change:
    """The change from `had` to `wanted`, either of which may be missing."""
    return Change("add" if had is None else "delete" if wanted is None else "update", replace=replace)


def _nanoseconds(text: object) -> int:
    """0 where `text` is no duration."""
    try:
        return parse_go_duration(text) if isinstance(text, str) else 0
    except ValueError:
        return 0


def _must_be(what: str, value: object) -> str:
    return f"must be {what}, not {_KINDS.get(type(value), 'an asset or a resource')}"


def in_order(items: object) -> list[Any]:
    """The items of a set, which properties hold as a list; none where it isn't given."""
    return sorted(items) if isinstance(items, Iterable) else []


def name_meant(name: str, names: Sequence[str], lists_names: bool = True) -> str:
    """What to say behind that there is no `name`: the one of `names` that was meant, or, where `lists_names`, which
    there are."""
    close = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(names)}" if lists_names else ""


def quoted_name(name: str) -> str:
    """A name for a path: quoted where it could not be read on a line."""
    return name if name and name.isprintable() else quoted(name)
