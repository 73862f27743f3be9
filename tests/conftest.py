"""What every test has: one process that can hold both SDKs, and property tests that a loaded machine doesn't fail."""

import gc
import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from provider.yandex_keys import sdk_internals  # noqa: F401  (before anything imports pulumi)
from tests.support import key_service

# In CI every run tries the same examples, so that a pipeline fails for what was changed and nothing else; at a desk each run tries new ones.
# `thorough` is for `pytest --hypothesis-profile=thorough`: the same properties, ten times as many examples.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=1_000)
settings.load_profile("ci" if os.environ.get("CI") else "default")

key_service.use()

# A shell, or nohup, has a job in the background ignore these, and whatever tests start would inherit that: what they interrupt would go on for ever.
for _ignored in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(_ignored) is signal.SIG_IGN:
        signal.signal(_ignored, signal.default_int_handler if _ignored is signal.SIGINT else signal.SIG_DFL)

# What is loaded and collected lives as long as the process: looking through it for garbage, over and over, was a tenth of the time of tests.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on garbage is looked for among what tests make."""
    gc.collect()
    gc.freeze()
    gc.enable()


# What takes minutes starts first, so that no worker is left alone with it at the end; the rest is shared out as workers get free (worksteal).
_LONGEST_FIRST = ("test_pipeline_120_days.py", "test_pipeline_jobs.py", "end_to_end", "reliability")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests in the order in which a run of several workers ends soonest."""

    def rank(item: pytest.Item) -> int:
        place = item.path.parts
        return next((at for at, name in enumerate(_LONGEST_FIRST) if name in place), len(_LONGEST_FIRST))

    items.sort(key=rank)
