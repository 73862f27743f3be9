"""A cloud in which several stacks, backends and colleagues live, watched call by call: who may change what, and what consumers hold.

A *line* is one life of one resource: it begins with its Create, lives through updates, renames and copies of the state, and ends with its Delete. An
API key belongs to the line of the verb that made it. A line is named by the resource's id, which its copies share; until the engine has been told
the id, by the number of the Create.

What is watched, after every call that the plugin makes:
- what Lockbox gives under an entry that a finished run has delivered, and what a stack's output gives, is accepted by the service;
- a key is changed or deleted, and its version scheduled for destruction, by its own line alone (or where it is listed as compromised); an entry is
  taken away by the line that wrote it; nothing is taken over from anybody; a verb that only reads changes nothing;
- what consumers hold since before a rotation works for its overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from yandex.cloud.iam.v1.api_key_pb2 import ApiKey
from yandex.cloud.lockbox.v1.payload_pb2 import Payload
from yandex.cloud.lockbox.v1.secret_service_pb2 import AddVersionMetadata

from emulator.clock import moment
from emulator.storage import Kind
from provider.yandex_keys.durations import parse_duration
from provider.yandex_keys.times import parse_time
from tests.reliability.near_cloud import Happened, Kill, NearCloud
from tests.reliability.plugin_run import Identity, PluginRun
from tests.reliability.programs import ACCOUNT, KEY, SECRET
from tests.reliability.small_engine import Declaration, Held, Outcome, SmallStack, Start, Verb

COLLEAGUE: Final = "a colleague"
_TOLERANCE: Final = timedelta(minutes=10)
_READS: Final = ("Get", "List")
_PAUSE: Final = timedelta(seconds=5)
Entry = tuple[str, str]
"""A Lockbox secret's id and the name of an entry of it."""


@dataclass
class Served:
    """An entry that consumers read.

    line: whose key it gives. until: up to when it must give one that works, even if nobody runs anything; None where nothing is promised: somebody
    has spoilt it, or time has gone by without a run. works: whether it does. value: what it gave last. touched: a colleague has changed it, or the
    key that it gives, which the next run with a refresh sees. lost: a colleague has written a version over it, whose contents a deployer can't
    read: the next delivery puts that right. put_back: an older version was made the current one; what others then add to that looks like a newer one.
    """

    line: str
    until: datetime | None = None
    works: bool = True
    value: str = ""
    touched: bool = False
    lost: bool = False
    put_back: bool = False


@dataclass(frozen=True)
class Kept:
    """A key that consumers may still hold from before a rotation: it works until then."""

    key_id: str
    line: str
    until: datetime


@dataclass(frozen=True)
class _Output:
    """What an output of a stack gives."""

    stack: str
    name: str
    line: str
    key_id: str
    secret: str


@dataclass
class _Acting:
    """The verb at work: its line, and what it was given."""

    line: str
    verb: Verb
    stack: str
    provider_id: str
    gave_lifetime: bool = False
    """Whether the key that a Create has made was given its lifetime."""
    outputs: list[_Output] = field(default_factory=list)
    """Those that gave a working key as it began."""

    def __str__(self) -> str:
        return f"{self.verb.name} of {self.verb.urn.split('::')[-1]} in {self.stack}"


class World:
    """One cloud and all who work in it. `broken` says what went against what is watched, in the order in which it happened."""

    def __init__(self, cloud: NearCloud) -> None:
        self.cloud = cloud
        self.broken: list[str] = []
        self.story: list[str] = []
        self.skew = timedelta(0)
        """How far the machine's clock is ahead of the cloud's."""
        self.stuck: set[str] = set()
        """Secrets with which consumers go on for ever."""
        self.make: Callable[[Start, str], Any] = SmallStack
        """What makes a stack: the small engine's, or the real one's."""
        self.stacks: list[SmallStack] = []
        self.line_of: dict[str, str] = {}
        """Of every key that was made, by its id."""
        self.served: dict[Entry, Served] = {}
        self.kept: list[Kept] = []
        self.let_go: set[str] = set()
        """Lines that users let go of: nobody's state holds them, by their own will."""
        self.left: set[str] = set()
        """Lines that were killed between their last call and the engine's note of them: their key lives to its own end, and is named by warnings."""
        self.copied: set[str] = set()
        """Lines of states that were restored or copied: what their outputs give is promised by a run with a refresh alone."""
        self.spoilt: set[str] = set()
        """Lines that a Delete was begun of, though some state still holds them: nothing of them is promised before a run with a refresh."""
        self.half_deleted = False
        """Whether a Delete has ended half-way; then Pulumi asks for a refresh."""
        self._secrets: dict[str, str] = {}
        self._entries_by: dict[Entry, str] = {}
        self._versions_by: dict[str, str] = {}
        # The keys whose secrets a version was written with.
        self._delivered_by: dict[str, set[str]] = {}
        self._origins: dict[str, tuple[str, str]] = {}
        self._owners: dict[str, tuple[str, str]] = {}
        """Of every key: the provider resource and the URN that it was made for."""
        self._descriptions: dict[str, str] = {}
        self._meddled: set[str] = set()
        """Lockbox secrets in which a colleague has done something."""
        self._theirs: set[str] = set()
        """Keys that a colleague has changed."""
        self._held: set[str] = set()
        self._deleted: set[str] = set()
        """Lines that the command at work has deleted."""
        self._acting: _Acting | None = None
        self._by_hand = False
        self._numbers = iter(range(1, 1_000_000))
        self._colleague = cloud.colleague()
        cloud.watchers.append(self._happened)

    def stack(self, name: str) -> SmallStack:
        """A new stack of that name, in a backend of its own."""

        def start(identity: Identity) -> PluginRun:
            now: Callable[[], datetime] = lambda: self.cloud.now() + self.skew  # noqa: E731
            return PluginRun(self.cloud.environment(), now, sdk=self.cloud.sdk, identity=identity)

        stack: SmallStack = self.make(start, name)
        stack.listeners.append(lambda verb: self._verb(stack, verb))
        self.stacks.append(stack)
        return stack

    @property
    def behind(self) -> timedelta:
        """How far what runs go by is behind the cloud's clock: the machine's, or what it is told instead."""
        judged = self.cloud.variables.get("YANDEX_KEYS_AS_OF")
        return self.cloud.now() - parse_time(judged) if judged else -self.skew

    def up(self, stack: SmallStack, program: Sequence[Declaration], **options: Any) -> Outcome:
        """`pulumi up`, and what must be true of it."""
        self._pause()
        outcome = self.over(stack.up(program, **options))
        if not outcome.failed:
            chosen = [item for item in program if _is_included(item.name, options)]
            self._delivered(stack, chosen, refreshed=bool(options.get("refresh")))
        return outcome

    def refresh(self, stack: SmallStack) -> Outcome:
        """`pulumi refresh`."""
        self._pause()
        return self.over(stack.refresh())

    def destroy(self, stack: SmallStack) -> Outcome:
        """`pulumi destroy`; with the account and the secrets goes what stands on them, whosever it is."""
        ids = {held.id for held in stack.state.resources}
        accounts = {key_id: key.service_account_id for key_id in self.line_of if (key := self.key(key_id)) is not None}
        self.served = {
            entry: served
            for entry, served in self.served.items()
            if entry[0] not in ids and accounts.get(self._secrets.get(served.value, "")) not in ids
        }
        self.kept = [item for item in self.kept if accounts.get(item.key_id) not in ids]
        # Its role may go before its key does.
        self.spoilt |= ids
        self._pause()
        return self.over(stack.destroy())

    def by_hand(self, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """What a colleague does; what they spoil by it is nobody's fault. Raises YandexKeysError."""
        self._pause()
        self._by_hand, kill = True, self.cloud.kill
        self.cloud.kill = None
        try:
            plain = method == "ApiKeyService/Create" or method.rpartition("/")[2].startswith(_READS)
            return self._colleague.call(method, request) if plain else self._colleague.operate(method, request)
        finally:
            self._by_hand, self.cloud.kill = False, kill
            self._excuse(method, str(request.get("secret_id", "")))

    def advance(self, duration: timedelta) -> None:
        """Time goes by."""
        self.cloud.advance(duration)
        now = self.cloud.now()
        self.kept = [item for item in self.kept if item.until > now]
        for entry, served in self.served.items():
            if served.works and not self._works(entry):
                served.works = False
                if served.until is not None and now < served.until:
                    self._break(f"entry {entry[1]} gives a dead key as time goes by")
            if served.until is not None and now >= served.until:
                served.until = None

    def _pause(self) -> None:
        """Nobody does two things in one second."""
        self.cloud.advance(_PAUSE)
        for secret in self.stuck:
            self.cloud.accepts(secret)

    @contextmanager
    def killed(self, kill: Kill) -> Iterator[None]:
        """The command that runs within is killed as `kill` says."""
        kept, self.cloud.kill = self.cloud.kill, kill
        try:
            yield
        finally:
            self.cloud.kill = kept

    def copy(self, stack: SmallStack, text: str) -> None:
        """`pulumi stack import` of a copy that isn't the only one, or is an older one."""
        before = {held.id for held in stack.state.resources}
        stack.import_state(text)
        self.copied |= {held.id for held in stack.state.resources if held.token == KEY}
        for line in before:
            self.release(line)

    def release(self, line: str) -> None:
        """The user lets go of a line: its keys are nobody's from now on, and nothing is promised of what it delivers."""
        if not any(held.id == line for stack in self.stacks for held in stack.state.resources):
            self.let_go.add(line)

    def key(self, key_id: str) -> ApiKey | None:
        """The key as the cloud has it; None where it is gone."""
        record = self.cloud.state.storage.get(Kind.API_KEY, key_id)
        return None if record is None else ApiKey.FromString(record.body)

    def secret_of(self, key_id: str) -> str:
        """The secret of a key that was made."""
        return self.cloud.secrets.get(key_id, "")

    def live_keys(self) -> dict[str, ApiKey]:
        """Every key that has not expired."""
        now = self.cloud.now()
        keys = (ApiKey.FromString(record.body) for record in self.cloud.state.storage.every(Kind.API_KEY))
        return {key.id: key for key in keys if not key.HasField("expires_at") or moment(key.expires_at) > now}

    def entries(self, secret_id: str) -> dict[str, str]:
        """What Lockbox gives of that secret."""
        storage = self.cloud.state.storage
        record = storage.get(Kind.SECRET, secret_id)
        payload = storage.get(Kind.PAYLOAD, record.facts["current"]) if record and record.facts["current"] else None
        if payload is None:
            return {}
        return {entry.key: entry.text_value for entry in Payload.FromString(payload.body).entries}

    def held_lines(self) -> set[str]:
        """Every line that some state holds."""
        return {held.id for stack in self.stacks for held in stack.state.resources if held.token == KEY}

    def strays(self) -> list[str]:
        """Live keys that the plugin made and no state accounts for, though nobody has let go of their line."""
        known: set[str] = set()
        for stack in self.stacks:
            for held in stack.state.resources:
                if held.token == KEY:
                    known |= {held.values["keyId"], *(item["keyId"] for item in held.values["previous"])}
        excused, lines = {COLLEAGUE, *self.let_go, *self.left}, self.held_lines()
        return [
            f"key {key_id} of {line} lives until {_end(key)} and no state knows it"
            for key_id, key in self.live_keys().items()
            if key_id not in known
            and (line := self.line_of.get(key_id, COLLEAGUE)) not in excused
            and (line in lines or key_id not in self._theirs)
        ]

    def over(self, outcome: Outcome) -> Outcome:
        """A command has ended; a process that was killed makes no more calls."""
        self._acting = None
        if outcome.killed:
            self.cloud.kill = None
        self._judge_kept()
        lines = self.held_lines()
        # What has gone without a Delete was retained, or went with its account: nobody's from now on.
        self.let_go |= self._held - lines - self._deleted
        self._held, self._deleted = lines, set()
        return outcome

    def _verb(self, stack: SmallStack, verb: Verb) -> None:
        if not verb.over:
            line = verb.held.id if verb.held is not None else f"create {next(self._numbers)}"
            self._acting = _Acting(line, verb, stack.name, stack.state.provider_id)
            self._acting.outputs = list(self._working_outputs())
            if verb.name == "Delete":
                self._ends(line)
            return
        acting, self._acting = self._acting, None
        assert acting is not None
        if verb.name == "Create" and verb.result is not None:
            self._created(stack, acting, verb.result)
        elif verb.name == "Create" and acting.gave_lifetime:
            self.left.add(acting.line)
        self.half_deleted |= verb.name == "Delete" and not verb.well
        if verb.name == "Delete" and self.cloud.state.settings_store.current.listing_delay_calls:
            # What listings lack can't be found by who only knows the line.
            self.left.add(acting.line)
        if verb.name == "Update" and verb.held is not None and verb.result is not None:
            self._moved(verb.held, verb.result)
        self._look(acting)

    def _created(self, stack: SmallStack, acting: _Acting, result: Held) -> None:
        """The engine is told of a new resource: the line gets its name."""
        origin = (acting.provider_id, acting.verb.urn)
        if result.token == KEY and self.line_of.get(result.id) != acting.line:
            self._break(f"{acting} took over key {result.id} of {self.line_of.get(result.id, COLLEAGUE)}")
        elif result.token in (ACCOUNT, SECRET):
            # An account's name is its own, so what replaces it for the same owner is the account itself.
            known = self._origins.setdefault(result.id, origin)
            if known != origin:
                self._break(f"{acting} took over {result.id}, which {known[1]} made")
        for key_id, line in self.line_of.items():
            if line == acting.line:
                self.line_of[key_id] = result.id
        for served in self.served.values():
            if served.line == acting.line:
                served.line = result.id
        for written in (self._entries_by, self._versions_by):
            for thing, line in written.items():
                if line == acting.line:
                    written[thing] = result.id  # type: ignore[index]

    def _ends(self, line: str) -> None:
        """A line is deleted: nothing of it is promised any more."""
        self.spoilt.add(line)
        self._deleted.add(line)
        self.served = {entry: served for entry, served in self.served.items() if served.line != line}
        self.kept = [item for item in self.kept if item.line != line]

    def _moved(self, before: Held, after: Held) -> None:
        """A key that is delivered elsewhere from now on: consumers of the old entry have moved by the end of its overlap."""
        old = _target(before)
        if old is not None and old != _target(after) and old in self.served and self.served[old].line == before.id:
            del self.served[old]

    def _delivered(self, stack: SmallStack, program: Collection[Declaration], refreshed: bool) -> None:
        """A run has ended well: every key that it declares is served, for at least one overlap from now on."""
        for declared in program:
            held = stack.resources.get(declared.name)
            if held is None or held.token != KEY or held.values.get("status") == "adopted":
                continue  # what was imported in this run is delivered by the next
            if refreshed:
                self.spoilt.discard(held.id)
            if held.id in self.spoilt:
                continue
            values, target = held.values, _target(held)
            overlap = parse_duration(values["overlap"])
            if target is not None:
                self._serve(stack, held, target, overlap, refreshed)
            if values.get("exposeSecret") and (refreshed or held.id not in self.copied):
                self._check_end(stack, held, values.get("secret", ""), overlap, "the output")

    def _serve(self, stack: SmallStack, held: Held, target: Entry, overlap: timedelta, refreshed: bool) -> None:
        served = self.served.get(target)
        if served is not None and served.line != held.id and served.line in self.held_lines():
            return  # another resource delivers there by now, as its own program says
        if self._entries_by.get(target, held.id) != held.id and not refreshed:
            return
        served = self.served.setdefault(target, Served(held.id, touched=target[0] in self._meddled))
        served.works, served.value = self._works(target), self.entries(target[0]).get(target[1], "")
        served.touched |= self._secrets.get(served.value) in self._theirs
        trusted = (refreshed or not served.touched) and not served.lost
        served.touched = not trusted
        served.put_back &= not refreshed
        if not trusted:
            return
        if not served.works:
            if self.behind > latest_wait(held.values):
                return  # nothing tells such a run that the key's time has come
            self._break(f"after `up` of {stack.name}, entry {target[1]} of {held.name} gives a dead key")
        elif self._check_end(stack, held, served.value, overlap, f"entry {target[1]}"):
            served.until = self.cloud.now() + overlap - _TOLERANCE

    def _check_end(self, stack: SmallStack, held: Held, secret: str, overlap: timedelta, what: str) -> bool:
        """What is given now ends an overlap from now, or later."""
        key_id = self._secrets.get(secret)
        key = self.key(key_id) if key_id else None
        if key is None:
            self._break(f"after `up` of {stack.name}, {what} of {held.name} gives no key of ours")
            return False
        if key.HasField("expires_at") and moment(key.expires_at) < self.cloud.now() + overlap - _TOLERANCE:
            if not self.behind:
                self._break(f"after `up` of {stack.name}, {what} of {held.name} gives a key that ends {_end(key)}")
            return False
        return True

    def _happened(self, happened: Happened) -> None:
        """Called after each call of anybody's."""
        method, request = happened.method, happened.request
        name = method.rpartition("/")[2]
        if happened.answer is None or name.startswith(_READS) or method.startswith("IamToken"):
            return
        acting = self._acting
        line = COLLEAGUE if self._by_hand or acting is None else acting.line
        if not self._by_hand and acting is None:
            self._break(f"a verb that only reads called {method}")
        if method == "ApiKeyService/Create":
            self.line_of[happened.answer.api_key.id] = line
            made = happened.answer.api_key
            if acting is not None and not self._by_hand:
                self._owners[made.id] = (acting.provider_id, acting.verb.urn)
            else:
                # A description that was copied names its owner, for whoever lists the key as compromised.
                for key_id, whose in list(self._owners.items()):
                    if self._descriptions[key_id] == made.description:
                        self._owners[made.id] = whose
            self._descriptions[made.id] = made.description
            self._secrets[happened.answer.secret] = happened.answer.api_key.id
        elif method in ("ApiKeyService/Update", "ApiKeyService/Delete"):
            self._touched(request.api_key_id, method, acting)
            if acting is not None and not self._by_hand and name == "Update" and request.description:
                # A new description has a new mark: of the resource by its present name.
                self._owners[request.api_key_id] = (acting.provider_id, acting.verb.urn)
                self._descriptions[request.api_key_id] = request.description
        elif method == "SecretService/AddVersion":
            self._wrote(happened, line, acting)
        elif method == "SecretService/ScheduleVersionDestruction" and acting is not None and not self._by_hand:
            owner = self._versions_by.get(request.version_id, COLLEAGUE)
            leaked = any(
                self._ends_at_once(key_id, acting) for key_id in self._delivered_by.get(request.version_id, ())
            )
            if owner != line and not leaked:
                self._break(f"{acting} scheduled version {request.version_id} of {owner} for destruction")
        if acting is not None and not self._by_hand:
            self._look(acting)

    def _touched(self, key_id: str, method: str, acting: _Acting | None) -> None:
        owner = self.line_of.get(key_id, COLLEAGUE)
        if self._by_hand or acting is None:
            # What a colleague does to a key is theirs to answer for.
            self._excuse_key(key_id, owner)
            return
        if self._ends_at_once(key_id, acting):
            # Whatever gives it.
            self._excuse_key(key_id, owner)
            return
        if owner == COLLEAGUE and key_id in self._owners and acting.line in self.copied:
            # A copied description of a key that a restored state doesn't know: nothing tells it from that state's own (docs/reliability.md).
            self._excuse_key(key_id, owner)
            return
        imported = acting.verb.held is not None and acting.verb.held.id == key_id
        if owner == acting.line and acting.verb.name == "Create" and method == "ApiKeyService/Update":
            acting.gave_lifetime = True
        if owner != acting.line and not imported:
            self._break(f"{acting} called {method} on key {key_id} of {owner}")

    def _ends_at_once(self, key_id: str, acting: _Acting) -> bool:
        """Whether it is listed as compromised where the resource that it was made for is declared."""
        listed = [str(item) for item in acting.verb.inputs.get("compromised") or ()]
        same_owner = self._owners.get(key_id) == (acting.provider_id, acting.verb.urn)
        return key_id in listed and (same_owner or self.line_of.get(key_id, COLLEAGUE) == acting.line)

    def _excuse_key(self, key_id: str, line: str) -> None:
        """Nothing is promised of what gives that key, before a run with a refresh."""
        self.kept = [item for item in self.kept if item.key_id != key_id]
        self.copied.add(line)
        self._theirs |= {key_id} if self._by_hand else set()
        for served in self.served.values():
            if self._secrets.get(served.value) == key_id:
                self._touch(served)

    def _wrote(self, happened: Happened, line: str, acting: _Acting | None) -> None:
        request = happened.request
        metadata = AddVersionMetadata()
        happened.answer.metadata.Unpack(metadata)
        self._versions_by.setdefault(metadata.version_id, line)
        delivered = {self._secrets[it.text_value] for it in request.payload_entries if it.text_value in self._secrets}
        self._delivered_by.setdefault(metadata.version_id, delivered)
        names = {change.key for change in request.payload_entries}
        for (secret_id, name), other in self.served.items():
            if secret_id == request.secret_id and name not in names and not self._by_hand:
                other.lost |= other.put_back
        for change in request.payload_entries:
            entry = (request.secret_id, change.key)
            owner = self._entries_by.get(entry)
            if change.text_value:
                self._entries_by[entry] = line
            elif owner is not None and owner != line and not self._by_hand and self._is_anybodys(owner):
                # A colleague's version that no listing shows yet, and that another has followed, can't be seen (docs/reliability.md).
                is_unseen = owner == COLLEAGUE and self.cloud.state.settings_store.current.listing_delay_calls > 0
                if not is_unseen:
                    self._break(f"{acting} took away entry {change.key}, which {owner} has set")
            served = self.served.get(entry)
            if served is None or self._by_hand or acting is None:
                continue
            given = self._secrets.get(served.value, "")
            if not change.text_value and owner == line and given in (acting.verb.inputs.get("compromised") or ()):
                # A leaked key goes at once, from an entry that it was delivered to before as well.
                self._excuse_key(given, line)
            if change.text_value and served.value != change.text_value:
                self._keep(served.value, acting)
                served.value, served.line = change.text_value, line
                served.touched = served.lost = served.put_back = False

    def _is_anybodys(self, line: str) -> bool:
        """Whether there is somebody who minds what becomes of that line's entries: a colleague, or a state."""
        return line == COLLEAGUE or line in self.held_lines()

    def _look(self, acting: _Acting) -> None:
        """What consumers would get at this very moment."""
        for entry, served in self.served.items():
            works = self._works(entry)
            if served.works and not works and not served.touched:
                self._break(f"{acting}: entry {entry[1]} gives a dead key")
                served.until = None
            served.works = works
        for output in [output for output in acting.outputs if not self.cloud.accepts(output.secret)]:
            acting.outputs.remove(output)
            # Its own Delete ends it; so does the verb that replaces a leaked key, of which the engine is told as that ends.
            leaked = output.key_id in (acting.verb.inputs.get("compromised") or ())
            own = acting.line == output.line and (leaked or acting.verb.name == "Delete")
            if not own and output.line not in self.copied | self.spoilt:
                self._break(f"{acting}: the output of {output.name} in {output.stack} gives a dead key")

    def _working_outputs(self) -> Iterator[_Output]:
        for stack in self.stacks:
            for held in stack.state.live():
                if held.token == KEY and held.outputs.get("secret") and not held.pending_replacement:
                    values = held.values
                    if self.cloud.accepts(values["secret"]):
                        yield _Output(stack.name, held.name, held.id, values["keyId"], values["secret"])

    def _judge_kept(self) -> None:
        """What consumers still hold from before rotations works on."""
        for item in self.kept:
            key = self.key(item.key_id)
            if key is None or (key.HasField("expires_at") and moment(key.expires_at) < item.until - _TOLERANCE):
                self._break(f"key {item.key_id}, which consumers may hold until {item.until:%m-%d %H:%M}, ends before")
        broken = {item.key_id for item in self.kept if self.key(item.key_id) is None}
        self.kept = [item for item in self.kept if item.key_id not in broken]

    def _keep(self, value: str, acting: _Acting) -> None:
        """Consumers hold what an entry gave until now: it works for an overlap from now on, or as long as it would have."""
        key_id = self._secrets.get(value, "")
        key = self.key(key_id)
        imported = acting.verb.held is not None and acting.verb.held.id == key_id
        if key is None or (self.line_of.get(key_id) != acting.line and not imported):
            return
        if key_id in (acting.verb.inputs.get("compromised") or ()) or key_id in self._theirs:
            return
        until = self.cloud.now() + parse_duration(acting.verb.inputs["overlap"])
        if key.HasField("expires_at"):
            until = min(until, moment(key.expires_at))
        if until > self.cloud.now():
            self.kept.append(Kept(key_id, acting.line, until))

    def _excuse(self, method: str, secret_id: str) -> None:
        """What is changed now, a colleague has changed by that call."""
        self._meddled |= {secret_id} if secret_id else set()
        for entry, served in self.served.items():
            value = self.entries(entry[0]).get(entry[1], "")
            works = self._works(entry)
            if value != served.value or works != served.works:
                self._touch(served)
            served.value, served.works = value, works
            if entry[0] == secret_id:
                served.lost |= method == "SecretService/AddVersion" and served.touched
                served.put_back = method == "SecretService/SetCurrentVersion" or served.put_back

    @staticmethod
    def _touch(served: Served) -> None:
        served.touched, served.until = True, None

    def _works(self, entry: Entry) -> bool:
        return self.cloud.accepts(self.entries(entry[0]).get(entry[1], "-"))

    def _break(self, words: str) -> None:
        self.broken.append(words)


def latest_wait(values: Mapping[str, Any]) -> timedelta:
    """How much later than due a key may be rotated before it ends: on its grid a point that follows an issue shortly is left out."""
    lifetime, period, overlap = (parse_duration(values[name]) for name in ("lifetime", "rotateEvery", "overlap"))
    return lifetime - min(period * 1.25, lifetime - overlap)


def _target(held: Held) -> Entry | None:
    target = held.values.get("lockbox")
    return (target["secretId"], target["secretEntry"]) if target else None


def _end(key: ApiKey) -> str:
    return f"{moment(key.expires_at):%Y-%m-%d %H:%M}" if key.HasField("expires_at") else "for ever"


def _is_included(name: str, options: Mapping[str, Any]) -> bool:
    targets = [*(options.get("target") or ()), *options.get("target_replace", ())]
    if options.get("target") is not None or options.get("target_replace"):
        return name in targets
    return name not in options.get("exclude", ())
