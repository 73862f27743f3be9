"""The demo's stack: this clone's program on the real engine, with a stack file that the story edits as a user would."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from setup.engine.provision import Engine
from tools.demo.places import DemoPlaces
from tools.local_stack.api_keys import TYPE, ApiKey, api_keys
from tools.local_stack.local_cloud import LocalCloud
from tools.local_stack.project import lay_out
from tools.local_stack.pulumi_command import output_of
from tools.local_stack.shell_environment import local_variables, process_environment

STACK = "demo"
KEY = "translator/default"
LIFETIME, ROTATE_EVERY, OVERLAP = 120, 30, 7
"""In days. The lifetime is a long one on purpose: the story leaves the stack alone for 100 days."""
_FILE = """config:
  api-keys:defaults: {{ lifetime: {lifetime}d, rotateEvery: {rotate_every}d, overlap: {overlap}d }}
  api-keys:accounts:
    - name: translator
      readers: [self]
      keys:
        - name: default
          uses: [translate]
          compromised: [{compromised}]
"""


@dataclass(frozen=True)
class Run:
    """What a run said of keys, how many resources it changed, and how long it took (seconds)."""

    lines: Sequence[str]
    changed: int
    seconds: float


@dataclass
class DemoStack:
    """`pulumi` on the demo's stack; each command reads the local cloud's clock afresh."""

    places: DemoPlaces
    engine: Engine
    cloud: LocalCloud
    environment: Mapping[str, str]
    salt: str = field(default="", init=False)

    def make(self) -> None:
        """Lays out the project and makes the stack."""
        lay_out(self.places.project, self.places.repository, self.places.virtual_environment)
        self.places.state.mkdir(parents=True, exist_ok=True)
        self._run("stack", "init", STACK)
        self.salt = self._file.read_text()

    def declare(self, compromised: Sequence[str] = ()) -> None:
        """Writes the stack file."""
        figures = {"lifetime": LIFETIME, "rotate_every": ROTATE_EVERY, "overlap": OVERLAP}
        self._file.write_text(self.salt + _FILE.format(compromised=", ".join(compromised), **figures))

    def preview(self) -> Run:
        """What `up` would do."""
        return self._stream("preview", PULUMI_ENABLE_STREAMING_JSON_PREVIEW="true")

    def up(self) -> Run:
        """Brings the stack up."""
        return self._stream("up", "--yes", "--skip-preview")

    def key(self) -> ApiKey:
        """The key, as the state has it."""
        exported = json.loads(self._run("stack", "export", "--stack", STACK))
        return api_keys(exported["deployment"])[KEY]

    @property
    def _file(self) -> Path:
        return self.places.project / "stacks" / f"Pulumi.{STACK}.yaml"

    def _stream(self, *arguments: str, **settings: str) -> Run:
        began = time.monotonic()
        output = self._run(*arguments, "--json", "--stack", STACK, **settings)
        lines, changed = [], 0
        for event in map(json.loads, output.splitlines()):
            said = event.get("diagnosticEvent", {})
            if said.get("severity") in ("info", "warning") and f"{TYPE}::" in said.get("urn", ""):
                lines += said["message"].strip().splitlines()
            counts = event.get("summaryEvent", {}).get("resourceChanges") or {}
            changed += sum(count for kind, count in counts.items() if kind != "same")
        return Run(list(dict.fromkeys(lines)), changed, time.monotonic() - began)

    def _run(self, *arguments: str, **settings: str) -> str:
        variables = local_variables(self.places, self.engine, self.cloud, self.environment.get("PATH", ""))
        environment = process_environment(self.environment, variables) | settings
        return output_of(self.engine, self.places.project, environment, *arguments)
