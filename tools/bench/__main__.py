"""`python -m tools.bench`: times the real engine on stacks of several sizes against a local cloud, and prints a table."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from setup.progress import say
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack
from tools.table import Table

_KEYS_AN_ACCOUNT = 5


def accounts(keys: int) -> list[dict[str, object]]:
    """Accounts with five keys each, every key with a Lockbox secret of its own."""
    names = [f"key{number}" for number in range(_KEYS_AN_ACCOUNT)]
    declared = [{"name": name, "uses": ["translate"]} for name in names]
    return [{"name": f"account{number}", "keys": declared} for number in range(keys // _KEYS_AN_ACCOUNT)]


def measured(keys: int, directory: Path) -> list[tuple[str, float, int]]:
    """What was done to a stack of so many keys, how many seconds it took, and how many calls it made."""
    cloud = LocalCloud(directory / "cloud")
    try:
        stack = Stack(directory / "stack", cloud)
        stack.write(accounts(keys))
        # Name, how far time moves before it, and what is done.
        steps: list[tuple[str, str, Callable[[], object]]] = [
            ("up: issue", "", stack.up),
            ("up: nothing to do", "", stack.up),
            ("preview", "", stack.preview),
            ("refresh", "", stack.refresh),
            ("up: rotate all", "31d", stack.up),
            ("up: retire all", "8d", stack.up),
            ("destroy", "", stack.destroy),
        ]
        rows = []
        for name, later, step in steps:
            if later:
                cloud.advance(later)
            cloud.forget_calls()
            started = time.monotonic()
            step()
            rows.append((name, time.monotonic() - started, sum(cloud.calls().values())))
        return rows
    finally:
        cloud.stop()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--keys", type=int, nargs="+", default=[5, 50], help="sizes, in multiples of 5 (default: 5 50)")
    table = Table("how long a stack takes", ["step", "keys", "seconds", "API calls", "calls a key"])
    for keys in parser.parse_args().keys:
        say(f"measuring {keys} keys")
        with tempfile.TemporaryDirectory(prefix="bench-") as directory:
            for name, seconds, calls in measured(keys, Path(directory)):
                table.add(name, keys, f"{seconds:.1f}", calls, f"{calls / keys:.1f}")
    print(table.text())


if __name__ == "__main__":
    main()
