"""Processes by more than their number."""

from __future__ import annotations

import os
import subprocess
import sys

from setup import processes


def test_a_process_is_known_by_its_start_as_well_as_its_number() -> None:
    process = processes.look_up(os.getpid())
    assert process is not None
    assert processes.look_up(os.getpid()) == process
    assert processes.command_name(os.getpid()) != ""


def test_a_number_that_was_given_to_another_process_is_left_alone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        processes.end(processes.Process(other.pid, "long before"))
        assert other.poll() is None
        found = processes.look_up(other.pid)
        assert found is not None
        processes.end(found)
        assert processes.look_up(other.pid) is None
