"""`Construct`: the component for programs of any language, on an event loop of its own beside the verbs' threads.

The engine hands the component's inputs to the plugin, and the plugin declares the component and its children to the
engine, as a program does. What that takes (`component.py`) is loaded when the first component is asked for, and not
before.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.runtime.proto.provider_pb2 import ConstructRequest, ConstructResponse

from .errors import Cancelled, ConfigurationError

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
# Each declaration waits in a thread until the engine has done what was declared.
_THREADS: Final = 128


class Constructions:
    """The components that are under way; several at once."""

    def __init__(self) -> None:
        self.engine_address = ""
        self._lock = threading.Lock()
        self._cancelled = False
        self._under_way: set[Future[ConstructResponse]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def construct(self, request: ConstructRequest, provider_urn: str, provider_id: str) -> ConstructResponse:
        """The answer to `request`, once the component and all of its children are declared.

        `provider_urn` and `provider_id` are of the provider resource that serves the children; the id is empty before
        that is made. Raises InvalidInput with every problem of the account, ConfigurationError, Cancelled, or what
        failed while the children were declared.
        """
        with self._lock:
            if self._cancelled:
                raise Cancelled
            if self._loop is None:
                self._loop = _started_loop()
            making = _component()(request, provider_urn, provider_id, self.engine_address)
            # A task for each: what the SDK knows of a run, its monitor and its settings, it keeps by task.
            future: Future[ConstructResponse] = asyncio.run_coroutine_threadsafe(making, self._loop)
            self._under_way.add(future)
        try:
            return future.result()
        except (CancelledError, pulumi.RunError):
            # The SDK's RunError: the engine takes no more declarations, for the run ends.
            raise Cancelled from None
        finally:
            with self._lock:
                self._under_way.discard(future)

    def cancel(self) -> None:
        """Ends what is under way: nothing more is declared. What the engine was told of already is brought to its end
        by the verbs."""
        with self._lock:
            self._cancelled = True
            under_way = list(self._under_way)
        for future in under_way:
            future.cancel()


def _started_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="declaration"))
    # What fails is the answer of `construct`. Of each output that depended on it the loop would write a traceback to
    # standard error as well.
    loop.set_exception_handler(lambda loop, context: None)
    threading.Thread(target=loop.run_forever, name="components", daemon=True).start()
    return loop


def _component() -> Callable[[ConstructRequest, str, str, str], Coroutine[Any, Any, ConstructResponse]]:
    """`component.construct`. Raises ConfigurationError where the component's own folder isn't there."""
    if not (_REPOSITORY / "components").is_dir():
        raise ConfigurationError(
            f"ServiceAccountKeys is made by the folder `components`, and there is none in {_REPOSITORY}: "
            "take the plugin with the whole repository around it, as `pulumi package add <git address>/provider` does"
        )
    # Last, so that no folder of the repository takes the place of an installed package.
    if str(_REPOSITORY) not in sys.path:
        sys.path.append(str(_REPOSITORY))
    from .component import construct

    return construct
