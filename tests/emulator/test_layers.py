"""The emulator's rules know of no transport, and its transport of no web."""

from __future__ import annotations

import pytest

from tests.test_architecture import files, imports

_BELOW = {
    "emulator/state": ("emulator.transport", "emulator.web", "emulator.server"),
    "emulator/transport": ("emulator.web", "emulator.server"),
    "emulator/web": ("emulator.server",),
}


@pytest.mark.parametrize("layer", sorted(_BELOW))
def test_a_layer_imports_nothing_of_those_above(layer: str) -> None:
    upward = [(path.name, name) for path in files(layer) for name in imports(path) if name.startswith(_BELOW[layer])]
    assert upward == []
