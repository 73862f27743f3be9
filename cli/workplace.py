"""Where a command works: the project, its engine, the environment; and what it reads of them, with progress on a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from cli.cloud_keys import NOTHING, CloudView, folders_of, look
from cli.deployed import Deployed, deployed
from cli.engine import Engine
from cli.exit_codes import CouldNotLook
from cli.project import Project, find_project
from cli.stack_settings import cloud_ids, common_settings, judged_at

if TYPE_CHECKING:
    from cli.cloud_login import Lookup


@dataclass(frozen=True)
class Workplace:
    """The project that a command is about, and the environment that it was started in."""

    project: Project
    environment: Mapping[str, str]

    @classmethod
    def at(cls, folder: Path | None) -> Workplace:
        """The project in `folder`, or around the current one. Raises CouldNotLook."""
        return cls(find_project((folder or Path.cwd()).resolve()), os.environ)

    @property
    def engine(self) -> Engine:
        """`pulumi`, run in the project."""
        return Engine(self.project, self.environment)

    def deployed(self, named: Sequence[str], *, or_none: bool = False) -> list[Deployed]:
        """What the chosen stacks hold; all of them, where none is named. Raises WrongUse, and CouldNotLook, also where there is none
        (unless `or_none`): who looks at the wrong backend must not hear that all is well."""
        with progress("reading stacks"):
            found = [deployed(stack) for stack in self.engine.stacks(named)]
        if not found and not or_none:
            raise CouldNotLook(
                f"the backend has no stack of project {self.project.name}: is it the right one? PULUMI_BACKEND_URL names it, or else `pulumi login`"
            )
        return found

    @contextmanager
    def cloud(self, stacks: Sequence[str]) -> Iterator[Lookup]:
        """A way to ask the cloud of `stacks`, with progress. Raises CouldNotLook and WrongUse."""
        from cli import cloud_login

        settings = common_settings(self.project, stacks, self.environment)
        with progress("looking into the cloud"), cloud_login.cloud_of(settings, self.environment) as lookup:
            yield lookup

    def folders(self, lookup: Lookup, stacks: Sequence[str], named: Sequence[str], whole_cloud: bool) -> list[str]:
        """The ids of the `named` folders, and of all in the clouds of `stacks` where `whole_cloud`. Raises CloudError, CouldNotLook and WrongUse."""
        clouds = cloud_ids(self.project, stacks, self.environment) if whole_cloud else []
        return list(dict.fromkeys([*named, *(folder for it in clouds for folder in folders_of(lookup, it))]))

    def cloud_view(
        self, stacks: Sequence[Deployed], folders: Sequence[str], whole_cloud: bool, accounts: Sequence[str] = ()
    ) -> CloudView:
        """The keys that the cloud has there; nothing, and no call, where nothing is asked for. Raises CouldNotLook and WrongUse."""
        if not folders and not whole_cloud and not accounts:
            return NOTHING
        names = [stack.stack for stack in stacks]
        with self.cloud(names) as lookup:
            return look(lookup, self.folders(lookup, names, folders, whole_cloud), accounts)

    def now(self) -> datetime:
        """The time by which keys are judged. Raises CouldNotLook."""
        return judged_at(self.environment)


@contextmanager
def progress(words: str) -> Iterator[None]:
    """Shows that something goes on, on a terminal alone, and takes it away again."""
    errors = Console(stderr=True)
    if not errors.is_terminal:
        yield
        return
    with errors.status(f"{words} …"):
        yield
