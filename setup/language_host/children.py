"""The processes that a host started: their output while they live, their end when the host ends."""

from __future__ import annotations

import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Literal

Stream = Literal["stdout", "stderr"]

# A child that ignores SIGTERM is killed after this. The engine kills the host itself 5 seconds after asking it to stop.
GRACE_SECONDS = 2.0
_READ_BYTES = 64 * 1024


class Children:
    """All child processes of a host. After `end_all` no new one starts, so none can be left over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def start(
        self,
        command: Sequence[str],
        *,
        directory: str | None,
        environment: Mapping[str, str],
        captured: bool,
        with_input: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Starts a process in the host's own process group, so that what the engine signals reaches it too.

        Its output is `captured` in pipes or goes where the host's own goes. Raises OSError when it can't be started and
        RuntimeError after `end_all`.
        """
        output = subprocess.PIPE if captured else None
        with self._lock:
            if self._closed:
                raise RuntimeError("the language host is shutting down")
            process = subprocess.Popen(
                list(command),
                cwd=directory or None,
                env=dict(environment),
                stdin=subprocess.PIPE if with_input else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            self._alive.add(process)
        return process

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        """Drops a process that has been waited for."""
        with self._lock:
            self._alive.discard(process)

    def end_all(self) -> None:
        """Ends every child, and waits until each is gone."""
        with self._lock:
            self._closed = True
            alive = list(self._alive)
        for process in alive:
            _signal(process, signal.SIGTERM)
        for process in alive:
            end(process)


def end(process: subprocess.Popen[bytes], by: signal.Signals = signal.SIGTERM) -> None:
    """Asks a process to stop, and kills it when it doesn't within GRACE_SECONDS."""
    _signal(process, by)
    try:
        process.wait(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


class OutputReader:
    """Both output streams of a process as one sequence of chunks, in the order in which they arrive."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._chunks: queue.SimpleQueue[tuple[Stream, bytes] | None] = queue.SimpleQueue()
        self._open = 2
        for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
            threading.Thread(target=self._pump, args=(name, stream), daemon=True).start()

    def _pump(self, name: Stream, stream: IO[bytes]) -> None:
        with stream:
            # read1 hands over what there is: the engine waits for a plugin's first line, its port.
            while chunk := stream.read1(_READ_BYTES):  # type: ignore[attr-defined]
                self._chunks.put((name, chunk))
        self._chunks.put(None)

    def stop(self) -> None:
        """Ends the sequence although a grandchild may still hold the streams open."""
        self._chunks.put(None)
        self._chunks.put(None)

    def __iter__(self) -> Iterator[tuple[Stream, bytes]]:
        while self._open > 0:
            chunk = self._chunks.get()
            if chunk is None:
                self._open -= 1
            else:
                yield chunk
