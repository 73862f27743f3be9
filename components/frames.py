"""What is registered of the program's own stack: nothing.

Pulumi's SDK (3.259, runtime/resource.py) sends the whole Python stack with each resource, about 19 frames with the
paths of this machine's Python, and the engine keeps them in the state and compares them in every run: half of a state,
and a third of what a self-managed backend is written. No command shows them; whoever asks where an account was declared
looks into the stack file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from pulumi.runtime import resource as sdk
from pulumi.runtime.proto import source_pb2

_LEFT_OUT: Final = ContextVar("frames are left out", default=False)
_NAME: Final = "_get_stack_trace"
"""The SDK's function that collects frames. There is no public name or setting for it; where a release of the SDK has
none of that name, frames are registered as it does it."""


@contextmanager
def without_frames() -> Iterator[None]:
    """Resources that are declared meanwhile are registered without frames; those of anybody else keep theirs."""
    _listen()
    token = _LEFT_OUT.set(True)
    try:
        yield
    finally:
        _LEFT_OUT.reset(token)


def _listen() -> None:
    """Puts our word before the SDK's function. Doing it again changes nothing."""
    collect = getattr(sdk, _NAME, None)
    if collect is None or getattr(collect, "may_be_left_out", False):
        return

    def get_stack_trace() -> source_pb2.StackTrace:
        # The SDK counts constructors, not frames between them and itself: this one makes no difference to it.
        frames: source_pb2.StackTrace = source_pb2.StackTrace() if _LEFT_OUT.get() else collect()
        return frames

    vars(get_stack_trace)["may_be_left_out"] = True
    setattr(sdk, _NAME, get_stack_trace)
