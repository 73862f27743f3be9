"""`python -m tools.bench`: times a stack's life and the engine's own floor, and prints tables with the goals.

What it measured is kept under .local/bench.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from setup.engine.places import REPOSITORY
from setup.engine.provision import EngineMissing, provide
from setup.progress import say
from tools.bench.machine import Look
from tools.bench.our_stack import WrongLife
from tools.bench.page import publish, text
from tools.bench.rounds import Plan, measure
from tools.bench.run import NothingKept, Run, add_beside, keep, newest
from tools.bench.spent import CommandFailed

_SIZES = (6, 100, 300)
_INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Exit code 1 where something could not be measured. A goal that is missed is no failure: times are the machine's too."""
    asked = _parser().parse_args(arguments)
    # The program and the plugin are started dozens of times: a machine that keeps no bytecode would compile them anew each time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        run = newest() if asked.kept else _measured(asked)
    except (CommandFailed, WrongLife, NothingKept, EngineMissing, OSError, ValueError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    print(text(run))
    if asked.publish:
        for file in publish(run):
            say(f"wrote {file.relative_to(REPOSITORY)}")
    return 0


def _measured(asked: argparse.Namespace) -> Run:
    provide(os.environ)
    plan = Plan(
        tuple(sorted(set(asked.keys))), asked.runs, asked.minutes, asked.slow, asked.bytes_keys, asked.memory_keys
    )
    look = Look()
    figures = measure(plan)
    machine = look.end()
    beside = add_beside(figures, asked.beside) if asked.beside else ""
    run = Run(plan, machine, figures, beside)
    say(f"kept in {keep(run).relative_to(REPOSITORY)}")
    return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench",
        description="Times a stack's life and the engine's own floor, and prints tables with the goals.",
    )
    parser.add_argument(
        "--keys", type=_positive, nargs="+", default=_SIZES, help="sizes of stacks (default: 6 100 300)"
    )
    parser.add_argument("--runs", type=_positive, default=3, help="how often each is measured (default: 3)")
    parser.add_argument("--minutes", type=float, default=15, help="no round begins that would end later (default: 15)")
    parser.add_argument(
        "--slow", type=int, default=50, help="milliseconds of a slow call, 0: none are measured (default: 50)"
    )
    parser.add_argument(
        "--bytes-keys",
        type=int,
        default=200,
        help="whose create is measured for what it writes, 0: none (default: 200)",
    )
    parser.add_argument(
        "--memory-keys",
        type=int,
        default=1_000,
        help="whose create, the state written once, and no-op are measured for their memory, 0: none (default: 1000)",
    )
    parser.add_argument("--beside", type=Path, help="a file with another tool's figures, measured on this machine")
    parser.add_argument("--publish", action="store_true", help="writes docs/performance.md and its pictures")
    parser.add_argument("--kept", action="store_true", help="measures nothing: takes the run that was kept last")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
