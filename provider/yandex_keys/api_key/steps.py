"""Carrying out what was decided for one key, step by step in the order of a rotation: issue, verify, deliver, shorten
the previous key's expiry.

Whatever fails, `Steps.state` says what is there. Between the issue and the delivery the secret is in memory only, and
nothing that isn't needed happens. A run that dies there leaves a key that ends by itself: a first one after one
overlap, for nobody else would know it; a later one is found by its instance at the next rotation.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ..answers import ApiKeyAnswer
from ..errors import NEVER_TOOK_EFFECT, Cancelled, CloudError, NotFound, YandexKeysError
from ..marks import Mark, mark_of, marked
from ..run import Runtime, Severity
from ..times import cloud_time, format_time, to_minute
from .key import Inputs, Listing, Lockbox, PreviousKey, State
from .rotation import (
    Action,
    Verb,
    as_previous,
    decide,
    keys_of_other_instances,
    still_used,
    unknown_of_ours,
    warning_of,
)
from .schedule import time_after
from .state import first_state, listing_of, rotated_state
from .verification import verify

_TRIES: Final = 3
# How far our clock may be from the cloud's before an expiry that was counted from it is put right: what a run itself
# takes is less.
_CLOCK_TOLERANCE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Issued:
    """A delivered key: the cloud's key, its secret, and the Lockbox version that holds it."""

    key: ApiKeyAnswer
    secret: str = field(repr=False)
    version_id: str | None


class Steps:
    """One key within a run. `state` and `secret` are always what is there now; `state` is None before the first issue.

    listed: the account's keys as this run has listed them; empty where the account was made in this run, or nothing
    needed them.
    """

    def __init__(
        self,
        runtime: Runtime,
        urn: str,
        inputs: Inputs,
        state: State | None,
        secret: str | None = None,
        listed: Listing | None = None,
    ) -> None:
        self.runtime, self.urn, self.inputs = runtime, urn, inputs
        self.listed: Listing = listed or {}
        self.secret = secret
        self._state = state
        self._instance = (state.instance if state else "") or runtime.random_part()
        self._rotated = False

    @property
    def state(self) -> State:
        """What is there now, once a key was issued."""
        assert self._state is not None
        return self._state

    def issue_first(self, now: datetime) -> list[str]:
        """Issues the resource's first key, which ends after one overlap until the last call gives it its lifetime: from
        then on the engine knows the key, and so it may live. Answers what failed of that, in words. Raises
        YandexKeysError: then there is no key.
        """
        target = self.inputs.lockbox
        # An account or a secret of this very run can't have been there for a run that died.
        if target is None or target.secret_id not in self.runtime.record.made:
            self._warn_of_other_instances(now)
        issued = self._issue(now, self.inputs.overlap)
        assert issued is not None, "a first key is always due"
        self._state = first_state(self.inputs, issued.key, self._instance, self.urn, now, issued.version_id)
        self.secret = issued.secret if self.inputs.expose_secret else None
        try:
            self._give_lifetime()
        except YandexKeysError as error:
            key_id, ends = self.state.key_id, format_time(self.state.expires_at)
            return [
                f"key {key_id} was issued and ends {ends} until the next `pulumi up` gives it its lifetime: {error}"
            ]
        return []

    def _give_lifetime(self) -> None:
        """What the current key, which ends by itself, lacks to live. Raises YandexKeysError."""
        ends = time_after(self.state.issued_at, self.inputs.lifetime)
        self._expire(self.state.key_id, ends)
        self._state = replace(self.state, expires_at=ends, lifetime=self.inputs.lifetime)

    def carry_out(self, action: Action, now: datetime) -> list[str]:
        """Does it; what failed although the main thing was done, in words. Raises YandexKeysError where it was not
        done."""
        if action.verb == Verb.ROTATE:
            return self._rotate(action, now, self._is_due_by_the_cloud)
        if action.verb == Verb.CHANGE:
            return self._change(action, now)
        if action.verb == Verb.REVOKE:
            return self._revoke(action.key_id, now)
        if action.verb == Verb.RETIRE:
            previous = self._previous(action.key_id)
            if self._is_over(previous):
                self._retire(previous)
            elif previous.enforced:
                self._watch(self._previous(previous.key_id), now)
        elif action.verb == Verb.ENFORCE:
            self._enforce(self._previous(action.key_id))
        elif action.verb == Verb.EXTEND:
            self._extend(self._previous(action.key_id), action.until, now)
        return []

    def end(self) -> None:
        """Takes what consumers read away, deletes every key of this instance and no other, and schedules their
        versions. Raises CloudError."""
        state = self.state
        targets = {previous.key_id: previous.lockbox for previous in state.previous} | {
            state.key_id: state.applied.lockbox
        }
        versions = {previous.key_id: previous.lockbox_version_id for previous in state.previous}
        versions[state.key_id] = state.lockbox_version_id
        try:
            self._relist()
        except NotFound:
            self.listed = {}  # the account is gone, and its keys with it
        for key in unknown_of_ours(state, self.listed):
            targets[key.key_id] = state.applied.lockbox
        for key_id in [key_id for key_id in targets if self._is_anothers(key_id)]:
            self._say("warning", f"key {key_id} carries the mark of another resource by now: it isn't touched")
            del targets[key_id]
        for key_id, target in targets.items():
            if target is not None:
                self._take_away(target, key_id, target.entries)
        listed = self.listed
        deleted = [key_id for key_id in targets if self._delete(key_id) or key_id in listed]
        if state.key_id in deleted and self.urn not in self.runtime.record.ends_told:
            self._say("info", self._told_of_the_end(deleted, listed))
        for key_id, target in targets.items():
            if target is not None:
                self.runtime.versions.destroy(target.secret_id, key_id, versions.get(key_id), even_current=True)

    def _told_of_the_end(self, deleted: Sequence[str], listed: Listing) -> str:
        """That the current key has ended, with the previous ones among the `deleted`, and who notices: in a run without
        a preview, or of a program of one's own, nothing has said so before."""
        current, applied, words = self.state.key_id, self.inputs, f"deleted key {self.state.key_id}"
        if others := [key_id for key_id in deleted if key_id != current]:
            words += f" (and previous {', '.join(others)})"
        if (key := listed.get(current)) and key.last_used_at:
            words += f", last used {to_minute(key.last_used_at)}"
        if self.state.expires_at <= self.runtime.now():
            return f"{words}; it had ended {to_minute(self.state.expires_at)}"
        if self.urn in self.runtime.record.declared:
            return f"{words}: another key has taken its place, and who read it before and not since fails from now on"
        places = [f"Lockbox secret {it.secret_id}, entry {it.secret_entry}," for it in (applied.lockbox,) if it]
        places += ["the stack's outputs"] if applied.expose_secret else []
        return f"{words}; whoever has it from {' or '.join(places)} fails from now on"

    # A rotation, in its order.

    def _rotate(
        self, action: Action, now: datetime, is_due: Callable[[datetime], bool] = lambda issued_at: True
    ) -> list[str]:
        if self._rotated:
            return []
        before = self.state
        self._warn_of_other_instances(now)
        # A state of an earlier version has no instance yet: like a first key, the new one must end by itself if this
        # run dies.
        is_first_of_instance = not before.instance
        span = self.inputs.overlap if is_first_of_instance else self.inputs.lifetime
        issued = self._issue(now, span, is_due)
        if issued is None:
            return self._change_instead(now)
        overlap = timedelta(0) if action.overlap is None else action.overlap
        self._state = rotated_state(
            self.inputs, before, issued.key, self._instance, self.urn, now, overlap, self.listed, issued.version_id
        )
        self.secret = issued.secret if self.inputs.expose_secret else None
        self._rotated = True
        failures = self._give_previous_keys_their_ends()
        if is_first_of_instance:
            try:
                self._give_lifetime()
            except YandexKeysError as error:
                self._state = replace(self.state, lifetime=span)
                failures.append(str(error))
        return failures

    def _change_instead(self, now: datetime) -> list[str]:
        """What is to be changed in place, where the cloud's clock asks for no rotation: the new key would have brought
        it."""
        told = self.runtime.cloud.time() or now
        change = decide(self.inputs, self.state, told, self.urn, self.listed).action(Verb.CHANGE)
        return [] if change is None else self._change(change, told)

    def _give_previous_keys_their_ends(self) -> list[str]:
        """Gives previous keys their ends. What failed, in words: the next run does it."""
        failures = []
        for previous in self.state.previous:
            if previous.enforced:
                continue
            try:
                if previous.expires_at <= previous.rotated_at:
                    self._retire(previous)
                else:
                    self._enforce(previous)
            except YandexKeysError as error:
                failures.append(str(error))
        return failures

    def _issue(
        self,
        now: datetime,
        span: timedelta,
        is_due: Callable[[datetime], bool] = lambda issued_at: True,
    ) -> Issued | None:
        """A delivered key that ends `span` after its issue, verified before where that is asked for.

        None where the cloud's own time, which it tells with the key, says that none `is_due`: then it is deleted, for
        nobody has it yet. Raises YandexKeysError; then no key is left, or one that nobody else has and that ends by
        itself or is found by the next rotation.
        """
        key, secret, lost = self._create(now, span)
        self.runtime.record.in_states.add(key["id"])
        if not is_due(cloud_time(key["created_at"])):
            self._discard(key["id"])
            return None
        try:
            key = self._counted_from_issue(key, span)
            if self.inputs.verify is not None:
                verify(self.inputs.verify, secret, self.runtime.cloud)
        except YandexKeysError:
            self._discard(key["id"])
            raise
        try:
            version_id = self._deliver(key["id"], secret)
        except CloudError as error:
            if not error.uncertain:
                self._discard(key["id"])
            raise
        if lost:
            self._look_again(lost)
        return Issued(key, secret, version_id)

    def _create(self, now: datetime, span: timedelta) -> tuple[ApiKeyAnswer, str, list[str]]:
        """The key, its secret, and the attempts whose answers were lost."""
        cloud, started = self.runtime.cloud, self.runtime.cloud.monotonic()
        lost: list[str] = []
        for tries in itertools.count(1):
            attempt = self.runtime.random_part()
            request = {
                "service_account_id": self.inputs.service_account_id,
                "description": marked(self.inputs.description, self._mark(attempt)),
                "scopes": sorted(self.inputs.scopes),
                "expires_at": format_time(time_after(now, span)),
            }
            try:
                answer = cloud.call("ApiKeyService/Create", request, self._about)
            except CloudError as error:
                if error.code in NEVER_TOOK_EFFECT:
                    raise
                # The answer is lost, or a refusal came from behind what had done its work: whatever key that call made
                # is of no use.
                spreading = cloud.rights_are_spreading(started, error)
                lost.append(attempt)
                found = self._delete_attempts(lost, error)
                if not error.ambiguous and not spreading:
                    raise
                # What has outlived its deadline may still be on its way: a second key beside it would leave that one to
                # nobody.
                on_its_way = error.code == "DEADLINE_EXCEEDED" and not found
                if on_its_way or (tries >= _TRIES and not spreading):
                    raise
                cloud.pause(tries)
            else:
                return answer["api_key"], answer["secret"], lost
        raise AssertionError("unreachable")

    def _delete_attempts(self, attempts: Sequence[str], error: CloudError | None = None) -> int:
        """Deletes what those calls of Create have made; how many keys there were. Raises `error` where that can't be
        known."""
        try:
            keys = self.runtime.reads.list_keys_anew(self.inputs.service_account_id)
            made = [key["id"] for key in keys if (mark := mark_of(key)) is not None and self._made_by(mark, attempts)]
            for key_id in made:
                self._delete(key_id)
        except CloudError as failure:
            raise error or failure from None
        return len(made)

    def _made_by(self, mark: Mark, attempts: Sequence[str]) -> bool:
        return mark.instance == self._instance and mark.attempt in attempts

    def _look_again(self, lost: Sequence[str]) -> None:
        """A call whose answer was lost may have made its key after it was looked for. The new key is delivered: a
        failure here fails nothing."""
        try:
            self._delete_attempts(lost)
        except YandexKeysError as error:
            self._say("warning", f"whether a lost call left a key could not be seen; the next rotation does. {error}")

    def _is_due_by_the_cloud(self, told: datetime) -> bool:
        """Whether a rotation is due by the cloud's time as well. `asOf` is no clock: who sets it wants to be judged by
        it."""
        if self.runtime.as_of is not None or self.runtime.now() - told <= _CLOCK_TOLERANCE:
            return True
        if decide(self.inputs, self.state, told, self.urn, self.listed).action(Verb.ROTATE) is not None:
            return True
        ours = format_time(self.runtime.now())
        self._say(
            "warning",
            f"this machine's clock says {ours}, the cloud's {format_time(told)}: by that no rotation is due, and none "
            "was made. Set the clock right",
        )
        return False

    def _counted_from_issue(self, key: ApiKeyAnswer, span: timedelta) -> ApiKeyAnswer:
        """The key, its expiry counted from the cloud's own time where our clock is far from that. Raises CloudError."""
        ends = time_after(cloud_time(key["created_at"]), span)
        if abs(cloud_time(key.get("expires_at")) - ends) <= _CLOCK_TOLERANCE:
            return key
        self._expire(key["id"], ends)
        return {**key, "expires_at": format_time(ends)}

    def _deliver(self, key_id: str, secret: str) -> str | None:
        target = self.inputs.lockbox
        if target is None:
            return None
        entries = {target.secret_entry: secret, target.key_id_entry: key_id}
        return self.runtime.versions.deliver(target.secret_id, key_id, entries)

    def _discard(self, key_id: str) -> None:
        """Deletes a key that nobody was given. One that can't be deleted ends by itself, or is found by the next
        rotation."""
        try:
            self._delete(key_id)
        except YandexKeysError as error:
            self._say("warning", f"key {key_id}, which nobody was given, could not be deleted. {error}")

    # What happens to single keys.

    def _change(self, action: Action, now: datetime) -> list[str]:
        inputs, state = self.inputs, self.state
        if action.until is not None and action.until < state.expires_at and self._is_past(action.until):
            self._relist()
            return self._rotate(Action(Verb.ROTATE, "its lifetime is over", state.key_id, overlap=inputs.overlap), now)
        attempt = state.attempts[0] if state.attempts else self.runtime.random_part()
        changes: dict[str, str | Sequence[str]] = {}
        if inputs.scopes != state.applied.scopes:
            changes["scopes"] = sorted(inputs.scopes)
        if inputs.description != state.applied.description:
            changes["description"] = marked(inputs.description, self._mark(attempt))
        if action.until is not None:
            changes["expires_at"] = format_time(action.until)
        mask = ",".join("expiresAt" if name == "expires_at" else name for name in changes)
        self._update(state.key_id, mask, **changes)
        self._state = replace(
            state, expires_at=action.until or state.expires_at, lifetime=inputs.lifetime, instance=self._instance
        )
        return []

    def _is_past(self, end: datetime) -> bool:
        """Whether `end`, earlier than the current key's own, is past by the cloud's clock: ours may be behind, and
        consumers have this key."""
        told = self._time_told_by(self.state.key_id, self.state.expires_at)
        return told is not None and told >= end

    def _time_told_by(self, key_id: str, ends: datetime) -> datetime | None:
        """The cloud's time. Where nothing has told it in this run, the key is given the end that it has: every change
        tells it."""
        if self.runtime.cloud.time() is None:
            self._expire(key_id, ends)
        return self.runtime.cloud.time()

    def _enforce(self, previous: PreviousKey) -> None:
        with suppress(NotFound):  # it can't outlive its overlap if it is gone already
            self._expire(previous.key_id, previous.expires_at)
        self._replace_previous(replace(previous, enforced=True))

    def _extend(self, previous: PreviousKey, until: datetime | None, now: datetime) -> None:
        assert until is not None, "decide gives every extension its end"
        try:
            self._expire(previous.key_id, until)
        except NotFound:
            self._say("warning", f"key {previous.key_id} is gone, and not by us: it can't be extended")
            return
        # By the clock that says when it was last used.
        self._replace_previous(replace(previous, expires_at=until, extended_at=self.runtime.cloud.time() or now))

    def _is_over(self, previous: PreviousKey) -> bool:
        """Whether the key is over in the cloud, and by the cloud's clock: nothing that lives is deleted on the word of
        this machine or its state."""
        try:
            if not self.listed:
                self._relist()
        except NotFound:
            return True  # the account is gone, and its keys with it
        listed = self.listed.get(previous.key_id)
        ends = listed.expires_at if listed else previous.expires_at
        try:
            told = self._time_told_by(previous.key_id, ends)
        except CloudError as error:
            if error.code in ("NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION"):
                return True  # gone already, or the cloud won't take a time that has passed
            raise
        if told is None or told >= ends:
            return True
        if ends > previous.expires_at:
            self._say(
                "warning",
                f"key {previous.key_id} works until {format_time(ends)} in the cloud, later than this state set it: "
                "it is left until then",
            )
            self._replace_previous(replace(previous, expires_at=ends))
            return False
        self._say(
            "warning",
            f"key {previous.key_id} works until {format_time(ends)} by the cloud's clock, which is behind this "
            "machine's: a later run retires it",
        )
        return False

    def _watch(self, previous: PreviousKey, now: datetime) -> None:
        """Looks whether a consumer is stuck on a key that is over by this machine's clock alone, and not by the
        cloud's."""
        use = still_used(previous, self.listed, self.inputs)
        if use is None:
            return
        self._say("warning", use.warning)
        for extension in use.extension:
            self._extend(previous, extension.until, now)

    def _revoke(self, key_id: str, now: datetime) -> list[str]:
        if key_id not in self.state.key_ids:
            # Another instance's. In the state it is until all of it is gone, so a run that fails half-way leaves the
            # rest to the next.
            theirs = replace(as_previous(self.listed[key_id], now, self.inputs), lockbox=self.state.applied.lockbox)
            self._state = replace(self.state, previous=(*self.state.previous, theirs))
        previous, failures = self._previous(key_id), []
        if previous.lockbox and self.runtime.versions.gives(previous.lockbox.secret_id, key_id):
            # Somebody has put the old version back: consumers read the very key that is to end.
            self._say("warning", f"Lockbox gives the compromised key {key_id} again: a new key replaces it first")
            reason = "Lockbox gives a compromised key"
            failures = self._rotate(Action(Verb.ROTATE, reason, self.state.key_id, overlap=self.inputs.overlap), now)
        self._retire(previous)
        return failures

    def _retire(self, previous: PreviousKey) -> None:
        target, kept = previous.lockbox, self.inputs.lockbox
        gone: tuple[str, ...] = ()
        if target is not None:
            same_secret = kept is not None and kept.secret_id == target.secret_id
            gone = tuple(name for name in target.entries if not (same_secret and kept and name in kept.entries))
            if gone:
                self._take_away(target, previous.key_id, gone)
        self._delete(previous.key_id)
        if target is not None:
            self.runtime.versions.destroy(target.secret_id, previous.key_id, previous.lockbox_version_id)
        self._state = replace(
            self.state, previous=tuple(item for item in self.state.previous if item.key_id != previous.key_id)
        )

    def _take_away(self, target: Lockbox, key_id: str, names: Sequence[str]) -> None:
        for name in self.runtime.versions.take_away(target.secret_id, key_id, names):
            self._say(
                "warning",
                f"entry {name} of Lockbox secret {target.secret_id} may have been written by hand after key {key_id} "
                "was delivered there: it stays",
            )

    def _delete(self, key_id: str) -> bool:
        """Deletes the key; whether it was there, for one that is gone already is fine. Raises CloudError."""
        there = True
        try:
            self.runtime.cloud.operate("ApiKeyService/Delete", {"api_key_id": key_id}, self._about)
        except NotFound:
            there = False
        # The listing was made before: a rotation later in this run would take the key for one that a run which died has
        # left.
        self.listed = {known: key for known, key in self.listed.items() if known != key_id}
        return there

    def _expire(self, key_id: str, at: datetime) -> None:
        self._update(key_id, "expiresAt", expires_at=format_time(at))

    def _update(self, key_id: str, mask: str, **fields: str | Sequence[str]) -> None:
        self.runtime.cloud.operate(
            "ApiKeyService/Update", {"api_key_id": key_id, "update_mask": mask, **fields}, self._about
        )

    # What this run knows of the account.

    def _relist(self) -> None:
        self.listed = listing_of(self.runtime.reads.keys(self.inputs.service_account_id))

    def _warn_of_other_instances(self, now: datetime) -> None:
        """Warns of live keys that another instance of this resource issued. A listing that fails fails nothing: it is
        only told."""
        account, owner = self.inputs.service_account_id, self.runtime.owner(self.urn)
        if account in self.runtime.record.made:
            return
        if not self.listed:
            try:
                self._relist()
            except (CloudError, Cancelled) as error:
                self._say("warning", f"whether an earlier run left a key could not be looked up. {error}")
                return
        for key in keys_of_other_instances(self.listed, owner, self._instance, self.runtime.record.in_states):
            if key.expires_at > now:
                self._say("warning", warning_of(key, now))

    def _is_anothers(self, key_id: str) -> bool:
        key = self.listed.get(key_id)
        instance = self.state.instance
        return bool(instance and key and key.mark and key.mark.instance != instance)

    def _mark(self, attempt: str) -> Mark:
        return Mark(self.runtime.owner(self.urn), self._instance, attempt)

    def _previous(self, key_id: str) -> PreviousKey:
        return next(previous for previous in self.state.previous if previous.key_id == key_id)

    def _replace_previous(self, changed: PreviousKey) -> None:
        self._state = replace(
            self.state,
            previous=tuple(changed if item.key_id == changed.key_id else item for item in self.state.previous),
        )

    def _say(self, severity: Severity, message: str) -> None:
        self.runtime.log(severity, message, self.urn)

    @property
    def _about(self) -> str:
        return f"API key {self.urn.rpartition('::')[2]}"
