"""Counts the plugin's starts: a plugin of the same kind in another folder, which takes down each start before it serves."""

from __future__ import annotations

from pathlib import Path

from setup.engine.places import REPOSITORY

_ENTRY = f"""
import os, runpy, sys
with open(os.environ["PLUGIN_STARTS"], "a", encoding="utf-8") as file:
    file.write(f"{{os.getpid()}}\\n")
sys.path.insert(0, {str(REPOSITORY / "provider")!r})
runpy.run_path({str(REPOSITORY / "provider" / "__main__.py")!r}, run_name="__main__")
"""


class PluginStarts:
    """Makes the folder `counted` in `directory`, to be named in Pulumi.yaml in the plugin's place; `environment` is what the counting needs."""

    def __init__(self, directory: Path, virtual_environment: Path = REPOSITORY / ".venv") -> None:
        folder = directory / "counted"
        folder.mkdir()
        (folder / "__main__.py").write_text(_ENTRY)
        plugin = (REPOSITORY / "provider" / "PulumiPlugin.yaml").read_text()
        (folder / "PulumiPlugin.yaml").write_text(plugin.replace("../.venv", str(virtual_environment)))
        self.folder = folder
        self._file = directory / "plugin-starts"
        self.environment = {"PLUGIN_STARTS": str(self._file)}

    def taken(self) -> int:
        """How many there were since this was last asked."""
        starts = len(self._file.read_text().splitlines()) if self._file.exists() else 0
        self._file.unlink(missing_ok=True)
        return starts
