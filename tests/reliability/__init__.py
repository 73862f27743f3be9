"""The promises of this project, put to the test: `python -m tests.reliability [--quick]`, for `make reliability`.

Faults at every call, kills, two at once, leaks, load, bad input, a slow or strange cloud, trust: each part measures anew, prints
a table, and fails the command where a cell is wrong. docs/reliability.md says what is promised and shows the last run.
"""

# Before anything imports pulumi, in worker processes too: one process holds both SDKs.
from provider.yandex_keys import sdk_internals  # noqa: F401
