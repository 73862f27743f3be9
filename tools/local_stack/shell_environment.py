"""The variables with which plain `pulumi` works on the local stack."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from setup.engine.provision import Engine
from tools.local_stack.local_cloud import LocalCloud
from tools.local_stack.places import STACK, Places

# It guards nothing but the local cloud's play secrets, and `encryptionsalt` in stacks/Pulumi.local.yaml was made with it:
# were it another one in each clone, the first `pulumi stack init` would change that tracked file.
PASSPHRASE = "local"
# Settings of the user's own clouds and backends.
_FOREIGN = ("PULUMI_", "YC_", "YANDEX_KEYS_")
# Those of them that would lead a shell's `pulumi` elsewhere although ours are set.
_IN_THE_WAY = (
    "YC_",
    "YANDEX_KEYS_",
    "PULUMI_STACK",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    # The engine refuses to be asked for two ways of compressing.
    "PULUMI_DIY_BACKEND_GZIP",
    "PULUMI_SELF_MANAGED_STATE_GZIP",
)


def local_variables(places: Places, engine: Engine, cloud: LocalCloud | None, path: str) -> dict[str, str]:
    """The variables that the local stack sets; those of the local cloud only where it runs. `path` is today's PATH."""
    venv = places.virtual_environment
    scripts = str(venv / "bin")
    others = [entry for entry in path.split(os.pathsep) if entry and entry != scripts]
    variables = {
        "PATH": engine.search_path(os.pathsep.join([scripts, *others])),
        "VIRTUAL_ENV": str(venv),
        **engine_variables(places.state, places.pulumi_home, PASSPHRASE),
    }
    if cloud is not None:
        variables |= cloud.variables()
    return variables


def engine_variables(state: Path, home: Path, passphrase: str) -> dict[str, str]:
    """The engine's own variables: its backend is the folder `state`, and it keeps what it needs in `home`."""
    return {
        # Without `metadata=skip` the engine writes a file `….attrs` beside each of its own, in place: one that is killed at that moment leaves an
        # empty one, and every later command fails with "failed to load checkpoint: EOF".
        "PULUMI_BACKEND_URL": f"file://{state}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": passphrase,
        # The engine writes the whole state at each step, so bytes grow with the square of the resources.
        "PULUMI_DIY_BACKEND_ZSTD": "true",
        # The plugin is the project's own; looking for another would reach out to servers.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(home),
        # Four for each core, unless told: on a small machine most of a run would be waiting for the cloud.
        "PULUMI_PARALLEL": "16",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_SUPPRESS_NEO_LINK": "true",
    }


def process_environment(base: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """The whole environment for a process on the local stack: nothing of the user's other clouds gets in."""
    return {name: value for name, value in base.items() if not name.startswith(_FOREIGN)} | dict(variables)


def export_lines(base: Mapping[str, str], variables: Mapping[str, str]) -> list[str]:
    """Lines for a shell's `eval`; a foreign setting is emptied, which its readers take as not set."""
    foreign = [name for name in sorted(base) if name.startswith(_IN_THE_WAY) and name not in variables]
    # The engine alone takes an empty PULUMI_STACK for a stack without a name.
    emptied = {name: STACK if name == "PULUMI_STACK" else "" for name in foreign}
    return [f"export {name}={shlex.quote(value)}" for name, value in (emptied | dict(variables)).items()]
