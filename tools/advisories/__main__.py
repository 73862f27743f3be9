"""`python -m tools.advisories`: asks for known vulnerabilities of what is pinned.

Exit code 1 where there are some, with a line each. Where the database can't be reached one line says so, and nothing fails: what was not
checked is said to be unchecked, and a machine without a network can still be worked on.
"""

from __future__ import annotations

import sys
from pathlib import Path

from setup.engine.places import REPOSITORY
from tools.advisories.database import ADDRESS, Unreachable, advisories
from tools.advisories.pinned import pinned


def main(repository: Path = REPOSITORY, address: str = ADDRESS) -> int:
    """Prints what is known of each package, or that nothing is, or that nobody could be asked."""
    packages = pinned(repository)
    try:
        known = advisories(packages, address)
    except Unreachable as error:
        print(f"advisories: {len(packages)} pinned packages were NOT checked: {error}")
        return 0
    for package, ids in sorted(known.items()):
        print(f"advisories: {package}: {', '.join(sorted(set(ids)))}")
    print(f"advisories: {len(packages)} pinned packages checked, something is known of {len(known)}")
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
