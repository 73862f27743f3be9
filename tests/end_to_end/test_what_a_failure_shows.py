"""A run that fails or is interrupted shows what failed, and nothing of Python's own; the next one finishes it."""

from __future__ import annotations

import os
import signal
import time

from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

ACCOUNTS = [{"name": "translator", "keys": [{"name": "default", "uses": ["translate"]}]}]
OF_PYTHON = ("Traceback", "KeyboardInterrupt", "asyncio")


def test_a_resource_that_fails_is_all_that_is_told(stack: Stack, cloud: LocalCloud) -> None:
    stack.write(ACCOUNTS)
    cloud.fault("SecretService/Create", code="INVALID_ARGUMENT", times=9)
    code, printed = stack.attempt("up", "--yes", "--skip-preview")
    assert code != 0
    assert "SecretService/Create failed with INVALID_ARGUMENT" in printed
    assert [word for word in OF_PYTHON if word in printed] == []
    cloud.clear_faults()
    stack.up()
    assert len(cloud.live_keys()) == 1


def test_ctrl_c_leaves_one_line_and_the_next_up_finishes(stack: Stack, cloud: LocalCloud) -> None:
    stack.write(ACCOUNTS)
    cloud.fault("ServiceAccountService/Create", code="OK", times=1, delayMs=3000)
    with stack.with_ordinary_python():
        running = stack.start("up", "--yes", "--skip-preview")
        while not cloud.calls().get("ServiceAccountService/Create") and running.poll() is None:
            time.sleep(0.1)
        # As a terminal does it: to all of the group at once.
        os.killpg(running.pid, signal.SIGINT)
        printed, _ = running.communicate()
    assert running.returncode != 0
    assert [word for word in OF_PYTHON if word in printed] == [], printed
    stack.up()
    assert len(cloud.live_keys()) == 1
