"""The program keeps away from the cloud's protos, which can't share a process with pulumi, and starts without a word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM_IMPORTS = "import components.service_account_keys, components.settings, components.stack_schema, sys"


def run_python(code: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_program_loads_nothing_of_the_clouds_sdk() -> None:
    loaded = run_python(
        f"{PROGRAM_IMPORTS}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    ).split()
    assert "pulumi" in loaded
    assert not {"yandex", "yandexcloud", "emulator"} & set(loaded)


def test_starting_the_program_warns_of_nothing() -> None:
    assert run_python(PROGRAM_IMPORTS, "-W", "default") == ""
