"""What Pulumi's SDK logs for debugging, without the values; and in the program of stack files only where somebody asks
for it.

The SDK (pulumi 3.259, runtime/resource.py) logs every resource's properties as they go over the wire, where a secret is
plain text with a mark beside it. The engine prints such lines with `--debug`, and among the events of `pulumi up
--json` always.

Each line is a call that the program waits for, four for each resource, and the engine tells nobody whether it prints
them: a tenth of a run with nothing to do.
"""

from __future__ import annotations

import functools
import os
from typing import Any, Final

import pulumi

_PROPERTIES: Final = "props="
ASKED_BY: Final = "PULUMI_OPTION_DEBUG"
"""The engine's own variable for its option `--debug`. A program sees the variable, and not the option."""


def withhold_values() -> None:
    """From now on the SDK's debug lines say `props=[withheld]`. Doing it again changes nothing."""
    log = pulumi.log.debug
    if getattr(log, "withholds_values", False):
        return

    @functools.wraps(log)
    def debug(msg: str, *arguments: Any, **more: Any) -> None:
        said, found, _ = msg.partition(_PROPERTIES)
        log(f"{said}{found}[withheld]" if found else msg, *arguments, **more)

    vars(debug)["withholds_values"] = True
    pulumi.log.debug = debug


def leave_out_unless_asked() -> None:
    """From now on the SDK's debug lines go nowhere, but where `PULUMI_OPTION_DEBUG` asks for them: then they are
    without values."""
    if os.environ.get(ASKED_BY, "").lower() in ("1", "t", "true"):
        withhold_values()
        return

    def debug(msg: str, *arguments: Any, **more: Any) -> None: ...

    vars(debug)["withholds_values"] = True
    pulumi.log.debug = debug
