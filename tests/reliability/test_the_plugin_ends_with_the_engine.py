"""The plugin of an engine that was killed must be gone before the next command: the two would work on the same keys."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from provider.yandex_keys.engine_watch import wait_until_gone
from setup.engine.places import REPOSITORY

_PATIENCE = 20.0


@pytest.fixture
def engine() -> Iterator[socket.socket]:
    """What an engine is to the plugin: somebody who listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_the_plugin_process_ends_when_nobody_listens_any_more(engine: socket.socket) -> None:
    address = f"127.0.0.1:{engine.getsockname()[1]}"
    command = [sys.executable, "-u", str(REPOSITORY / "provider"), address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as plugin:
        assert plugin.stdout is not None
        assert plugin.stdout.readline().strip().isdigit()
        line, _ = engine.accept()
        assert plugin.poll() is None
        engine.close()
        line.close()
        assert plugin.wait(_PATIENCE) == 1


def test_an_engine_that_hangs_up_but_still_listens_is_not_taken_for_gone(engine: socket.socket) -> None:
    host, port = engine.getsockname()
    watch = threading.Thread(target=wait_until_gone, args=(host, port), daemon=True)
    watch.start()
    for _ in range(3):
        line, _ = engine.accept()
        line.sendall(b"greeting")
        line.close()
    line, _ = engine.accept()
    assert watch.is_alive()
    engine.close()
    line.close()
    watch.join(_PATIENCE)
    assert not watch.is_alive()
