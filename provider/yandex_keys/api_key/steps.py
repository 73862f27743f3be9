"""Carrying out what was decided for one key, step by step: a first issue, a rotation, a change in place, and what
becomes of previous keys.

Whatever fails, `Steps.state` says what is there. A run that dies between an issue and its delivery leaves a key that
ends by itself: a first one after one overlap, for nobody else would know it; a later one is found by its instance at the
next rotation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ..errors import Cancelled, CloudError, YandexKeysError
from ..run import Runtime
from ..times import format_time
from .account_keys import AccountKeys
from .delivery import Delivery
from .issue import CLOCK_TOLERANCE, Issuer
from .key import Inputs, Listing, PreviousKey, State
from .previous_keys import PreviousKeys
from .rotation import Action, Verb, as_previous, decide, keys_of_other_instances, warning_of
from .schedule import time_after
from .state import first_state, rotated_state


class Steps:
    """One key within a run. `state` and `secret` are always what is there now; `state` is None before the first issue.

    listed: the account's keys as this run has listed them; None where the account was made in this run, or nothing
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
        self.secret = secret
        self._state = state
        self._instance = (state.instance if state else "") or runtime.random_part()
        self._rotated = False
        self._keys = AccountKeys(runtime, urn, inputs.service_account_id, listed)
        delivery = Delivery(runtime, urn)
        self._issuer = Issuer(runtime, urn, inputs, self._instance, self._keys, delivery)
        self._previous_keys = PreviousKeys(runtime, urn, inputs, self._keys, delivery)

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
        issued = self._issuer.issue(now, self.inputs.overlap)
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
        self._keys.expire(self.state.key_id, ends)
        self._state = replace(self.state, expires_at=ends, lifetime=self.inputs.lifetime)

    def carry_out(self, action: Action, now: datetime) -> list[str]:
        """Does it; what failed although the main thing was done, in words. Raises YandexKeysError where it was not
        done."""
        match action.verb:
            case Verb.ROTATE:
                return self._rotate(action, now, self._is_due_by_the_cloud)
            case Verb.CHANGE:
                return self._change(action, now)
            case Verb.REVOKE:
                return self._revoke(action.key_id, now)
            case Verb.RETIRE:
                self._retire_once_over(self._previous(action.key_id), now)
            case Verb.ENFORCE:
                self._keep(self._previous_keys.enforce(self._previous(action.key_id)))
            case Verb.EXTEND:
                self._keep(self._previous_keys.extend(self._previous(action.key_id), action.until, now))
        return []

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
        issued = self._issuer.issue(now, span, is_due)
        if issued is None:
            return self._change_instead(now)
        overlap = timedelta(0) if action.overlap is None else action.overlap
        self._state = rotated_state(
            self.inputs,
            before,
            issued.key,
            self._instance,
            self.urn,
            now,
            overlap,
            self._keys.listed,
            issued.version_id,
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
        change = decide(self.inputs, self.state, told, self.urn, self._keys.listed).action(Verb.CHANGE)
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
                    self._keep(self._previous_keys.enforce(previous))
            except YandexKeysError as error:
                failures.append(str(error))
        return failures

    def _is_due_by_the_cloud(self, told: datetime) -> bool:
        """Whether a rotation is due by the cloud's time as well. `asOf` is no clock: who sets it wants to be judged by
        it."""
        if self.runtime.as_of is not None or self.runtime.now() - told <= CLOCK_TOLERANCE:
            return True
        if decide(self.inputs, self.state, told, self.urn, self._keys.listed).action(Verb.ROTATE) is not None:
            return True
        ours = format_time(self.runtime.now())
        self.runtime.log(
            "warning",
            f"this machine's clock says {ours}, the cloud's {format_time(told)}: by that no rotation is due, and none "
            "was made. Set the clock right",
            self.urn,
        )
        return False

    def _change(self, action: Action, now: datetime) -> list[str]:
        inputs, state = self.inputs, self.state
        if action.until is not None and action.until < state.expires_at and self._is_past(action.until):
            self._keys.relist()
            return self._rotate(Action(Verb.ROTATE, "its lifetime is over", state.key_id, overlap=inputs.overlap), now)
        attempt = state.attempts[0] if state.attempts else self.runtime.random_part()
        changes: dict[str, str | Sequence[str]] = {}
        if inputs.scopes != state.applied.scopes:
            changes["scopes"] = sorted(inputs.scopes)
        if inputs.description != state.applied.description:
            changes["description"] = self._issuer.description(attempt)
        if action.until is not None:
            changes["expires_at"] = format_time(action.until)
        mask = ",".join("expiresAt" if name == "expires_at" else name for name in changes)
        self._keys.update(state.key_id, mask, **changes)
        self._state = replace(
            state, expires_at=action.until or state.expires_at, lifetime=inputs.lifetime, instance=self._instance
        )
        return []

    def _is_past(self, end: datetime) -> bool:
        """Whether `end`, earlier than the current key's own, is past by the cloud's clock: ours may be behind, and
        consumers have this key."""
        told = self._keys.time_told_by(self.state.key_id, self.state.expires_at)
        return told is not None and told >= end

    def _revoke(self, key_id: str, now: datetime) -> list[str]:
        if key_id not in self.state.key_ids:
            # Another instance's. In the state it is until all of it is gone, so a run that fails half-way leaves the
            # rest to the next.
            theirs = replace(
                as_previous(self._keys.listed[key_id], now, self.inputs), lockbox=self.state.applied.lockbox
            )
            self._state = replace(self.state, previous=(*self.state.previous, theirs))
        previous, failures = self._previous(key_id), []
        if previous.lockbox and self.runtime.versions.gives(previous.lockbox.secret_id, key_id):
            # Somebody has put the old version back: consumers read the very key that is to end.
            self.runtime.log(
                "warning", f"Lockbox gives the compromised key {key_id} again: a new key replaces it first", self.urn
            )
            reason = "Lockbox gives a compromised key"
            failures = self._rotate(Action(Verb.ROTATE, reason, self.state.key_id, overlap=self.inputs.overlap), now)
        self._retire(previous)
        return failures

    def _retire_once_over(self, previous: PreviousKey, now: datetime) -> None:
        """Retires it where it is over in the cloud too; else a consumer may still be stuck on it."""
        living = self._previous_keys.living(previous)
        if living is None:
            self._retire(previous)
            return
        self._keep(living)
        if living.enforced:
            self._keep(self._previous_keys.watch(living, now))

    def _retire(self, previous: PreviousKey) -> None:
        self._previous_keys.retire(previous)
        self._state = replace(
            self.state, previous=tuple(item for item in self.state.previous if item.key_id != previous.key_id)
        )

    def _warn_of_other_instances(self, now: datetime) -> None:
        """Warns of live keys that another instance of this resource issued. A listing that fails fails nothing: it is
        only told."""
        account, owner = self.inputs.service_account_id, self.runtime.owner(self.urn)
        if account in self.runtime.record.made:
            return
        if not self._keys.listed:
            try:
                self._keys.relist()
            except (CloudError, Cancelled) as error:
                self.runtime.log(
                    "warning", f"whether an earlier run left a key could not be looked up. {error}", self.urn
                )
                return
        for key in keys_of_other_instances(self._keys.listed, owner, self._instance, self.runtime.record.in_states):
            if key.expires_at > now:
                self.runtime.log("warning", warning_of(key, now), self.urn)

    def _previous(self, key_id: str) -> PreviousKey:
        return next(previous for previous in self.state.previous if previous.key_id == key_id)

    def _keep(self, changed: PreviousKey) -> None:
        self._state = replace(
            self.state,
            previous=tuple(changed if item.key_id == changed.key_id else item for item in self.state.previous),
        )
