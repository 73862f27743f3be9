"""`make demo`, as somebody sees it who has just cloned the project."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from setup import processes
from setup.engine.places import REPOSITORY
from tools.demo.places import DemoPlaces
from tools.demo.timeline import WIDTH


def test_the_story_is_told_and_the_consumer_is_refused_only_with_the_key_that_was_meant_to_die() -> None:
    done = subprocess.run(
        [sys.executable, "-u", "-m", "tools.demo"],
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout
    assert max(map(len, told.splitlines())) <= WIDTH
    assert "\033" not in told
    assert [int(day) for day in re.findall(r"^Day (\d+)", told, re.M)] == [0, 31, 39, 41, 141]
    answers = re.findall(r"translate with key (\d) \(\w+\):  (\d+)", told)
    assert answers == [
        *(("1", "200"), ("2", "200")),  # both keys work
        *(("1", "401"), ("2", "200")),  # the overlap is over
        *(("2", "401"), ("3", "200")),  # compromised: gone at once
        *(("3", "200"),),  # 100 days without a run
        *(("3", "200"), ("4", "200")),  # and one run heals
    ]
    assert re.search(r"refused otherwise +0$", told, re.M)
    assert re.search(r"without an answer +0$", told, re.M)
    # Nothing runs on, and the picture is there.
    assert not DemoPlaces(REPOSITORY).process.exists()
    assert processes.look_up(int(re.findall(r"process of its own \((\d+)\)", told)[0])) is None
    assert re.search(r"^key 4 .*▶$", told, re.M)
