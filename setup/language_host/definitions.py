"""Resource definitions that the engine hands over for code generation, as `pulumi import` does at its end."""

from __future__ import annotations

_PREFACE = (
    "# The engine was built from source, without Pulumi's generator of Python code.",
    "# The imported resources, in the engine's own notation:",
)


def as_comments(source: dict[str, str]) -> dict[str, bytes]:
    """A Python file of comments that shows what was imported; the engine prints it."""
    lines = [*_PREFACE]
    for text in source.values():
        lines += [f"# {line}".rstrip() for line in text.splitlines()]
    return {"__main__.py": ("\n".join(lines) + "\n").encode()}
