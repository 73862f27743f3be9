"""Several stacks by one job, through the real engine: in stages, within limits, one failing, and ended half-way."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.pipeline_runner import Runner
from tests.support.forked_python import ForkedPython
from tests.support.local_cloud import LocalCloud

FLEET = """
jobs = 3
[limits]
rotate = 1
[[stages]]
name = "dev"
stacks = ["*-dev"]
[[stages]]
name = "prod"
stacks = ["*-prod"]
"""


def config(account: str, keys: int = 1, use: str = "translate") -> dict[str, Any]:
    """An account's; one whose `use` is unknown is refused by the program."""
    return {
        "api-keys:accounts": [
            {"name": account, "keys": [{"name": f"key{number}", "uses": [use]} for number in range(keys)]}
        ]
    }


@pytest.fixture
def runner(tmp_path: Path, cloud: LocalCloud, python: ForkedPython | None) -> Runner:
    """A runner with three stacks that have no resources yet: two of one line, and one whose file is wrong."""
    made = Runner(tmp_path, cloud, python=python)
    made.init(config("anna", keys=2), "anna-dev")
    made.init(config("anna-live"), "anna-prod")
    made.init(config("bert", use="translat"), "bert-dev")
    made.commit({"stacks/fleet.toml": FLEET})
    return made


def ends(log: str) -> dict[str, str]:
    """What the summary says of each stack."""
    rows = re.findall(r"^([\w-]+-(?:dev|prod)) +(?:dev|prod) +(\w+(?: \w+)?)  ", log, re.MULTILINE)
    return dict(rows)


def test_stages_limits_and_a_stack_that_fails(runner: Runner, cloud: LocalCloud) -> None:
    stacks = ("anna-dev", "anna-prod", "bert-dev")
    code, log = runner.run("up", *stacks)
    assert code == 1
    assert ends(log) == {"anna-dev": "done", "anna-prod": "done", "bert-dev": "failed"}
    assert "(bert).keys[0] (key0).uses[0]" in log
    assert log.index("anna-dev: 2 new keys") < log.index("anna-prod anna-live/key0: issued")
    assert (len(cloud.live_keys("anna")), len(cloud.live_keys("anna-live"))) == (2, 1)

    cloud.advance("45d")
    cloud.forget_calls()
    code, log = runner.run("up", "anna-dev", "anna-prod")
    assert code == 1
    assert ends(log) == {"anna-dev": "failed", "anna-prod": "held back"}
    assert "anna-dev: pulumi up was not begun: stopped by a limit: 2 keys would rotate" in log
    assert cloud.calls() == {}

    code, log = runner.run("up", "--beyond-limits", "anna-dev", "anna-prod")
    assert code == 0, log
    assert ends(log) == {"anna-dev": "done", "anna-prod": "done"}
    assert (len(cloud.live_keys("anna")), len(cloud.live_keys("anna-live"))) == (4, 2)

    # Where it is within its limits, and nothing but rotations is due, with what they retire, each state is written once.
    runner.commit({"stacks/fleet.toml": FLEET.replace("rotate = 1", "rotate = 2")})
    cloud.advance("31d")
    code, log = runner.run("up", "anna-dev", "anna-prod", PIPELINE_REFRESH="always")
    assert code == 0, log
    assert log.count("nothing but rotations is due: the state is written once, at the end") == 2
    code, log = runner.run("up", "anna-dev", "anna-prod")
    assert (code, log.count("nothing to do")) == (0, 4), log
    assert (len(cloud.live_keys("anna")), len(cloud.live_keys("anna-live"))) == (4, 2)
    secrets = [key["secret"] for key in cloud.live_keys()]
    assert [secret for secret in secrets if secret in "\n".join(runner.log)] == []


@pytest.mark.usefixtures("ordinary_python")
def test_a_request_to_stop_ends_every_engine_cleanly_and_the_next_run_goes_on(
    runner: Runner, cloud: LocalCloud
) -> None:
    stacks = ("anna-dev", "bert-dev", "anna-prod")
    runner.commit({"stacks/fleet.toml": FLEET.replace("rotate", "delete")})
    runner.declare(config("bert"), "bert-dev")
    cloud.faults({"method": "SecretService/AddVersion", "when": "after", "hold": True, "times": 2})
    job = runner.start("up", *stacks)
    while len(cloud.admin("GET", "held")) < 2 or len(locks(runner)) < 2:
        assert job.poll() is None, job.communicate()[0]
        time.sleep(0.1)
    job.send_signal(signal.SIGINT)
    cloud.clear_faults()
    cloud.let_go()
    log, _ = job.communicate()
    assert job.returncode == 130, log
    assert ends(log) == {"anna-dev": "stopped", "bert-dev": "stopped", "anna-prod": "not begun"}
    assert locks(runner) == []
    # The next one as a runner's matrix has it.
    code, listed = runner.run("stacks", "--shards", "4", *stacks)
    assert (code, json.loads(listed)) == (0, ["1/4", "2/4"])
    for shard in json.loads(listed):
        code, log = runner.run("up", "--jobs", "2", "--shard", shard, *stacks)
        assert code == 0, log
    assert [len(cloud.live_keys(name)) for name in ("anna", "bert", "anna-live")] == [2, 1, 1]


def locks(runner: Runner) -> list[Path]:
    return list(runner.directory.glob("state/.pulumi/locks/**/*.json"))
