"""The issue of a key: created, verified where that is asked for, and delivered.

Between the issue and the delivery the secret is in memory only, and nothing that isn't needed happens.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ..answers import ApiKeyAnswer
from ..errors import NEVER_TOOK_EFFECT, CloudError, YandexKeysError
from ..marks import Mark, mark_of, marked
from ..run import Runtime
from ..times import cloud_time, format_time
from .account_keys import AccountKeys
from .delivery import Delivery
from .key import Inputs
from .schedule import time_after
from .verification import verify

_TRIES: Final = 3
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far our clock may be from the cloud's before what was counted from it is put right: what a run itself takes is
less."""


@dataclass(frozen=True)
class Issued:
    """A delivered key: the cloud's key, its secret, and the Lockbox version that holds it."""

    key: ApiKeyAnswer
    secret: str = field(repr=False)
    version_id: str | None


@dataclass(frozen=True)
class Issuer:
    """Issues the keys of one resource, all of one instance."""

    runtime: Runtime
    urn: str
    inputs: Inputs
    instance: str
    keys: AccountKeys
    delivery: Delivery

    def description(self, attempt: str) -> str:
        """The user's words, and the mark of the key that this attempt makes."""
        return marked(self.inputs.description, Mark(self.runtime.owner(self.urn), self.instance, attempt))

    def issue(
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
                "description": self.description(attempt),
                "scopes": sorted(self.inputs.scopes),
                "expires_at": format_time(time_after(now, span)),
            }
            try:
                answer = cloud.call("ApiKeyService/Create", request, self.keys.about)
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
                self.keys.delete(key_id)
        except CloudError as failure:
            raise error or failure from None
        return len(made)

    def _made_by(self, mark: Mark, attempts: Sequence[str]) -> bool:
        return mark.instance == self.instance and mark.attempt in attempts

    def _look_again(self, lost: Sequence[str]) -> None:
        """A call whose answer was lost may have made its key after it was looked for. The new key is delivered: a
        failure here fails nothing."""
        try:
            self._delete_attempts(lost)
        except YandexKeysError as error:
            self.runtime.log(
                "warning",
                f"whether a lost call left a key could not be seen; the next rotation does. {error}",
                self.urn,
            )

    def _counted_from_issue(self, key: ApiKeyAnswer, span: timedelta) -> ApiKeyAnswer:
        """The key, its expiry counted from the cloud's own time where our clock is far from that. Raises CloudError."""
        ends = time_after(cloud_time(key["created_at"]), span)
        if abs(cloud_time(key.get("expires_at")) - ends) <= CLOCK_TOLERANCE:
            return key
        self.keys.expire(key["id"], ends)
        return {**key, "expires_at": format_time(ends)}

    def _deliver(self, key_id: str, secret: str) -> str | None:
        target = self.inputs.lockbox
        if target is None:
            return None
        return self.delivery.deliver(target, key_id, secret)

    def _discard(self, key_id: str) -> None:
        """Deletes a key that nobody was given. One that can't be deleted ends by itself, or is found by the next
        rotation."""
        try:
            self.keys.delete(key_id)
        except YandexKeysError as error:
            self.runtime.log(
                "warning", f"key {key_id}, which nobody was given, could not be deleted. {error}", self.urn
            )
