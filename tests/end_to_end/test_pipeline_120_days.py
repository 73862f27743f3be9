"""120 days of a pipeline that does nothing but `python3 -m pipelines up` once a day.

Two days are missed, and one run is killed half-way. Held on every day: each key that Lockbox gives is in date and served, and so is the
one that a consumer read the day before; a day on which nothing is due makes no API call, but for a look, once an account, at when a
previous key was last used. Each key is named by a Lockbox version, but those that the killed run had issued and not delivered: each of them
ends within one overlap of the next run. At the end: no orphan, no lock, no operation left over, and a log in which each rotation is one line.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.end_to_end.pipeline_runner import Runner, git
from tests.support.colleague import client
from tests.support.forked_python import ForkedPython
from tests.support.local_cloud import LocalCloud

DAYS = 120
LONGEST_OVERLAP = timedelta(days=7)
MISSED = (40, 41)
KILLED_FROM = 60
# By hand, minutes: a runner's cron is late on most days and early on some.
JITTER = (0, 7, -4, 2, 11, -9, 0, 3)
SERVICES = {
    "translate": ("ai.translate.execute", "90d", "30d", "7d"),
    "vision": ("ai.vision.execute", "30d", "10d", "3d"),
}
SHARED = ("functions", "containers")
ROTATION = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+Z prod (?P<name>\w+): "
    r"(rotates: due since [\d :-]+ UTC, key (?P<old>\w+) is \d+ days old; it keeps working until [\d :-]+ UTC(; [^;]+)*"
    # What the killed run had done, but may not have lived to say.
    r"|the run that was killed had rotated key (?P<left>\w+); it keeps working until [\dT:-]+Z)"
    r"; new key (?P<new>\w+), good until [\dT:-]+Z"
)
# Lean on purpose: it runs 119 times.
PROGRAM = '''"""A team's own program: keys for an account that is there already; two of them share a Lockbox secret."""

import pulumi

import components  # finds the next one
from pulumi_yandex_keys import ApiKey, ApiKeyArgs, LockboxArgs, LockboxSecret, LockboxSecretArgs

config = pulumi.Config()
shared = LockboxSecret("shared", LockboxSecretArgs(name="shared"))
for name, key in config.require_object("keys").items():
    secret = shared if key["shared"] else LockboxSecret(name, LockboxSecretArgs(name=name))
    lockbox = LockboxArgs(secret_id=secret.id, secret_entry=name, key_id_entry=f"{name}_id")
    ApiKey(
        name,
        ApiKeyArgs(
            service_account_id=config.require("account"),
            scopes=[key["scope"]],
            lifetime=key["lifetime"],
            rotate_every=key["rotateEvery"],
            overlap=key["overlap"],
            lockbox=lockbox,
        ),
    )
'''


def test_120_days_of_daily_runs_keep_every_key_young_and_every_consumer_served(
    tmp_path: Path, cloud: LocalCloud, python: ForkedPython | None
) -> None:
    story = Story(Runner(tmp_path, cloud, python=python))
    for day in range(DAYS):
        story.live_through(day)
    story.check_the_end()


class Story:
    """The days, one after the other, and what consumers find on each."""

    def __init__(self, runner: Runner) -> None:
        self.runner, self.cloud = runner, runner.cloud
        self.begin = datetime.fromisoformat(self.cloud.now())
        self.yesterday: dict[str, str] = {}
        self.killed_on: int | None = None
        self.calls = 0
        project = yaml.safe_load((runner.clone / "Pulumi.yaml").read_text())
        project.pop("config")
        runner.commit({"__main__.py": PROGRAM, "Pulumi.yaml": yaml.safe_dump(project)}, "Our own program")
        keys = {
            name: {"scope": f"yc.{scope}", "lifetime": life, "rotateEvery": every, "overlap": overlap, "shared": False}
            for name, (scope, life, every, overlap) in SERVICES.items()
        }
        for name in SHARED:
            scope = f"yc.serverless.{name}.invoke"
            keys[name] = {"scope": scope, "lifetime": "45d", "rotateEvery": "20d", "overlap": "5d", "shared": True}
        self.names = tuple(keys)
        runner.init({"api-keys:account": an_account(self.cloud), "api-keys:keys": keys})

    def live_through(self, day: int) -> None:
        self.set_time(day)
        if day in MISSED:
            return
        if day >= KILLED_FROM and self.killed_on is None and self.run_and_kill():
            self.killed_on = day
            return
        self.cloud.forget_calls()
        code, log = self.runner.run("up")
        assert code == 0, log
        calls = self.cloud.calls()
        if "nothing to do" in log and "killed" not in log:
            assert calls in ({}, {"ApiKeyService/List": 1}), f"day {day}: {log}"
        else:
            self.calls += sum(calls.values())
        self.check_the_day(day)

    def set_time(self, day: int) -> None:
        time = self.begin + timedelta(days=day, minutes=JITTER[day % len(JITTER)])
        self.cloud.move_to(time)

    def run_and_kill(self) -> bool:
        """Runs, and kills the run where it has issued a key and is about to deliver it; False on a day when nothing rotates."""
        self.cloud.hold("SecretService/AddVersion", "before")
        runner = self.runner.to_be_killed()
        process = runner.start("up")
        if not self.cloud.holds_a_call(process):
            output, _ = process.communicate()
            self.cloud.clear_faults()
            assert process.returncode == 0, output
            self.runner.log += output.splitlines()
            return False
        runner.kill(process)
        self.cloud.clear_faults()
        return True

    def check_the_day(self, day: int) -> None:
        found = Found(self.cloud)
        for name in self.names:
            key = found.payload[f"{name}_id"]
            assert key in found.living, f"day {day}: Lockbox gives a key of {name} that is past its expiry"
            for read in (found.payload, self.yesterday):
                if name in read:
                    assert self.cloud.use(name, read[name]) == 200, f"day {day}: a consumer of {name} is refused"
        undelivered = found.living.keys() - found.accounted_for
        if self.killed_on is None or day > self.killed_on + 1 + LONGEST_OVERLAP.days + 1:
            assert not undelivered, f"day {day}: an orphan"
        for key in undelivered:
            assert found.living[key] <= found.now + LONGEST_OVERLAP, f"day {day}: an orphan that lives on"
        self.yesterday = found.payload

    def check_the_end(self) -> None:
        (self.runner.directory / "log").write_text("\n".join(self.runner.log))
        exported = json.loads(self.runner.pulumi("stack", "export"))["deployment"]
        assert self.killed_on is not None
        assert not exported.get("pending_operations")
        assert not list(self.runner.directory.glob("state/.pulumi/locks/**/*.json"))
        outputs = [each["outputs"] for each in exported["resources"] if each["type"].endswith(":ApiKey")]
        known = {key for each in outputs for key in (each["keyId"], *(it["keyId"] for it in each["previous"]))}
        assert Found(self.cloud).living.keys() <= known
        assert git(self.runner.clone, "status", "--porcelain") == ""
        self.check_the_log({each["keyId"]: each for each in outputs})

    def check_the_log(self, current: dict[str, dict[str, Any]]) -> None:
        """Each rotation is one line, which says when, which stack, which key, why, until when the old one works, and what the new one is."""
        rotations = {match["new"]: match for match in map(ROTATION.fullmatch, self.runner.log) if match}
        assert len(rotations) >= sum("rotates:" in each for each in self.runner.log)
        for key, outputs in current.items():
            lines = [match for match in rotations.values() if match["name"] == outputs["lockbox"]["secretEntry"]]
            # Where the kill came after a key's rotation was told and before the engine wrote it down, the next run rotates that key again.
            mine = list({match["old"] or match["left"]: match for match in lines}.values())
            assert len(lines) - len(mine) <= 1
            assert len(mine) == outputs["generation"] - 1
            assert mine[-1]["new"] == key
            # Without a gap: each rotation replaces the key that the one before it made.
            assert [match["old"] or match["left"] for match in mine[1:]] == [match["new"] for match in mine[:-1]]
        # Four calls a rotation and three to retire, and a little for the run that was killed.
        assert self.calls <= 8 * (len(rotations) + len(self.names)) + 20


class Found:
    """What is in the cloud on one day, seen at once.

    payload: the entries that Lockbox gives now; living: the ends of the keys that have not expired, by their ids; accounted_for: those of them that
    a Lockbox version names, as each key of ours is from its delivery until it is retired.
    """

    def __init__(self, cloud: LocalCloud) -> None:
        state, self.now = cloud.state(), datetime.fromisoformat(cloud.now())
        ends = {key["id"]: datetime.fromisoformat(key["expiresAt"]) for key in state["apiKeys"]}
        self.living = {key: end for key, end in ends.items() if end > self.now}
        self.payload: dict[str, str] = {}
        named: list[str] = []
        for secret in state["secrets"]:
            for version in secret["versions"]:
                named.append(version["description"])
                if version["id"] == secret["currentVersionId"]:
                    self.payload |= version["entries"]
        self.accounted_for = {key for key in self.living if any(key in description for description in named)}


def an_account(cloud: LocalCloud) -> str:
    """An account that somebody made, with the roles that its keys' services ask for."""
    sdk, folder = client(cloud), cloud.ready["folderId"]
    made = sdk.operate("ServiceAccountService/Create", {"folder_id": folder, "name": "by-hand"})
    account = str(made["response"]["id"])
    roles = (
        "ai.translate.user",
        "ai.vision.user",
        "functions.functionInvoker",
        "serverless-containers.containerInvoker",
    )
    deltas = [
        {
            "action": "ADD",
            "access_binding": {"role_id": role, "subject": {"id": account, "type": "serviceAccount"}},
        }
        for role in roles
    ]
    sdk.operate("FolderService/UpdateAccessBindings", {"resource_id": folder, "access_binding_deltas": deltas})
    return account
