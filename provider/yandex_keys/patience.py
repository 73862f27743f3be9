"""How long the plugin waits for the cloud, and which refusals it asks again (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from .errors import AMBIGUOUS, NEVER_TOOK_EFFECT, CloudError

TRANSIENT: Final = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "ABORTED", "RESOURCE_EXHAUSTED"})
"""What is asked again, where that may be done."""


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how often to ask again."""

    call: float = 30.0
    login: float = 30.0
    """For all that comes before the first call: finding the services' addresses and logging in, with every try."""
    login_call: float = 10.0
    glance: float = 10.0
    """For what is asked once, by who has another way of knowing it."""
    operation: float = 300.0
    failing_operation: float = 10.0
    """How long an operation that already reports an error may go on undoing what it did."""
    attempts: int = 4
    first_delay: float = 0.25
    longest_delay: float = 5.0
    rights: float = 60.0
    """How long after our own change of rights a refusal may be only a right that hasn't spread, and how long a call
    waits for that: usually 5 s (IAM docs), seen 60 s."""

    def delay(self, attempt: int, jitter: float) -> float:
        """The pause before try number `attempt` + 1, longer each time; `jitter`, from 0 to 1, takes up to half of it
        away."""
        return min(self.first_delay * float(2 ** min(attempt, 10)), self.longest_delay) * (0.5 + jitter / 2)


@dataclass(frozen=True)
class SecondTry:
    """When a refused operation is asked for once more, under the same idempotency key.

    What refuses may stand behind what has already done the work: asked once more, the work is the answer. final: codes
    that are told at once; failed_operations: whether one that was begun and failed is asked for too; longest: seconds
    after which it has been asked often enough, while rights spread.
    """

    final: frozenset[str]
    failed_operations: bool
    longest: float = math.inf

    def is_worth_it(self, refusal: CloudError, seconds: float) -> bool:
        """Whether to ask again, `seconds` after it was asked first."""
        begun = refusal.operation is not None
        return refusal.code not in self.final and seconds <= self.longest and (self.failed_operations or not begun)


CREATION: Final = SecondTry(NEVER_TOOK_EFFECT | TRANSIENT, failed_operations=False, longest=Patience.longest_delay)
"""Of what lives in a folder."""
DELIVERY: Final = SecondTry(NEVER_TOOK_EFFECT | AMBIGUOUS, failed_operations=True)
"""Of a secret into Lockbox: to delete the key of a version that was made would leave a dead one there."""
