"""`python -m tools.release VERSION`: makes a release of this clone, all but pushing it."""

from __future__ import annotations

import datetime as dt
import sys

from setup.engine.places import REPOSITORY
from tools.release.numbering import tag_of
from tools.release.refused import ReleaseRefused
from tools.release.steps import Release, release
from tools.sdk_generator import address

_NOWHERE = (
    "\nNo SDK of it knows where to get the plugin: pyproject.toml, [project.urls], Repository is a placeholder. "
    "Put the repository's address there, `make sdk`, and release that."
)


def told(done: Release, there: str) -> str:
    """What there is now, and what is left to do, by hand: nothing of it can be taken back. `there` is the repository's address."""
    tag = tag_of(done.version)
    built = "\n".join(f"  {file.parent.name}/{file.name}" for file in done.files)
    return (
        f"Release {done.version} is commit {done.commit}. Built of it, installed and imported:\n{built}\n"
        f"To publish it, push its tag, which `pulumi package add <git address>/provider@{done.version}` looks for:\n"
        f'  git tag --annotate {tag} --message "Release {done.version}"\n'
        f"  git push --atomic origin HEAD {tag}\n"
        "What is in dist/ is for the page of the release." + (_NOWHERE if there == address.PLACEHOLDER else "")
    )


def main(arguments: list[str]) -> int:
    """Exit code 0 when the release was made; 1 when it was refused, 2 for wrong use, 130 when it was interrupted."""
    if len(arguments) != 1:
        print("usage: make release VERSION=x.y.z", file=sys.stderr)
        return 2
    try:
        print(told(release(REPOSITORY, arguments[0], dt.datetime.now(dt.UTC).date()), address.said(REPOSITORY)))
    except ReleaseRefused as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: nothing is released, and the clone is as it was", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
