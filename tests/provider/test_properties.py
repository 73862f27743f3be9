"""What the wire carries, as plain values: read directly, and as the SDK reads it."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct, Value
from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_ON_THE_WIRE

from provider.yandex_keys.properties import UNKNOWN, has_marks, plain, read, secrets_in, write

_TEXTS = st.text() | st.just(UNKNOWN_ON_THE_WIRE)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.text(), _VALUES, max_size=4))
def test_what_is_read_directly_is_what_the_sdk_reads(values: dict[str, Any]) -> None:
    message = Struct()
    message.update(values)
    assert not has_marks(message)
    found, expected = read(message), plain(PropertyValue.unmarshal_map(message))
    assert found == expected
    assert repr(found) == repr(expected)  # 1 is not True, and not 1.0


@given(st.dictionaries(st.text(), _VALUES, min_size=1, max_size=4), st.data())
def test_what_is_written_is_what_the_sdk_writes(values: dict[str, Any], data: st.DataObject) -> None:
    names = frozenset(data.draw(st.sets(st.sampled_from(sorted(values)))))
    message = write({name: _known(value) for name, value in values.items()}, names)
    as_sdk = {name: _sdk_value(value, name in names) for name, value in values.items() if value is not None}
    assert message == PropertyValue.marshal_map(as_sdk)


@given(st.dictionaries(st.text(), _VALUES, min_size=1, max_size=4), st.data())
def test_secrets_are_unwrapped_and_seen(values: dict[str, Any], data: st.DataObject) -> None:
    names = frozenset(data.draw(st.sets(st.sampled_from(sorted(values)))))
    message = write({name: _known(value) for name, value in values.items()}, names)
    given_secrets = {name for name in names if values[name] is not None}
    assert has_marks(message) == bool(given_secrets)
    assert secrets_in(message) == given_secrets
    assert read(message) == plain(PropertyValue.unmarshal_map(message))


def test_a_value_of_no_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind"):
        read(Struct(fields={"a": Value()}))


def _known(value: Any) -> Any:
    """With UNKNOWN for the engine's mark, wherever it is."""
    if isinstance(value, dict):
        return {name: _known(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_known(item) for item in value]
    return UNKNOWN if value == UNKNOWN_ON_THE_WIRE else value


def _sdk_value(value: Any, is_secret: bool = False) -> PropertyValue:
    if isinstance(value, dict):
        inner = PropertyValue({name: _sdk_value(item) for name, item in value.items() if item is not None})
    elif isinstance(value, list):
        inner = PropertyValue([_sdk_value(item) for item in value])
    elif isinstance(value, int) and not isinstance(value, bool):
        inner = PropertyValue(float(value))
    else:
        inner = PropertyValue(value)
    return inner.with_secret(True) if is_secret else inner
