"""Why `protobuf_status` is there; when these fail, it is no longer needed."""

from __future__ import annotations

import subprocess
import sys

BOTH = "import pulumi.provider.experimental.server, yandexcloud"


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)


def test_both_sdks_clash_as_they_come() -> None:
    done = run(BOTH)
    assert done.returncode != 0
    assert "duplicate symbol" in done.stderr


def test_both_sdks_load_after_protobuf_status() -> None:
    done = run(f"import sys; sys.path.insert(0, 'provider')\nfrom yandex_keys import protobuf_status\n{BOTH}")
    assert done.returncode == 0, done.stderr
