"""`python -m tests.reliability [--quick] [--only PART …]`: the whole proof, part after part, as tables; exit code 1 where a cell is wrong.

What each part came to is kept under .local/reliability. `--publish` makes docs/reliability.md's last run and docs/reliability-tables.md of that.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from setup.engine.provision import EngineMissing, provide
from setup.progress import elapsed
from tests.reliability import pages
from tests.reliability.pulse import Pulse
from tools.table import Table

Part = Callable[[bool], list[Table]]

_WRONG_SHOWN = 40
_PULSE = Pulse()


class _Told:
    """What goes wrong is said as it is found, on standard error; of very much, the beginning. `12 of 40 cases` says how far a part is."""

    def __init__(self) -> None:
        self._lines = 0

    def __call__(self, line: str) -> None:
        if line[:1].isdigit() and line.split()[1:2] == ["of"]:
            _PULSE.reached(line)
            return
        self._lines += 1
        if self._lines <= _WRONG_SHOWN:
            print(line[:2_000], file=sys.stderr, flush=True)


def _matrix(quick: bool) -> list[Table]:
    from tests.reliability.matrix import matrix
    from tests.reliability.workers import workers

    with workers() as pool:
        return matrix(pool, quick, _Told())


def _engine_faults(quick: bool) -> list[Table]:
    from tests.reliability.engine_faults import engine_faults

    return [engine_faults(quick, _Told())]


def _kills(quick: bool) -> list[Table]:
    from tests.reliability.cloud_kills import cloud_kills
    from tests.reliability.kills import kills

    return [kills(quick, _Told()), cloud_kills(quick, _Told())]


def _two_at_once(quick: bool) -> list[Table]:
    from tests.reliability.two_at_once import two_at_once

    return [two_at_once(quick, _Told())]


def _leaks(quick: bool) -> list[Table]:
    from tests.reliability.leaks import leaks

    return [leaks(quick, _Told())]


def _load(quick: bool) -> list[Table]:
    from tests.reliability.load import FULL, SMALL, load

    return [load(SMALL if quick else FULL, _Told())]


def _bad_input(quick: bool) -> list[Table]:
    from tests.reliability.bad_input import bad_input

    return [bad_input(quick, _Told())]


def _slow_cloud(quick: bool) -> list[Table]:
    from tests.reliability.slow_cloud import slow_cloud

    return [slow_cloud(_Told())]


def _lives(quick: bool) -> list[Table]:
    from tests.reliability.lives import lives

    return lives(quick, _Told())


def _walks(quick: bool) -> list[Table]:
    from tests.reliability.walks import walks

    return [walks(quick, _Told())]


def _clocks(quick: bool) -> list[Table]:
    from tests.reliability.clocks import clocks

    return clocks(quick, _Told())


def _replays(quick: bool) -> list[Table]:
    from tests.reliability.replay import replays

    return [replays(quick, _Told())]


def _schedules(quick: bool) -> list[Table]:
    from tests.reliability.schedules import schedules

    return schedules(quick, _Told())


def _trust(quick: bool) -> list[Table]:
    from tests.reliability.trust import trust

    return [trust(_Told())]


PARTS: dict[str, Part] = {
    "matrix": _matrix,
    "engine-faults": _engine_faults,
    "kills": _kills,
    "two-at-once": _two_at_once,
    "lives": _lives,
    "walks": _walks,
    "replays": _replays,
    "clocks": _clocks,
    "schedules": _schedules,
    "leaks": _leaks,
    "load": _load,
    "bad-input": _bad_input,
    "slow-cloud": _slow_cloud,
    "trust": _trust,
}
"""Every part by its name, in the order in which they run."""


def main(arguments: list[str]) -> int:
    """Runs the parts that are asked for, all by default; prints each table when it is there, and keeps what the part came to."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of each, in minutes")
    wanted = parser.add_mutually_exclusive_group()
    wanted.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    wanted.add_argument("--publish", action="store_true", help="runs nothing: makes the pages of the kept runs")
    asked = parser.parse_args(arguments)
    if asked.publish:
        return _publish(asked.quick)
    # gRPC tells standard error of connections that tests cut on purpose.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        provide(os.environ)
    except EngineMissing as error:
        print(error, file=sys.stderr)
        return 1
    failed: list[str] = []
    for name in asked.only or PARTS:
        print(f"\n== {name} ==", flush=True)
        started, build = time.monotonic(), pages.Build.here()
        with _PULSE.of(name):
            tables = PARTS[name](asked.quick)
        for table in tables:
            print(f"\n{table.text()}")
        print(f"-- {name}: {elapsed(time.monotonic() - started)}", flush=True)
        pages.keep(pages.run_of(name, build, asked.quick, time.monotonic() - started, tables))
        failed += [table.title for table in tables if table.failed]
    print(f"\nWRONG: {', '.join(failed)}" if failed else "\neverything held")
    return 1 if failed else 0


def _publish(quick: bool) -> int:
    try:
        said = pages.publish(list(PARTS), quick)
    except pages.NotPublished as error:
        print(f"no page is made:\n{error}", file=sys.stderr)
        return 1
    print("\n".join(said))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
