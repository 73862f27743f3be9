"""A built wheel is tried: installed by pip into an empty environment, and imported there."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import tempfile
import venv
from pathlib import Path

from tools.release.refused import ReleaseRefused

_IMPORT = """
import importlib.metadata
import pulumi_yandex_keys as package
from pulumi_yandex_keys import ApiKey, LockboxSecret, LockboxSecretIamMember, Provider, ServiceAccountKeys, _utilities
print(package.__file__, importlib.metadata.version(package.__name__), _utilities.get_version())
"""


def try_wheel(wheel: Path, version: str) -> None:
    """Raises ReleaseRefused where the wheel can't be installed without a network, or isn't the version that it should be."""
    with tempfile.TemporaryDirectory() as name:
        environment = Path(name).resolve() / "environment"
        python = install(wheel, environment)
        file, *versions = _run([str(python), "-I", "-c", _IMPORT], environment).split()
        if not Path(file).resolve().is_relative_to(environment):
            raise ReleaseRefused(f"{wheel.name}: what was imported is {file}, not what was installed")
        if versions != [version, version]:
            raise ReleaseRefused(f"{wheel.name} says that it is {' and '.join(versions)}, not {version}")


def install(wheel: Path, environment: Path) -> Path:
    """Makes a virtual environment that has the wheel, and answers its Python. Raises ReleaseRefused.

    What the wheel asks for is held to what this Python has, which the new environment sees; pip refuses a version that doesn't fit.
    """
    venv.create(environment, symlinks=True)
    paths = {"base": str(environment), "platbase": str(environment)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=paths))
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "dependencies.pth").write_text("".join(f"{path}\n" for path in sorted(ours)), encoding="utf-8")
    python = environment / "bin" / "python"
    pip = [str(python), "-I", "-m", "pip", "install", "--no-index", "--no-cache-dir"]
    _run([*pip, str(wheel.resolve())], environment)
    return python


def _run(command: list[str], directory: Path) -> str:
    # A setting of pip's could let it look elsewhere for packages, or install elsewhere.
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    done = subprocess.run(
        command,
        check=False,
        cwd=directory,
        env={**settings, "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise ReleaseRefused(f"what was built can't be installed and imported:\n{done.stderr.strip()}")
    return done.stdout
