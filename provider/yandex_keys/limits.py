"""The API's own limits: what Yandex Cloud's descriptors allow in each field of a request.

The limits are options on the proto fields (`yandex.cloud.validation_pb2`): required, length, pattern, size, value,
unique, map_key, bytes and exactly_one. They are read from there, for every message, so nobody has to copy a figure.
Reasons never repeat the value: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from yandex.cloud import validation_pb2 as options

from .durations import UNITS
from .errors import Problem

_NUMBER: Final = r"-?\d+(?:\.\d+)?[smhd]?"
_MOMENT: Final = r"\d{8}T\d{6}(?:\.\d+)?"
_BETWEEN: Final = re.compile(rf"({_MOMENT}|{_NUMBER})-({_MOMENT}|{_NUMBER})")
_AGAINST: Final = re.compile(rf"(<=|>=|<|>)({_NUMBER})")


@dataclass(frozen=True)
class Range:
    """What is allowed, as numbers: counts as they are, durations in seconds, moments in seconds since 1970 (UTC)."""

    text: str
    """As it is best shown to a person."""
    low: float = float("-inf")
    high: float = float("inf")
    above: bool = False
    """`low` itself is too little."""
    below: bool = False
    """`high` itself is too much."""
    choices: frozenset[str] = frozenset()

    def holds(self, value: object) -> bool:
        """Whether `value`, a number (or one of the choices), is allowed."""
        if self.choices:
            return str(value) in self.choices
        number = float(value)  # type: ignore[arg-type]
        if number < self.low or number > self.high:
            return False
        return not (self.above and number == self.low) and not (self.below and number == self.high)

    def words(self, unit: str) -> str:
        """The range of a count in words, ready for "… allowed": `at most 256 are`."""
        plural = f"{unit}s"
        if self.choices:
            return f"{' or '.join(sorted(self.choices))} {plural} are"
        low = int(self.low) + self.above if self.low != float("-inf") else 0
        high = int(self.high) - self.below if self.high != float("inf") else None
        if high is None:
            return f"at least {low} {unit if low == 1 else plural} {'is' if low == 1 else 'are'}"
        if low <= 0:
            return f"at most {high} {'is' if high == 1 else 'are'}"
        return f"exactly {low} {'is' if low == 1 else 'are'}" if low == high else f"{low} to {high} are"


class FieldLimits(NamedTuple):
    """The options of one field, read once."""

    required: bool
    length: Range | None
    size: Range | None
    bytes: Range | None
    value: Range | None
    pattern: re.Pattern[str] | None
    unique: bool
    key_length: Range | None
    key_pattern: re.Pattern[str] | None
    key_value: Range | None


_ENUM, _STRING, _BYTES = FieldDescriptor.TYPE_ENUM, FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES
_SCALAR_WRAPPERS = {
    f"google.protobuf.{name}Value" for name in ("Int64", "UInt64", "Int32", "UInt32", "Double", "Float")
}


def violations(message: Message) -> list[Problem]:
    """Every limit that `message`, or a message in it, breaks; empty when all is well.

    In an update request, a field that its `update_mask` leaves out isn't missed (the cloud doesn't look at it), but
    what is given is judged all the same.
    """
    return list(_of_message(message, ""))


def field_violations(message_name: str, field_name: str, value: object) -> list[str]:
    """What is wrong with `value` for one field, e.g. of `yandex.cloud.iam.v1.CreateApiKeyRequest` its `description`.

    Lists, mappings, `datetime` and `timedelta` (UTC) are taken as the proto classes take them; None is an unset field.
    Raises KeyError when there is no such message or field: the module that defines the message has to be imported.
    """
    descriptor = descriptor_pool.Default().FindMessageTypeByName(message_name)
    if field_name not in descriptor.fields_by_name:
        raise KeyError(f"{message_name} has no field {field_name}")
    field = descriptor.fields_by_name[field_name]
    try:
        message = message_factory.GetMessageClass(descriptor)(**{field_name: value})
    except (TypeError, ValueError) as error:
        return [f"can't be sent: {_kind_of_mistake(error)}"]
    found = _of_field(message, field, "", judge_missing=True)
    prefix = len(field_name)
    return [f"{where[prefix:].lstrip('.')}: {reason}" if where[prefix:] else reason for where, reason in found]


def _kind_of_mistake(error: Exception) -> str:
    """Why the proto class refused a value, without the value."""
    if isinstance(error, UnicodeError):
        return "the text isn't valid Unicode"
    return "the value has the wrong type" if isinstance(error, TypeError) else "the value is out of range"


def _of_message(message: Message, prefix: str) -> Iterator[Problem]:
    mask = _masked_fields(message)
    for field in message.DESCRIPTOR.fields:
        left_out = mask is not None and field.name not in mask
        yield from _of_field(message, field, prefix, judge_missing=not left_out)
    for oneof in message.DESCRIPTOR.oneofs:
        if oneof.GetOptions().Extensions[options.exactly_one] and message.WhichOneof(oneof.name) is None:
            names = ", ".join(field.name for field in oneof.fields)
            yield (f"{prefix}{oneof.name}", f"exactly one of {names} has to be given")


def _masked_fields(message: Message) -> set[str] | None:
    """The fields that an update names, with the one that says what to update; None where there is no mask."""
    fields = message.DESCRIPTOR.fields_by_name
    if "update_mask" not in fields or not getattr(message, "update_mask").paths:  # noqa: B009  (no static type)
        return None
    named = {path.split(".")[0] for path in getattr(message, "update_mask").paths}  # noqa: B009
    return named | {message.DESCRIPTOR.fields[0].name, *(name for name in fields if name.endswith("_id"))}


def _of_field(message: Message, field: Any, prefix: str, *, judge_missing: bool) -> Iterator[Problem]:
    limits = limits_of(field)
    path = f"{prefix}{field.name}"
    value = getattr(message, field.name)
    if not _is_given(message, field, value):
        if judge_missing and limits.required:
            yield (path, "is required")
        elif judge_missing and field.is_repeated and limits.size and not limits.size.holds(0):
            yield (path, f"has no elements; {limits.size.words('element')} allowed")
        return
    if _is_map(field):
        yield from _of_map(value, field, limits, path)
    elif field.is_repeated:
        yield from _of_list(value, field, limits, path)
    else:
        yield from _of_value(value, field, limits, path)


def _is_given(message: Message, field: FieldDescriptor, value: Any) -> bool:
    if field.is_repeated:
        return len(value) > 0
    return message.HasField(field.name) if field.has_presence else bool(value)


def _of_map(value: Mapping[Any, Any], field: FieldDescriptor, limits: FieldLimits, path: str) -> Iterator[Problem]:
    if limits.size and not limits.size.holds(len(value)):
        yield (path, f"has {len(value)} elements; {limits.size.words('element')} allowed")
    value_field = _message_type(field).fields_by_name["value"]
    for key in sorted(value):
        where = f"{path}[{key}]"
        if limits.key_pattern and not limits.key_pattern.fullmatch(str(key)):
            yield (where, f"the key has to match {limits.key_pattern.pattern}")
        if limits.key_length and not limits.key_length.holds(len(str(key))):
            yield (where, f"the key is {len(str(key))} characters long; {limits.key_length.words('character')} allowed")
        if limits.key_value and not limits.key_value.holds(key):
            yield (where, f"the key isn't one that is allowed: {limits.key_value.text}")
        yield from _of_value(value[key], value_field, limits, where)


def _of_list(values: Any, field: FieldDescriptor, limits: FieldLimits, path: str) -> Iterator[Problem]:
    if limits.size and not limits.size.holds(len(values)):
        yield (path, f"has {len(values)} elements; {limits.size.words('element')} allowed")
    first_at: dict[Any, int] = {}
    for index, value in enumerate(values):
        key = value.SerializeToString(deterministic=True) if isinstance(value, Message) else value
        if limits.unique and key in first_at:
            yield (f"{path}[{index}]", f"is the same as [{first_at[key]}]; elements have to differ")
        first_at.setdefault(key, index)
        yield from _of_value(value, field, limits, f"{path}[{index}]")


def _of_value(value: Any, field: FieldDescriptor, limits: FieldLimits, path: str) -> Iterator[Problem]:
    if field.type in (_STRING, _BYTES):
        unit = "character" if field.type == _STRING else "byte"
        if limits.length and not limits.length.holds(len(value)):
            yield (path, f"is {len(value)} {unit}s long; {limits.length.words(unit)} allowed")
        if limits.pattern and field.type == _STRING and not limits.pattern.fullmatch(value):
            yield (path, f"has to match {limits.pattern.pattern}")
    if limits.bytes:
        size = (
            value.ByteSize() if isinstance(value, Message) else len(value.encode() if isinstance(value, str) else value)
        )
        if not limits.bytes.holds(size):
            yield (path, f"is {size} bytes long; {limits.bytes.words('byte')} allowed")
    if limits.value and field.type != _ENUM:
        yield from _of_range(value, limits.value, path)
    if isinstance(value, Message) and value.DESCRIPTOR.full_name not in _SCALAR_WRAPPERS:
        yield from _of_message(value, f"{path}.")


def _of_range(value: Any, allowed: Range, path: str) -> Iterator[Problem]:
    plain = value
    if isinstance(value, Message):
        name = value.DESCRIPTOR.full_name
        if name in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
            plain = value.seconds + value.nanos / 1e9  # type: ignore[attr-defined]
        elif name in _SCALAR_WRAPPERS:
            plain = value.value  # type: ignore[attr-defined]
        else:
            return
    if not allowed.holds(plain):
        yield (path, f"is out of range; allowed: {allowed.text}")


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _message_type(field: FieldDescriptor) -> Descriptor:
    assert field.message_type is not None
    return field.message_type


@cache
def limits_of(field: FieldDescriptor) -> FieldLimits:
    """All limits of one field. Raises ValueError for an option in a form that is not known."""
    given = field.GetOptions().Extensions
    key = given[options.map_key]
    return FieldLimits(
        required=given[options.required],
        length=parse_range(given[options.length]),
        size=parse_range(given[options.size]),
        bytes=parse_range(given[options.bytes]),
        value=parse_range(given[options.value]),
        pattern=_pattern(given[options.pattern]),
        unique=given[options.unique],
        key_length=parse_range(key.length),
        key_pattern=_pattern(key.pattern),
        key_value=parse_range(key.value),
    )


def _pattern(text: str) -> re.Pattern[str] | None:
    return re.compile(text, re.ASCII) if text else None


def parse_range(text: str) -> Range | None:
    """What an option's text means: `<=256`, `1-100`, `>0`, `1,2,4`, `1s-24h`, `19700101T000000.0-2105…`; None where
    there is no text.

    Raises ValueError for a form that isn't known.
    """
    if not text:
        return None
    if match := _AGAINST.fullmatch(text):
        sign, bound = match[1], _number(match[2])
        if sign.startswith("<"):
            return Range(text, high=bound, below=sign == "<")
        return Range(text, low=bound, above=sign == ">")
    if match := _BETWEEN.fullmatch(text):
        return Range(
            f"{_moment_in_words(match[1])} to {_moment_in_words(match[2])}",
            low=_number(match[1]),
            high=_number(match[2]),
        )
    parts = text.split(",")
    if len(parts) == 1 and re.fullmatch(_NUMBER, text):
        return Range(text, low=_number(text), high=_number(text))
    return Range(text.replace(",", ", "), choices=frozenset(part.strip() for part in parts))


def _number(text: str) -> float:
    if "T" in text:
        return _moment(text).timestamp()
    if text[-1] in UNITS:
        return float(text[:-1]) * UNITS[text[-1]]
    return float(text)


def _moment(text: str) -> datetime:
    whole, _, fraction = text.partition(".")
    return datetime.strptime(f"{whole}.{(fraction or '0')[:6]}", "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)


def _moment_in_words(text: str) -> str:
    return _moment(text).strftime("%Y-%m-%dT%H:%M:%SZ") if "T" in text else text
