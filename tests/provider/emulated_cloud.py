"""The emulated cloud as the plugin's own parts are tried on it: runs of the plugin in the test's process, and what they said."""

from __future__ import annotations

from pathlib import Path

from provider.yandex_keys.run import Runtime
from tests.support.local_cloud import LocalCloud
from tests.support.plugin_runtime import runtime_on
from tools.local_stack.account_tokens import deployer_token


class EmulatedCloud(LocalCloud):
    """A local cloud, and the lines that the runs against it have logged."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.logged: list[str] = []
        # One for all runs: to sign with an authorized key costs as much as many a test, and `test_login.py` does it.
        self._token = deployer_token(self.running)

    def runtime(self, provider_id: str = "one-state", **environment: str) -> Runtime:
        """A new run against it. `provider_id` is that of the stack's provider resource: another one is another state."""
        return runtime_on(self, self.logged, provider_id, {"YC_TOKEN": self._token}, **environment)

    def heal(self) -> None:
        """Takes back every fault and every trait."""
        self.clear_faults()
        self.reset()
