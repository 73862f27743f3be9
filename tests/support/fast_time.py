"""Time that passes only where somebody waits."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class FastTime:
    """A clock for the plugin's waits that runs only while it waits: backoff and deadlines keep their figures and take no time."""

    seconds: float = 0.0
    cancelled: threading.Event = field(default_factory=threading.Event)

    def monotonic(self) -> float:
        """Seconds since the run began."""
        return self.seconds

    def wait(self, seconds: float) -> bool:
        """Lets that many seconds pass at once; True when the run was cancelled."""
        self.seconds += seconds
        return self.cancelled.is_set()
