"""What was measured: samples by place, their medians, and how they are kept (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Final

from tools.bench.spent import Spent

OURS: Final = "ours"
FLOOR: Final = "floor"
OURS_WRITTEN_ONCE: Final = "ours, state written once"
FLOOR_WRITTEN_ONCE: Final = "floor, state written once"

CREATE: Final = "create"
NO_OP: Final = "no-op"
REFRESH: Final = "refresh"
ROTATE: Final = "rotate"
STEPS: Final = (CREATE, NO_OP, ROTATE, REFRESH)
PREVIEW: Final = "preview"


@dataclass(frozen=True, order=True)
class Place:
    """What is measured: whose stack, which step, how many keys, and how many milliseconds each call of the cloud takes on top."""

    who: str
    step: str
    keys: int
    delay: int = 0


@dataclass(frozen=True)
class Sample:
    """One measurement. calls: of the cloud's API; cloud: the local cloud's own CPU seconds; state: bytes of the stack's state file afterwards."""

    spent: Spent
    calls: int | None = None
    cloud: float | None = None
    state: int | None = None


@dataclass
class Figures:
    """All samples of a run; `accounts` says among how many accounts so many keys were."""

    samples: dict[Place, list[Sample]] = field(default_factory=dict)
    accounts: dict[int, int] = field(default_factory=dict)

    def add(self, place: Place, sample: Sample) -> None:
        """One more measurement."""
        self.samples.setdefault(place, []).append(sample)

    def sizes(self, who: str, step: str, delay: int = 0) -> list[int]:
        """How many keys the step was measured with."""
        return sorted(
            {place.keys for place in self.samples if (place.who, place.step, place.delay) == (who, step, delay)}
        )

    def seconds(self, place: Place) -> float | None:
        """Wall time."""
        return _median(sample.spent.seconds for sample in self.samples.get(place, ()))

    def cpu(self, place: Place) -> float | None:
        """CPU seconds of the command and all that it started."""
        return _median(sample.spent.cpu for sample in self.samples.get(place, ()))

    def cpu_of(self, place: Place, role: str) -> float | None:
        """CPU seconds of one role in it."""
        return _median(sample.spent.by_role.get(role) for sample in self.samples.get(place, ()))

    def cloud(self, place: Place) -> float | None:
        """CPU seconds of the local cloud meanwhile."""
        return _median(sample.cloud for sample in self.samples.get(place, ()))

    def memory(self, place: Place, role: str) -> float | None:
        """The most bytes that a process of the role held."""
        return _median(sample.spent.memory.get(role) for sample in self.samples.get(place, ()))

    def written(self, place: Place) -> float | None:
        """Bytes that the engine wrote to files."""
        return _median(sample.spent.written for sample in self.samples.get(place, ()))

    def calls(self, place: Place) -> float | None:
        """Calls of the cloud's API."""
        return _median(sample.calls for sample in self.samples.get(place, ()))

    def state(self, place: Place) -> float | None:
        """Bytes of the state file afterwards."""
        return _median(sample.state for sample in self.samples.get(place, ()))

    def as_json(self) -> dict[str, object]:
        """To be kept in a file."""
        return {
            "accounts": {str(keys): count for keys, count in self.accounts.items()},
            "samples": [
                {**asdict(place), **asdict(sample)} for place, found in self.samples.items() for sample in found
            ],
        }


def read(written: Mapping[str, Any]) -> Figures:
    """What `as_json` made."""
    made = Figures(accounts={int(keys): count for keys, count in written["accounts"].items()})
    for item in written["samples"]:
        place = Place(item["who"], item["step"], item["keys"], item["delay"])
        made.add(place, Sample(Spent(**item["spent"]), item["calls"], item["cloud"], item["state"]))
    return made


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
