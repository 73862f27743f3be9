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

from cli.borrowed import Settings
from cli.cloud_keys import NOTHING, CloudView, folders_of, look
from cli.deployed import Deployed, deployed
from cli.engine import Engine
from cli.exit_codes import WrongUse
from cli.project import Project, find_project
from cli.stack_settings import common_settings, judged_at

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

    def deployed(self, named: Sequence[str]) -> list[Deployed]:
        """What the chosen stacks hold; all of them, where none is named. Raises CouldNotLook and WrongUse."""
        with progress("reading stacks"):
            return [deployed(stack) for stack in self.engine.stacks(named)]

    def settings(self, stacks: Sequence[Deployed]) -> Settings:
        """The settings by which the cloud is asked, and keys are judged, for all of `stacks`. Raises CouldNotLook and WrongUse."""
        return common_settings(self.project, [stack.stack for stack in stacks], self.environment)

    @contextmanager
    def cloud(self, settings: Settings, whole: bool) -> Iterator[Lookup]:
        """A way to ask the cloud, with progress; `whole`: its id will be needed. Raises CouldNotLook and WrongUse."""
        if whole and not settings.cloud_id:
            raise WrongUse(
                "--cloud: which cloud isn't known: set yandex-keys:cloudId in the stack file, or YC_CLOUD_ID"
            )
        from cli import cloud_login

        with progress("looking into the cloud"), cloud_login.cloud_of(settings, self.environment) as lookup:
            yield lookup

    def cloud_view(
        self, settings: Settings, folders: Sequence[str], whole_cloud: bool, accounts: Sequence[str] = ()
    ) -> CloudView:
        """The keys that the cloud has there; nothing, and no call, where nothing is asked for. Raises CouldNotLook and WrongUse."""
        if not folders and not whole_cloud and not accounts:
            return NOTHING
        with self.cloud(settings, whole_cloud) as lookup:
            of_the_cloud = folders_of(lookup, settings.cloud_id) if whole_cloud else []
            return look(lookup, list(dict.fromkeys([*folders, *of_the_cloud])), accounts)

    def now(self, settings: Settings) -> datetime:
        """The time by which keys are judged."""
        return judged_at(settings)


@contextmanager
def progress(words: str) -> Iterator[None]:
    """Shows that something goes on, on a terminal alone, and takes it away again."""
    errors = Console(stderr=True)
    if not errors.is_terminal:
        yield
        return
    with errors.status(f"{words} …"):
        yield
