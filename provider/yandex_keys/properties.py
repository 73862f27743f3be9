"""Pulumi's property values as plain Python values and back; but for components, nothing else in the provider knows
`PropertyValue`.

Numbers are floats in `PropertyValue` (an int raises), secretness is part of its equality: so plain values are compared,
here numbers that are whole become ints again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from google.protobuf.struct_pb2 import Struct, Value
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_ON_THE_WIRE

from .sdk_internals import SECRET_SIGNATURE, SIGNATURE_KEY

# What the SDK reads marked values by takes a tenth of the plugin's start, and most runs meet none.
if TYPE_CHECKING:
    from pulumi.provider.experimental.property_value import PropertyValue


class _Unknown:
    """A value that only an update will tell. Equal to nothing but itself, so that it always makes a difference."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = _Unknown()

PlainValue: TypeAlias = "bool | float | str | _Unknown | Sequence[PlainValue] | Mapping[str, PlainValue] | None"
"""A property's value: UNKNOWN, or something that holds it, in a preview alone."""
Properties = dict[str, Any]
"""A resource's properties: a PlainValue each. What a handler is given was checked by its fields, which say what each
is."""


def read(message: Struct) -> Properties:
    """The wire's properties as `plain` has them; without a PropertyValue of each, where none is a secret or the
    like."""
    if has_marks(message):
        from pulumi.provider.experimental.property_value import PropertyValue

        return plain(PropertyValue.unmarshal_map(message))
    return _read_fields(message)


def has_marks(message: Struct) -> bool:
    """Whether some value may be more than plain: a secret, an output with its dependencies, an asset, a reference.
    False is certain."""
    return SIGNATURE_KEY.encode() in message.SerializeToString()


def _read_fields(message: Struct) -> dict[str, PlainValue]:
    return {name: out for name, value in message.fields.items() if (out := _read(value)) is not None}


def _read(value: Value) -> PlainValue:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == UNKNOWN_ON_THE_WIRE else value.string_value
    if kind == "struct_value":
        return _read_fields(value.struct_value)
    if kind == "list_value":
        return [_read(item) for item in value.list_value.values]
    if kind == "number_value":
        return int(value.number_value) if value.number_value.is_integer() else value.number_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "null_value":
        return None
    raise ValueError(f"a property value of the kind {kind}")


def secrets_in(message: Struct) -> frozenset[str]:
    """The names of the properties that hold a secret."""
    if not has_marks(message):
        return frozenset()
    from pulumi.provider.experimental.property_value import PropertyValue

    return frozenset(name for name, value in PropertyValue.unmarshal_map(message).items() if value.contains_secret())


def plain(values: Mapping[str, PropertyValue]) -> Properties:
    """`values` without secretness and dependencies; nulls are left out, unknown values are UNKNOWN."""
    return {name: out for name, value in values.items() if (out := _plain(value)) is not None}


def _plain(value: PropertyValue) -> object:
    """An asset and the like stay what they are: the fields say that they take none."""
    from pulumi.provider.experimental.property_value import PropertyValueType

    inner = value.value
    # The SDK's unmarshal leaves the engine's mark for an unknown value as the plain text that it is (pulumi 3.259).
    if value.type == PropertyValueType.COMPUTED or inner == UNKNOWN_ON_THE_WIRE:
        return UNKNOWN
    if isinstance(inner, Mapping):
        return plain(inner)
    if isinstance(inner, (list, tuple)):
        return [_plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def write(values: Mapping[str, PlainValue], secrets: frozenset[str] = frozenset()) -> Struct:
    """`values` as they go over the wire; those named in `secrets` are marked secret. Nones are left out."""
    message = Struct()
    message.update(
        {
            name: {SIGNATURE_KEY: SECRET_SIGNATURE, "value": value} if name in secrets else value
            for name, value in _to_wire(values).items()
        }
    )
    return message


def _to_wire(value: PlainValue) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_ON_THE_WIRE
    if isinstance(value, Mapping):
        return {name: _to_wire(item) for name, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_to_wire(item) for item in value]
    return value


def is_unknown(value: object) -> bool:
    """True where `value` is, or holds, something that is not known yet."""
    if value is UNKNOWN:
        return True
    if isinstance(value, Mapping):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(is_unknown(item) for item in value)
    return False
