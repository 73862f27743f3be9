"""`python -m setup.engine`: gets the engine where there is none, and prints its path."""

from __future__ import annotations

import os
import sys

from setup.engine.provision import EngineMissing, provide


def main() -> int:
    """Prints the engine's path; exit code 1, with one line on what to install, when there is none."""
    try:
        engine = provide(os.environ)
    except EngineMissing as error:
        print(error, file=sys.stderr)
        return 1
    print(engine.executable)
    return 0


if __name__ == "__main__":
    sys.exit(main())
