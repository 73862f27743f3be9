"""`python -m tests.reliability [--quick] [--only PART …] [--markdown FILE]`: the whole proof, as tables; exit code 1 where a cell is wrong."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from setup.engine.provision import EngineMissing, provide
from setup.progress import elapsed
from tools.table import Table

Part = Callable[[bool], list[Table]]

_WRONG_SHOWN = 40


class _Told:
    """What goes wrong is said as it is found, on standard error; of very much, the beginning."""

    def __init__(self) -> None:
        self._lines = 0

    def __call__(self, line: str) -> None:
        self._lines += 1
        if self._lines <= _WRONG_SHOWN or "of" in line.split()[1:2]:
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
    "schedules": _schedules,
    "leaks": _leaks,
    "load": _load,
    "bad-input": _bad_input,
    "slow-cloud": _slow_cloud,
    "trust": _trust,
}
"""Every part by its name, in the order in which they run."""


def main(arguments: list[str]) -> int:
    """Runs the parts that are asked for, all by default; prints each table when it is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of each, in minutes")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the tables there")
    asked = parser.parse_args(arguments)
    # gRPC tells standard error of connections that tests cut on purpose.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        provide(os.environ)
    except EngineMissing as error:
        print(error, file=sys.stderr)
        return 1
    tables: list[Table] = []
    parts = Table("Parts", ("part", "cases", "wrong", "minutes"), wrong=("wrong",))
    for name in asked.only or PARTS:
        started = time.monotonic()
        print(f"\n== {name} ==", flush=True)
        found = PARTS[name](asked.quick)
        tables += found
        parts.add(
            name, sum(table.cases for table in found), sum(table.wrong_cells for table in found), _minutes(started)
        )
        for table in found:
            print(f"\n{table.text()}")
        print(f"-- {name}: {elapsed(time.monotonic() - started)}", flush=True)
    if asked.markdown:
        asked.markdown.write_text(_page([parts, *tables], asked.quick), encoding="utf-8")
    failed = [table.title for table in tables if table.failed]
    print(f"\nWRONG: {', '.join(failed)}" if failed else "\neverything held")
    return 1 if failed else 0


def _minutes(started: float) -> str:
    return f"{(time.monotonic() - started) / 60:.1f}"


def _page(tables: list[Table], quick: bool) -> str:
    """The tables as they go into docs/reliability.md."""
    run = f"`make reliability{' QUICK=1' if quick else ''}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return "\n\n".join([run, *(table.markdown() for table in tables)]) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
