"""`python -m tools.local_stack up|status|down|env`."""

from __future__ import annotations

import os
import sys

from setup.engine.places import REPOSITORY
from setup.engine.provision import EngineMissing
from tools.local_stack import commands
from tools.local_stack.consumer import ConsumerRefused
from tools.local_stack.local_cloud import LocalCloudFailed
from tools.local_stack.pulumi_command import PulumiFailed

_COMMANDS = {"up": commands.up, "status": commands.status, "down": commands.down, "env": commands.env}
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Runs one command; what goes wrong is said in words, on standard error."""
    if len(arguments) != 1 or arguments[0] not in _COMMANDS:
        print("usage: python -m tools.local_stack up|status|down|env", file=sys.stderr)
        return 2
    try:
        _COMMANDS[arguments[0]](REPOSITORY, os.environ)
    except (EngineMissing, LocalCloudFailed, PulumiFailed, ConsumerRefused) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
