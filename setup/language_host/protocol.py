"""The SDK's generated classes for the engine's protocol, without the rest of the SDK.

The engine starts the host twice for each command, and the host itself never runs a program: loading the whole SDK, which
`pulumi/__init__.py` does, took two thirds of its start (0.3 s). `program.py`, which does run programs, loads it as usual.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def _without_contents(name: str) -> None:
    """Puts the package `name` in place so that its submodules can be imported, without running its `__init__.py`."""
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    package = ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules[name] = package


_without_contents("pulumi")
_without_contents("pulumi.runtime")

from pulumi._version import version as sdk_version  # noqa: E402
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2  # noqa: E402

__all__ = ["language_pb2", "language_pb2_grpc", "plugin_pb2", "sdk_version"]
