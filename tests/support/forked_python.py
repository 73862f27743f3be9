"""A virtual environment and an engine for tests whose Python processes are forked from ones that have loaded their packages.

Loading packages is half of what a command of `pulumi` costs. What a stack is, and what runs in it, stays as it is: only the `.venv/bin/python` of
its folder is another, and the language host beside the engine starts by such a Python too. Tests of processes and their ends have ordinary ones.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from setup.engine.places import REPOSITORY
from setup.engine.provision import Engine
from tests.support.pulumi import engine

_HERE: Final = Path(__file__).parent
_LANGUAGE_HOST: Final = "pulumi-language-python"
_LAUNCHER: Final = """#!{interpreter}
import sys
sys.path.append({here!r})
from fork_client import main
main({python!r}, {sockets!r})
"""
# Of a script's first line; it was 127 for long.
_SYSTEMS_LIMIT: Final = 125
_KINDS: Final = ("program", "plugin", "host")


class ForkedPython:
    """The folder of such an environment. Its processes end with this one."""

    def __init__(self) -> None:
        # In the repository: the engine is found by its own path, so it is linked, which needs the same file system. Sockets have short names.
        (REPOSITORY / ".local").mkdir(exist_ok=True)
        self._root = Path(tempfile.mkdtemp(prefix="forked-python-", dir=REPOSITORY / ".local"))
        self._sockets = Path(tempfile.mkdtemp(prefix="fork-"))
        first, *others = _KINDS
        folders = (self._root, self._sockets)
        self._servers = [self._serve(first, *folders), *(self._serve(kind) for kind in others)]
        self.virtual_environment = self._lay_out_environment()
        self.engine = self._lay_out_engine()
        atexit.register(self.close)

    def close(self) -> None:
        """Ends the servers, and whatever they have forked that still runs; the folders go as well, as they do where this process is killed."""
        for server in self._servers:
            server.communicate()

    def _serve(self, kind: str, *folders: Path) -> subprocess.Popen[bytes]:
        # It listens before it has loaded anything: who comes early waits.
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self._sockets / kind))
            listener.listen(64)
            return subprocess.Popen(
                [
                    sys.executable,
                    "-u",
                    str(_HERE / "fork_server.py"),
                    kind,
                    str(listener.fileno()),
                    REPOSITORY,
                    *folders,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
                # Ctrl-C is for the tests.
                start_new_session=True,
            )

    def _lay_out_environment(self) -> Path:
        ordinary, made = Path(sys.prefix), self._root / ".venv"
        (made / "bin").mkdir(parents=True)
        for there in (*ordinary.iterdir(), *(ordinary / "bin").iterdir()):
            if there.name not in ("bin", "python"):
                (made / there.relative_to(ordinary)).symlink_to(there)
        launcher = made / "bin" / "python"
        launcher.write_text(
            _LAUNCHER.format(
                interpreter=_first_line(Path(sys.executable).resolve()),
                here=str(_HERE),
                python=str(ordinary / "bin" / "python"),
                sockets=str(self._sockets),
            )
        )
        launcher.chmod(0o755)
        return made

    def _lay_out_engine(self) -> Engine:
        """Beside the engine is its language host: a script that runs the `.venv` and the `setup` which lie three folders above."""
        ordinary = engine()
        if ordinary.origin != "built":
            return ordinary
        (self._root / "setup").symlink_to(REPOSITORY / "setup", target_is_directory=True)
        folder = self._root / ".local" / "engine" / "bin"
        folder.mkdir(parents=True)
        try:
            os.link(ordinary.executable, folder / "pulumi")
        except OSError:
            return ordinary
        shutil.copy(ordinary.executable.with_name(_LANGUAGE_HOST), folder)
        return Engine(folder / "pulumi", "built")


def _first_line(interpreter: Path) -> str:
    """Not the environment's own Python: it would take a look around for what belongs to it."""
    plain = f"{interpreter} -IS"
    if " " not in str(interpreter) and len(plain) < _SYSTEMS_LIMIT:
        return plain
    # What pip writes where the system would not take the line: two lines of the shell that are a string to Python.
    return f"""/bin/sh
'''exec' "{interpreter}" -IS "$0" "$@"
' '''"""


@cache
def forked_python() -> ForkedPython:
    """One for the whole test process."""
    return ForkedPython()
