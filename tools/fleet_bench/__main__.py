"""`python -m tools.fleet_bench`: times a fleet on local clouds, and prints tables.

Each row is kept under .local/bench/fleet as soon as it is measured; tables are of all that is kept of one commit.
"""

from __future__ import annotations

import argparse
import os
import sys

from setup.engine.places import REPOSITORY
from setup.engine.provision import EngineMissing, provide
from setup.progress import say
from tools.bench.our_stack import WrongLife
from tools.bench.run import NothingKept
from tools.fleet_bench.kept import KEPT, of_newest_commit
from tools.fleet_bench.measure import Plan, measure_fleet, measure_split, measure_spread
from tools.fleet_bench.page import PAGE, publish, text

_INTERRUPTED = 130
_PARTS = 5


def main(arguments: list[str]) -> int:
    """Exit code 1 where something could not be measured."""
    asked = _parser().parse_args(arguments)
    # The program and the plugin are started hundreds of times: a machine that keeps no bytecode would compile them anew each time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        if not asked.kept:
            _measure(asked)
        kept = of_newest_commit()
    except (WrongLife, NothingKept, EngineMissing, OSError, ValueError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say(f"what was measured is kept under {KEPT.relative_to(REPOSITORY)}")
        return _INTERRUPTED
    print(text(kept))
    if asked.publish:
        publish(kept)
        say(f"wrote {PAGE.relative_to(REPOSITORY)}")
    return 0


def _measure(asked: argparse.Namespace) -> None:
    provide(os.environ)
    for stacks in asked.stacks:
        issue = asked.issue_jobs or [asked.once]
        measure_fleet(Plan(asked.keys, stacks, asked.jobs, asked.once, issue, asked.by_steps, asked.clouds))
    if asked.split:
        measure_split(asked.split, _PARTS)
    if asked.spread_keys:
        measure_spread(asked.spread_keys, asked.spreads)


def _numbers(text: str) -> list[int]:
    numbers = [int(part) for part in text.replace(",", " ").split()]
    if any(number < 0 for number in numbers):
        raise argparse.ArgumentTypeError(f"{text} has one below 0")
    return numbers


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.fleet_bench", description="Times a fleet on local clouds, and prints tables."
    )
    parser.add_argument("--keys", type=int, default=5000, help="in the whole fleet (default: 5000)")
    parser.add_argument(
        "--stacks", type=_numbers, default=[25, 50], help='fleets of so many stacks (default: 25,50; "": none)'
    )
    parser.add_argument(
        "--jobs", type=_numbers, default=[1, 2, 4, 8], help="of the daily runs: nothing due, all due (default: 1,2,4,8)"
    )
    parser.add_argument(
        "--once",
        type=int,
        default=2,
        metavar="JOBS",
        help="jobs of what is measured with one number alone (default: 2)",
    )
    parser.add_argument(
        "--issue-jobs", type=_numbers, help="jobs of the first `up`, each number in a fleet made anew (default: --once)"
    )
    parser.add_argument(
        "--by-steps",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="the first rotation without limits, so that each step is written",
    )
    parser.add_argument("--clouds", type=int, help="local clouds (default: as many as the quota of keys asks for)")
    parser.add_argument(
        "--split", type=int, default=500, help="keys in one stack and in five (default: 500; 0: leave out)"
    )
    parser.add_argument(
        "--spread-keys", type=int, default=200, help="keys whose days are counted (default: 200; 0: leave out)"
    )
    parser.add_argument(
        "--spreads", type=_numbers, default=[0, 10, 25, 50], help="hundredths of the period (default: 0,10,25,50)"
    )
    parser.add_argument("--publish", action="store_true", help="writes the figures of docs/fleet.md")
    parser.add_argument("--kept", action="store_true", help="measures nothing: takes what is kept of the newest commit")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
