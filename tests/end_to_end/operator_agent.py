"""What the operator's agent does in a workspace's pod, by Pulumi's Automation API as the agent does: it installs, selects the stack, brings it up.

A program of its own, started in the checkout with the container's environment: `operator_agent.py STACK`. Prints the changes as JSON.
"""

from __future__ import annotations

import json
import sys

from pulumi.automation import LocalWorkspace, Stack


def main(stack: str) -> None:
    workspace = LocalWorkspace(work_dir=".")
    workspace.install(on_output=_show)
    selected = Stack.select(stack, workspace)
    done = selected.up(refresh=True, diff=True, suppress_progress=True, show_secrets=False, on_output=_show)
    print(json.dumps(done.summary.resource_changes))


def _show(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
