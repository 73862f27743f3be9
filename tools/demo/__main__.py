"""`python -m tools.demo`: tells the story, and leaves nothing running."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping

import grpc
import requests

from setup.engine import provision
from setup.engine.places import REPOSITORY
from setup.file_lock import exclusive
from setup.progress import elapsed, say
from tools.demo.cloud_time import CloudTime
from tools.demo.consumer_process import ConsumerEnded
from tools.demo.places import DemoPlaces
from tools.demo.stack import DemoStack
from tools.demo.stage import Stage
from tools.demo.story import Story
from tools.local_stack import local_cloud
from tools.local_stack.local_cloud import LocalCloudFailed
from tools.local_stack.pulumi_command import PulumiFailed

INTERRUPTED = 130
_BROKEN_PROMISE = "the consumer was refused although no key of its was compromised"


def run(stage: Stage, environment: Mapping[str, str]) -> int:
    """The whole demo; answers 1 where the consumer's count is not what was promised."""
    places = DemoPlaces(REPOSITORY)
    engine = provision.provide(environment, REPOSITORY)
    began = time.monotonic()
    with exclusive(REPOSITORY / ".local" / "demo.lock", lambda: say("another demo is running; waiting for it")):
        # A demo that was killed may have left its cloud and its files.
        local_cloud.stop(places)
        shutil.rmtree(places.local, ignore_errors=True)
        try:
            return _tell(stage, places, engine, environment, began)
        finally:
            local_cloud.stop(places)


def _tell(
    stage: Stage, places: DemoPlaces, engine: provision.Engine, environment: Mapping[str, str], began: float
) -> int:
    stage.title("One key's life in the local cloud, and a consumer that never stops calling its service.")
    cloud = local_cloud.provide(places)
    stack = DemoStack(places, engine, cloud, environment)
    stack.make()
    story = Story(stage, stack, cloud, CloudTime.starting_now(cloud))
    try:
        story.tell()
    finally:
        report = story.consumer.stop() if story.consumer is not None else None
    assert report is not None
    story.close(report)
    kept = report.refused_but_for(story.compromised) == 0 and report.failed == 0
    stage.picture(
        [
            "",
            f"Told in {elapsed(time.monotonic() - began)}. Everything is stopped; `make up` brings up a stack that stays.",
        ]
    )
    if not kept:
        say(f"{_BROKEN_PROMISE}: {report.reasons}")
    return 0 if kept else 1


def main() -> int:
    """Exit code 0 when the story ended as it should."""
    # A runner or a terminal ends the demo so; everything that was started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))
    try:
        return run(Stage(), os.environ)
    except (provision.EngineMissing, LocalCloudFailed, PulumiFailed, ConsumerEnded) as error:
        print(error, file=sys.stderr)
        return 1
    except (grpc.RpcError, requests.RequestException) as error:
        print(f"the local cloud refused or fell silent: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
