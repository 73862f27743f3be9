"""Python that the engine asks for: of imported resources, at the end of `pulumi import`, and of a package's schema (`pulumi package gen-sdk`).

Pulumi's own generators write it, which are Go (tools/sdk_generator) and stand in a clone where `make sdk` or `make test` has built them.
Where they don't, what was imported is shown in the engine's own notation.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

GENERATOR: Final = Path(__file__).resolve().parents[2] / ".local" / "sdk-generator" / "generate"
_PREFACE = (
    "# The engine was built from source, and Pulumi's generator of Python code is not: `make sdk` builds it, with Go.",
    "# The imported resources, in the engine's own notation:",
)


class NotGenerated(Exception):
    """There is no generator, or it refused what it was given; the message says which, and what to do."""


def as_python(source: Mapping[str, str], schemas: str, generator: Path = GENERATOR) -> dict[str, bytes]:
    """The program that declares what the definitions say; `schemas` is where the engine serves those of its packages. Raises NotGenerated."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in source.items():
            (Path(folder) / Path(name).name).write_text(text, encoding="utf-8")
        _generate(generator, schemas, "python-program", folder)
        return {file.name: file.read_bytes() for file in sorted(Path(folder).glob("*.py"))}


def write_package(schema: str, directory: Path, extra: Mapping[str, bytes], generator: Path = GENERATOR) -> None:
    """Writes the Python SDK of a package into `directory`, and the `extra` files beside it. Raises NotGenerated."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "schema.json"
        file.write_text(schema, encoding="utf-8")
        _generate(generator, str(file), "python", str(directory))
    for name, content in extra.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)


def _generate(generator: Path, source: str, what: str, directory: str) -> None:
    try:
        done = subprocess.run(
            [generator, source, what, directory], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    except OSError:
        raise NotGenerated(
            "the engine was built from source, and Pulumi's generator of Python code is not: `make sdk` builds it, with Go; the official CLI has one"
        ) from None
    if done.returncode != 0:
        raise NotGenerated(done.stderr.strip()[-2000:])


def as_comments(source: Mapping[str, str]) -> dict[str, bytes]:
    """A Python file of comments that shows what was imported; the engine prints it."""
    lines = [*_PREFACE]
    for text in source.values():
        lines += [f"# {line}".rstrip() for line in text.splitlines()]
    return {"__main__.py": ("\n".join(lines) + "\n").encode()}
