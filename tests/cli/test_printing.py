"""What is printed for other programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.printing import print_json

SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from(["events", "keys", "stacks"]), VALUE))
def test_json_is_written_as_python_writes_it(content: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        written: list[str] = []
        patch.setattr("sys.stdout.write", written.append)
        print_json("plan", datetime(2030, 1, 1, tzinfo=UTC), content)
    answer = {"version": 1, "command": "plan", "at": "2030-01-01T00:00:00Z", **content}
    assert "".join(written) == f"{json.dumps(answer, indent=2, ensure_ascii=False)}\n"
