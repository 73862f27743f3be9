"""One case on the bench: its stack, its things in the cloud, and what it has noted on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from provider.yandex_keys.run import Session
from tests.reliability import programs
from tests.reliability.bench import Bench
from tests.reliability.near_bench import NearBench
from tests.reliability.small_engine import Declaration, Outcome
from tests.reliability.view import View


class Scene:
    """A stack of its own in a cloud that other cases may have used before. `notes` are key ids and `secrets` theirs, by a name for each."""

    def __init__(
        self, bench: Bench | NearBench, tuned: Callable[[Session], None] | None = None, **environment: str
    ) -> None:
        self.bench = bench
        self.case = bench.begin()
        self.stack = bench.stack(tuned, **environment)
        self.notes: dict[str, str] = {}
        self.secrets: dict[str, str] = {}

    def program(self, *keys: Declaration, more: Sequence[Declaration] = ()) -> list[Declaration]:
        """The account with its role, a secret with its reader, `more`, and the keys."""
        ground = [programs.account(self.case), programs.role(self.bench.ready["folderId"])]
        return [*ground, programs.secret(self.case), programs.reader(), *more, *keys]

    def must(self, outcome: Outcome) -> Outcome:
        """Raises AssertionError where a command failed that no fault was meant for."""
        assert not outcome.failed, outcome.errors
        return outcome

    def up(self, *keys: Declaration, more: Sequence[Declaration] = ()) -> None:
        """One `up` on the way to the step that is to be tested."""
        self.must(self.stack.up(self.program(*keys, more=more)))

    def note(self, name: str, key: str = "key") -> str:
        """Notes the current key of the declaration `key` as `name`; answers its id."""
        key_id = str(self.key(key)["keyId"])
        self.notes[name] = key_id
        self.secrets[name] = self.look().keys[key_id]["secret"]
        return key_id

    def key(self, name: str = "key") -> dict[str, Any]:
        """The outputs of the key declared as `name`."""
        return self.stack.resources[name].values

    def look(self) -> View:
        """What the cloud holds now."""
        return View(self.bench.state(), lambda name: name == self.case or name.startswith(f"{self.case}-"))
