"""What a pipeline writes down of keys for programs, from what the real engine says of a key's whole life."""

from __future__ import annotations

from typing import Any

from pipelines.cloud_events import Happening, Kind, of_finished, of_problems
from pipelines.events import Events, Resource
from tests.support.local_cloud import LocalCloud
from tests.support.pulumi import run_pulumi
from tests.support.stack import Stack

DEFAULTS = {"lifetime": "90d", "rotateEvery": "30d", "overlap": "7d"}
NAME = "translator/default"


def run(stack: Stack, command: str = "up") -> list[Happening]:
    """What happened in a run, from its events."""
    environment = {
        **stack.environment,
        **stack.cloud.environment(),
        # As the pipeline has it.
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
    }
    done = run_pulumi(environment, stack.directory, command, "--yes", "--skip-preview", "--json", by=stack.engine)
    events = Events()
    happened: list[Happening] = []
    late: list[Resource] = []
    for line in done.stdout.splitlines():
        if resource := events.feed(line):
            if resource.awaits_owner:
                late.append(resource)
            else:
                happened += of_finished(resource)
    return [*happened, *(it for resource in late for it in of_finished(resource)), *of_problems(events.touched())]


def test_each_step_of_a_key_s_life_is_told_and_no_other(stack: Stack, cloud: LocalCloud) -> None:
    def told(command: str = "up") -> list[tuple[Kind, str | None, str | None]]:
        return [(it.kind, it.key_id, it.previous_key_id) for it in run(stack, command)]

    def current() -> str:
        return str(stack.key(NAME)["keyId"])

    key: dict[str, Any] = {"name": "default", "uses": ["translate"]}
    accounts = [{"name": "translator", "readers": ["self"], "keys": [key]}]
    stack.write(accounts, DEFAULTS)
    happened = told()
    first = current()
    assert happened == [(Kind.ISSUED, first, None)]
    assert told() == []
    cloud.advance("31d")
    happened = told()
    second = current()
    assert happened == [(Kind.ROTATED, second, first)]
    cloud.advance("5d")
    for live in cloud.live_keys("translator"):
        cloud.use("translate", live["secret"])
    assert told() == [(Kind.EXTENDED, first, None), (Kind.WARNED, second, None)]
    cloud.advance("20d")
    assert told() == [(Kind.RETIRED, first, None)]
    key["compromised"] = [second]
    stack.write(accounts, DEFAULTS)
    happened = told()
    third = current()
    assert happened == [(Kind.ROTATED, third, second), (Kind.REVOKED, second, None)]
    assert told("destroy") == [(Kind.REVOKED, third, None)]


def test_a_key_that_goes_with_its_whole_account_has_the_owner_of_before(stack: Stack) -> None:
    account = {"name": "translator", "owner": "support", "readers": ["self"]}
    keys = [{"name": "default", "uses": ["translate"]}, {"name": "night", "owner": "data", "uses": ["vision"]}]
    stack.write([{**account, "keys": keys}], DEFAULTS)
    stack.up()
    stack.write([], DEFAULTS)
    gone = [(it.kind, it.name, it.owner) for it in run(stack)]
    assert sorted(gone) == [(Kind.REVOKED, "translator/default", "support"), (Kind.REVOKED, "translator/night", "data")]
