"""The walk that nobody planned: users, colleagues, faults, kills and clocks at random on one cloud; the consumer's invariant holds after each step.

A walk is a sequence of steps of `Walk`, which hypothesis chooses and, where something breaks, shrinks to the few that matter. The same steps can be
taken by hand (`tests/reliability/test_walks.py` keeps those that were found), and by the real engine (`tests/reliability/replay.py`).
At the end of a walk everybody comes to rest: runs with a refresh succeed, a further one has nothing to do, and after one more rotation nothing is
left.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from emulator.storage import Kind
from provider.yandex_keys.api_key import issue, verification
from provider.yandex_keys.api_key.key import Verify
from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.errors import VerificationFailed, YandexKeysError
from tests.reliability import programs
from tests.reliability.near_cloud import Kill, near_cloud
from tests.reliability.programs import KEY, MORE_SCOPES, SCOPE
from tests.reliability.small_engine import Declaration, Outcome, SmallStack
from tests.reliability.world import COLLEAGUE, World

NAMES: Final = ("red", "green", "blue")
ENTRIES: Final = ("one", "two", "three")
SECRETS: Final = ("secret", "second")
TERMS: Final = (
    {"lifetime": "90d", "rotateEvery": "30d", "overlap": "7d"},
    {"lifetime": "37d", "rotateEvery": "30d", "overlap": "7d"},
    {"lifetime": "60d", "rotateEvery": "14d", "overlap": "3d"},
    {"lifetime": "10d", "rotateEvery": "2d", "overlap": "2d"},
)
HOURS: Final = (1, 23, 25, 72, 24 * 8, 24 * 31, 24 * 100)
SKEWS: Final = (0, 0, 20, -20, 3 * 3600, -3 * 3600, 86_400, -86_400, -40 * 86_400)
CALLS: Final = (
    "ApiKeyService/Create",
    "ApiKeyService/Update",
    "ApiKeyService/Delete",
    "ApiKeyService/List",
    "SecretService/AddVersion",
    "SecretService/Get",
    "SecretService/ListVersions",
    "SecretService/ScheduleVersionDestruction",
    "*",
)
ACCEPTING: Final = "https://accepting.example/"
REFUSING: Final = "https://refusing.example/"
CODES: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED")
_MOST_STACKS: Final = 3
_TO_IMPORT: Final = re.compile(r"run `pulumi import (?P<token>\S+) (?P<name>\S+) (?P<id>\S+)")
Rule = TypeVar("Rule", bound=Callable[..., None])


@dataclass
class Spec:
    """A key as a program declares it. entry: None where it is an output alone."""

    name: str
    secret: str = "secret"
    entry: str | None = "one"
    exposed: bool = False
    was: str = ""
    imports: str = ""
    protect: bool = False
    retain: bool = False
    inputs: dict[str, Any] = field(default_factory=dict)

    def declared(self, made_elsewhere: dict[str, str] | None) -> Declaration:
        """The declaration; `made_elsewhere` are the ids of an account and secrets that another stack has made."""
        delivery: dict[str, Any] = {"exposeSecret": self.exposed or self.entry is None}
        base = programs.key(
            self.name,
            lockbox=self.secret if self.entry else None,
            entry=self.entry or "",
            was=self.was,
            imports=self.imports,
            **{**delivery, **self.inputs},
        )
        inputs = base.inputs
        if made_elsewhere is not None:
            made = {name: {"id": value} for name, value in made_elsewhere.items()}

            def inputs(_: Any) -> Any:
                return base.inputs(made)

        return replace(base, inputs=inputs, protect=self.protect, retain=self.retain)


@dataclass
class Team:
    """Who works on a stack: its program, and the copies of its state that somebody keeps.

    elsewhere: the ids of what its keys stand on, where another stack has made that. skew: how far its machine's clock is ahead of the cloud's.
    """

    stack: SmallStack
    specs: dict[str, Spec]
    elsewhere: dict[str, str] | None = None
    copies: list[str] = field(default_factory=list)
    skew: timedelta = timedelta(0)

    def program(self, folder_id: str) -> list[Declaration]:
        """What it declares."""
        keys = [spec.declared(self.elsewhere) for spec in self.specs.values()]
        if self.elsewhere is not None:
            return keys
        ground = [programs.account("walk"), programs.role(folder_id)]
        return [*ground, *(programs.secret("walk", name) for name in SECRETS), programs.reader(), *keys]


def _asks_in_this_process(verify: Callable[[Verify, str, Cloud], None]) -> Callable[[Verify, str, Cloud], None]:
    """`verify`, but for the two services that walks make up: nobody is called for them."""

    def verified(wanted: Verify, secret: str, cloud: Cloud) -> None:
        if wanted.url == REFUSING:
            raise VerificationFailed(f"the new key was refused by {wanted.url}")
        if wanted.url != ACCEPTING:
            verify(wanted, secret, cloud)

    return verified


# Once, and for good: walks overlap in a process, and one that put the true call back would take the other's away.
assert vars(issue)["verify"] is verification.verify, "keys are verified from elsewhere: walks would call real hosts"
setattr(issue, "verify", _asks_in_this_process(verification.verify))  # noqa: B010  (issue doesn't export it)


def step(**strategies: Any) -> Callable[[Rule], Rule]:
    """A rule of the machine that is also noted, so that a walk can be told and taken again; what it broke is raised."""

    def wrap(method: Rule) -> Rule:
        @functools.wraps(method)
        def taken(self: Walk, **given: Any) -> None:
            self.taken.append((method.__name__, given))
            method(self, **given)
            self.judge()

        made: Any = rule(**strategies)
        return made(taken)  # type: ignore[no-any-return]

    return wrap


_NUMBER: Final = st.integers(0, 5)
_KEY: Final = st.integers(0, 2)


class Walk(RuleBasedStateMachine):
    """One walk. Steps that make no sense where it stands do nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.world = self.make_world()
        self.teams: list[Team] = []
        self._names = iter(f"stack{number}" for number in range(1, 100))
        self.at_rest = False

    def make_world(self) -> World:
        """The world that is walked through."""
        return World(self._open.enter_context(near_cloud()))

    # Runs.

    @initialize(entry=st.sampled_from([*ENTRIES, None]))
    def begin(self, entry: str | None) -> None:
        """A stack with one key."""
        self.taken.append(("begin", {"entry": entry}))
        self.teams.append(Team(self.world.stack("prod"), {"red": Spec("red", entry=entry)}))
        self._up(self.teams[0])
        self.judge()

    @step(who=_NUMBER, how=st.sampled_from(["plain", "plain", "preview", "refresh"]))
    def run(self, who: int, how: str = "plain") -> None:
        """`pulumi up`."""
        self._up(self._team(who), preview=how == "preview", refresh=how == "refresh")

    @step(who=_NUMBER, key=_KEY, how=st.sampled_from(["target", "replace", "target_replace", "exclude"]))
    def run_on(self, who: int, key: int, how: str) -> None:
        """`pulumi up` with a resource named."""
        team, spec = self._team(who), self._spec(who, key)
        if spec is not None:
            self._up(team, **{how: [spec.name]})

    @step(who=_NUMBER)
    def refresh(self, who: int) -> None:
        """`pulumi refresh`."""
        self.world.refresh(self._at_work(self._team(who)).stack)

    @step(
        who=_NUMBER,
        method=st.sampled_from(CALLS),
        when=st.sampled_from(["before", "after"]),
        code=st.sampled_from(CODES),
        often=st.sampled_from([1, -1]),
        skip=st.integers(0, 2),
    )
    def run_with_a_fault(self, who: int, method: str, when: str, code: str, often: int = 1, skip: int = 0) -> None:
        """`pulumi up` while the cloud fails."""
        fault = {"method": method, "when": when, "code": code, "times": often, "skip": skip}
        self.world.cloud.faults.add([fault])
        self._up(self._team(who))
        self.world.cloud.faults.clear()

    @step(who=_NUMBER, at=st.integers(0, 9), when=st.sampled_from(["before", "after"]))
    def run_killed(self, who: int, at: int, when: str) -> None:
        """`pulumi up` that is killed at one of its calls."""
        with self.world.killed(Kill(at, when)):
            self._up(self._team(who))

    @step(who=_NUMBER, key=_KEY, at=st.integers(0, 9), when=st.sampled_from(["before", "after"]))
    def replacement_killed(self, who: int, key: int, at: int, when: str) -> None:
        """`pulumi up --target-replace` that is killed at one of its calls."""
        spec = self._spec(who, key)
        if spec is not None:
            with self.world.killed(Kill(at, when)):
                self._up(self._team(who), target_replace=[spec.name])

    # What users change.

    @step(
        who=_NUMBER,
        key=_KEY,
        what=st.sampled_from(["reissue", "scopes", "description", "terms", "whenStillUsed"]),
        number=st.integers(0, 3),
    )
    def change(self, who: int, key: int, what: str, number: int = 0) -> None:
        """An input of a key."""
        spec = self._spec(who, key)
        if spec is None:
            return
        changes: dict[str, dict[str, Any]] = {
            "reissue": {"reissue": str(number)},
            "scopes": {"scopes": [*MORE_SCOPES] if number % 2 else [SCOPE]},
            "description": {"description": f"words {number}"},
            "terms": dict(TERMS[number]),
            "whenStillUsed": {"whenStillUsed": ("extend", "retire")[number % 2]},
        }
        spec.inputs.update(changes[what])

    @step(who=_NUMBER, key=_KEY, url=st.sampled_from([None, ACCEPTING, REFUSING]))
    def verify(self, who: int, key: int, url: str | None) -> None:
        """New keys are tried before they count, at a service that accepts what is right, or nothing at all."""
        spec = self._spec(who, key)
        if spec is not None:
            spec.inputs["verify"] = {"url": url} if url else None

    @step(who=_NUMBER, key=_KEY, entry=st.sampled_from([*ENTRIES, None]), secret=st.sampled_from(SECRETS))
    def deliver(self, who: int, key: int, entry: str | None, secret: str = "secret") -> None:
        """A key goes to another entry, which no other key of its program has, or becomes an output."""
        team, spec = self._team(who), self._spec(who, key)
        taken = entry and any(
            (other.secret, other.entry) == (secret, entry) for other in team.specs.values() if other is not spec
        )
        if spec is not None and not taken and not self._is_shared(team):
            spec.secret, spec.entry = secret, self._entry(team, entry)

    @step(who=_NUMBER, key=_KEY)
    def expose(self, who: int, key: int) -> None:
        """A key's secret is an output too, or isn't any more."""
        team, spec = self._team(who), self._spec(who, key)
        if spec is not None and not self._is_shared(team):
            spec.exposed = not spec.exposed

    @step(who=_NUMBER)
    def swap_entries(self, who: int) -> None:
        """Two keys of a program swap their entries."""
        pair = self._pair(who)
        if pair:
            one, other = pair
            one.secret, other.secret, one.entry, other.entry = other.secret, one.secret, other.entry, one.entry

    @step(who=_NUMBER)
    def swap_names(self, who: int) -> None:
        """Two keys of a program swap their names, with an alias each; an import still declared would go along, and make one key two resources'."""
        pair = self._pair(who)
        if pair and not any(spec.imports for spec in pair):
            team = self._team(who)
            one, other = pair
            one.name, other.name, one.was, other.was = other.name, one.name, one.name, other.name
            team.specs[one.name], team.specs[other.name] = one, other

    @step(who=_NUMBER, name=st.sampled_from(NAMES), entry=st.sampled_from([*ENTRIES, None]))
    def declare(self, who: int, name: str, entry: str | None) -> None:
        """One more key."""
        team = self._team(who)
        entry = self._entry(team, entry)
        taken = entry and any((other.secret, other.entry) == ("secret", entry) for other in team.specs.values())
        if name not in team.specs and not taken and not self._is_shared(team):
            team.specs[name] = Spec(name, entry=entry)

    @step(who=_NUMBER, key=_KEY)
    def remove(self, who: int, key: int) -> None:
        """A key leaves the program."""
        team, spec = self._team(who), self._spec(who, key)
        if spec is not None and not self._is_shared(team):
            del team.specs[spec.name]

    @step(who=_NUMBER, key=_KEY, name=st.sampled_from(NAMES), how=st.sampled_from(["alias", "bare", "state"]))
    def rename(self, who: int, key: int, name: str, how: str) -> None:
        """A key gets another name: by an alias, without one (then it is another key), or in the state as well."""
        team, spec = self._team(who), self._spec(who, key)
        if spec is None or name in team.specs or self._is_shared(team):
            return
        if how == "state":
            if spec.name not in team.stack.resources or name in team.stack.resources:
                return
            try:
                team.stack.rename(spec.name, name)
            except ValueError:
                return
        del team.specs[spec.name]
        spec.was, spec.name = spec.name if how == "alias" else "", name
        team.specs[name] = spec

    @step(who=_NUMBER)
    def rename_stack(self, who: int) -> None:
        """`pulumi stack rename`."""
        self._team(who).stack.rename_stack(next(self._names))

    @step(who=_NUMBER, key=_KEY, what=st.sampled_from(["taint", "protect", "retain"]))
    def mark(self, who: int, key: int, what: str) -> None:
        """`pulumi state taint`, or an option of the program's."""
        team, spec = self._team(who), self._spec(who, key)
        if spec is None:
            return
        if what == "taint":
            if spec.name in team.stack.resources:
                team.stack.taint(spec.name)
        elif what == "protect":
            spec.protect = not spec.protect
        else:
            spec.retain = not spec.retain

    @step(who=_NUMBER, key=_KEY)
    def forget(self, who: int, key: int) -> None:
        """`pulumi state delete`."""
        team, spec = self._team(who), self._spec(who, key)
        held = team.stack.resources.get(spec.name) if spec else None
        if held is not None:
            with suppress(ValueError):
                team.stack.forget(held.name)
                self.world.release(held.id)

    @step(who=_NUMBER, key=_KEY, whose=st.integers(0, 9))
    def compromise(self, who: int, key: int, whose: int) -> None:
        """A key lists any key that there is as compromised."""
        spec = self._spec(who, key)
        ids = sorted(self.world.line_of, key=list(self.world.line_of).index)
        if spec is not None and ids:
            listed = spec.inputs.setdefault("compromised", [])
            spec.inputs["compromised"] = [*listed, ids[-1 - whose % len(ids)]]

    @step(who=_NUMBER, name=st.sampled_from(NAMES), how=st.sampled_from(["option", "command"]))
    def adopt(self, who: int, name: str, how: str) -> None:
        """A key that a colleague made by hand is imported."""
        team = self._team(who)
        found = [key_id for key_id, line in self.world.line_of.items() if line == COLLEAGUE and self.world.key(key_id)]
        if not found or name in team.specs or name in team.stack.resources or self._is_shared(team):
            return
        if any(held.id == found[-1] for other in self.teams for held in other.stack.state.resources):
            return
        spec = Spec(name, entry=None, imports=found[-1])
        if how == "command":
            if not self.world.over(
                self._at_work(team).stack.bring_in(spec.declared(team.elsewhere), protect=False)
            ).failed:
                team.specs[name] = replace(spec, imports="")
        else:
            team.specs[name] = spec

    # States and backends.

    @step(who=_NUMBER)
    def keep_a_copy(self, who: int) -> None:
        """`pulumi stack export`."""
        team = self._team(who)
        team.copies.append(team.stack.export())

    @step(who=_NUMBER, which=st.integers(0, 3))
    def restore(self, who: int, which: int = 0) -> None:
        """`pulumi stack import` of an older export."""
        team = self._team(who)
        if team.copies:
            self.world.copy(team.stack, team.copies[which % len(team.copies)])

    @step(who=_NUMBER)
    def fork(self, who: int) -> None:
        """The state is imported into another backend, and both are used."""
        team = self._team(who)
        if len(self.teams) < _MOST_STACKS and team.stack.state.provider_id:
            stack = self.world.stack(team.stack.name)
            self.world.copy(stack, team.stack.export())
            specs = {name: replace(spec, inputs=dict(spec.inputs)) for name, spec in team.specs.items()}
            self.teams.append(Team(stack, specs, team.elsewhere))

    @step(who=_NUMBER)
    def give_up(self, who: int) -> None:
        """Nobody works with a copy any more, or with a stack whose state is lost."""
        team = self._team(who)
        if team is not self.teams[0] and len(self.teams) > 1:
            self._leave(team)

    @step(same_name=st.booleans(), entry=st.sampled_from([*ENTRIES, None]))
    def another_stack(self, same_name: bool, entry: str | None) -> None:
        """Another stack has keys of its own on the first one's account, perhaps under the very same URN."""
        first = self.teams[0].stack
        if len(self.teams) >= _MOST_STACKS or not {"account", *SECRETS} <= set(first.resources):
            return
        elsewhere = {name: first.resources[name].id for name in ("account", *SECRETS)}
        if not self._are_there(elsewhere):
            return
        stack = self.world.stack(first.name if same_name else next(self._names))
        team = Team(stack, {}, elsewhere)
        team.specs["red"] = Spec("red", entry=self._entry(team, entry))
        self.teams.append(team)
        self._up(team)

    @step(who=_NUMBER)
    def destroy(self, who: int) -> None:
        """`pulumi destroy` of a stack on which nobody else's keys stand."""
        team = self._team(who)
        if self._is_shared(team) or (team.elsewhere is None and len(self.teams) > 1):
            return
        self.world.destroy(self._at_work(team).stack)
        # A state of before belongs to another provider resource, whose account's name is another's by then.
        team.copies.clear()

    # Colleagues, time and clocks.

    @step(copied=st.booleans())
    def colleague_makes_a_key(self, copied: bool) -> None:
        """By hand, perhaps with a description that was copied."""
        account = self.teams[0].stack.resources.get("account")
        if account is None:
            return
        ours = [key for key in map(self.world.key, self.world.line_of) if key is not None]
        description = ours[-1].description if copied and ours else "by hand"
        request = {"service_account_id": account.id, "scopes": [SCOPE], "description": description}
        self._by_hand("ApiKeyService/Create", request)

    @step(whose=st.integers(0, 9))
    def colleague_deletes_a_key(self, whose: int) -> None:
        """Any key."""
        key_id = self._any_key(whose)
        if key_id:
            self._by_hand("ApiKeyService/Delete", {"api_key_id": key_id})

    @step(whose=st.integers(0, 9), days=st.sampled_from([1, 20, 400]))
    def colleague_redates_a_key(self, whose: int, days: int) -> None:
        """Any key ends some days from now."""
        key_id = self._any_key(whose)
        if key_id:
            ends = (self.world.cloud.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
            request = {"api_key_id": key_id, "expires_at": ends, "update_mask": "expiresAt"}
            self._by_hand("ApiKeyService/Update", request)

    @step(whose=st.integers(0, 9))
    def colleague_rescopes_a_key(self, whose: int) -> None:
        """Any key gets the wider scopes."""
        key_id = self._any_key(whose)
        if key_id:
            request = {"api_key_id": key_id, "scopes": [*MORE_SCOPES], "update_mask": "scopes"}
            self._by_hand("ApiKeyService/Update", request)

    @step(secret=st.sampled_from(SECRETS), entry=st.sampled_from([*ENTRIES, "by_hand"]))
    def colleague_writes(self, secret: str, entry: str) -> None:
        """An entry of their own, or over one of ours."""
        held = self.teams[0].stack.resources.get(secret)
        if held is not None:
            entries = [{"key": entry, "text_value": "a colleague's"}]
            self._by_hand("SecretService/AddVersion", {"secret_id": held.id, "payload_entries": entries})

    @step(secret=st.sampled_from(SECRETS), back=st.integers(1, 3))
    def colleague_puts_back(self, secret: str, back: int) -> None:
        """An older version becomes the current one."""
        held = self.teams[0].stack.resources.get(secret)
        if held is None:
            return
        with suppress(YandexKeysError):
            request = {"secret_id": held.id}
            versions = self.world.by_hand("SecretService/ListVersions", request).get("versions", [])
            active = sorted(
                (item for item in versions if item.get("status") == "ACTIVE"), key=lambda item: item["created_at"]
            )
            if len(active) > back:
                request = {"secret_id": held.id, "version_id": active[-1 - back]["id"]}
                self._by_hand("SecretService/SetCurrentVersion", request)

    @step(whose=st.integers(0, 9))
    def stuck_consumer_calls(self, whose: int) -> None:
        """A consumer that holds an old secret uses it."""
        key_id = self._any_key(whose)
        secret = self.world.secret_of(key_id) if key_id else ""
        if secret:
            self.world.cloud.accepts(secret)

    @step(hours=st.sampled_from(HOURS))
    def wait(self, hours: int) -> None:
        """Time goes by."""
        self.world.advance(timedelta(hours=hours))

    @step(whose=st.integers(0, 9))
    def consumer_gets_stuck(self, whose: int) -> None:
        """A consumer goes on with the secret that it has, for ever."""
        key_id = self._any_key(whose)
        if key_id and self.world.secret_of(key_id):
            self.world.stuck.add(self.world.secret_of(key_id))

    @step(seconds=st.sampled_from(SKEWS), who=st.one_of(st.none(), _NUMBER))
    def clock(self, seconds: int, who: int | None = None) -> None:
        """The clock of a stack's machine, or of everybody's, is ahead of the cloud's, or behind."""
        for team in self.teams if who is None else [self._team(who)]:
            team.skew = timedelta(seconds=seconds)

    @step(hours=st.sampled_from([1, 24, 24 * 7]))
    def run_every(self, hours: int) -> None:
        """Runs are said to come so often."""
        self.world.cloud.variables["YANDEX_KEYS_RUN_EVERY"] = f"{hours}h"

    @step(calls=st.sampled_from([0, 1, 3]))
    def listings_lag(self, calls: int) -> None:
        """What is made from now on is missing from that many listings."""
        self.world.cloud.state.settings_store.change({"listingDelayCalls": calls})

    # The end.

    def teardown(self) -> None:
        """Everybody comes to rest."""
        try:
            if self.teams and not self.world.broken:
                self.rest()
                self.judge()
        finally:
            self._open.close()

    def rest(self) -> None:
        """Faults, lags and wrong clocks are over, copies are given up; runs settle what is there, and nothing is left."""
        self.taken.append(("rest", {}))
        world = self.world
        world.stuck.clear()
        world.cloud.variables.clear()
        world.cloud.faults.clear()
        world.cloud.state.settings_store.reset()
        for team in list(self.teams[1:]):
            if self._is_shared(team) or not self._are_there(team.elsewhere or {}):
                self._leave(team)
        for team in self.teams:
            team.skew = timedelta(0)
            claimed = set(team.specs)
            for spec in team.specs.values():
                spec.protect, spec.imports = False, ""
                if spec.was in claimed:
                    # The engine refuses two resources that claim one name, and says to take the alias away.
                    spec.was = ""
                claimed.add(spec.was)
                spec.inputs.pop("verify", None)
            # A protected resource that has left the program is let go by hand.
            for held in team.stack.resources.values():
                if held.protect:
                    team.stack.protect(held.name, on=False)
        for team in self.teams:
            outcome = self._up(team, refresh=True)
            named = _TO_IMPORT.search(" ".join(outcome.errors))
            if named:
                # What a killed run has made can't be told from another's after a rename; then the error says what to do, and that is done.
                declared = next(item for item in team.program(world.cloud.folder_id) if item.token == named["token"])
                self._must(world.over(team.stack.bring_in(replace(declared, imports=named["id"]), protect=False)), team)
                outcome = self._up(team, refresh=True)
            self._must(outcome, team)
        for team in self.teams:
            # A second refresh: two resources of two stacks may have had their say in one secret.
            self._must(self._up(team, refresh=True), team)
        for team in self.teams:
            world.cloud.calls.clear()
            outcome = self._must(self._up(team), team)
            calls = {method for method, count in world.cloud.calls.counts().items() if count}
            if outcome.done or calls - {"ApiKeyService/List"}:
                world.broken.append(
                    f"one more `up` of {team.stack.name} isn't a no-op: {outcome.done} {sorted(calls)} {outcome.logged}"
                )
        for days in (31, 8):
            world.advance(timedelta(days=days))
            for team in self.teams:
                self._must(self._up(team), team)
        world.broken += world.strays()

    def judge(self) -> None:
        """Raises AssertionError with the story where something broke."""
        if self.world.broken:
            raise AssertionError("\n".join([*self.world.broken, "", "The walk:", *self.story()]))

    def story(self) -> Iterator[str]:
        """The steps that were taken, as they are written in a test."""
        for name, given in self.taken:
            yield f"walk.{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})"

    def _up(self, team: Team, **options: Any) -> Outcome:
        outcome = self.world.up(self._at_work(team).stack, team.program(self.world.cloud.folder_id), **options)
        if not outcome.failed and not options.keys() & {"target", "target_replace", "exclude"}:
            for spec in team.specs.values():
                spec.was, spec.imports = "", ""
        return outcome

    def _at_work(self, team: Team) -> Team:
        """The team, at its machine."""
        self.world.skew = team.skew
        return team

    def _must(self, outcome: Outcome, team: Team) -> Outcome:
        if outcome.failed:
            self.world.broken.append(f"`up` of {team.stack.name} failed at rest: {'; '.join(outcome.errors)[:400]}")
        return outcome

    def _team(self, who: int) -> Team:
        return self.teams[who % len(self.teams)]

    def _spec(self, who: int, key: int) -> Spec | None:
        specs = list(self._team(who).specs.values())
        return specs[key % len(specs)] if specs else None

    def _pair(self, who: int) -> tuple[Spec, Spec] | None:
        team = self._team(who)
        specs = list(team.specs.values())
        return (specs[0], specs[1]) if len(specs) > 1 and not self._is_shared(team) else None

    def _entry(self, team: Team, entry: str | None) -> str | None:
        """Each stack has entries of its own in the secrets."""
        return entry and f"{entry}_{self.teams.index(team) if team in self.teams else len(self.teams)}"

    def _is_shared(self, team: Team) -> bool:
        """Whether another stack holds a copy of the same lives; then their programs stay alike."""
        lines = {held.id for held in team.stack.state.resources if held.token == KEY}
        return any(
            lines & {held.id for held in other.stack.state.resources} for other in self.teams if other is not team
        )

    def _are_there(self, elsewhere: dict[str, str]) -> bool:
        """Whether what keys stand on is there still."""
        storage = self.world.cloud.state.storage
        kinds = {"account": Kind.SERVICE_ACCOUNT, **dict.fromkeys(SECRETS, Kind.SECRET)}
        return all(storage.get(kinds[name], resource_id) is not None for name, resource_id in elsewhere.items())

    def _leave(self, team: Team) -> None:
        self.teams.remove(team)
        lines = [held.id for held in team.stack.state.resources]
        self.world.stacks.remove(team.stack)
        for line in lines:
            self.world.release(line)

    def _any_key(self, whose: int) -> str:
        """The id of one of the last keys that were made."""
        ids = [key_id for key_id in self.world.line_of if self.world.key(key_id) is not None]
        return ids[-1 - whose % len(ids)] if ids else ""

    def _by_hand(self, method: str, request: dict[str, Any]) -> None:
        """A colleague's call; one that the cloud refuses does nothing."""
        with suppress(YandexKeysError):
            self.world.by_hand(method, request)
