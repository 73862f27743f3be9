"""`yckeys schema`: the JSON Schema of a stack file."""

from __future__ import annotations

import json
import sys

from cli.borrowed import stack_schema

EXAMPLES = """Examples:

\b
  yckeys schema > stacks/schema.json    for an editor that completes stack files
"""


def command() -> None:
    """Print the JSON Schema of a stack file.

    Editors complete and check stack files by it; `yckeys check` says more.
    """
    json.dump(stack_schema(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
