"""What Pulumi's SDK logs for debugging, without the values.

The SDK (pulumi 3.259, runtime/resource.py) logs every resource's properties as they go over the wire, where a secret is
plain text with a mark beside it. The engine prints such lines with `--debug`, and among the events of `pulumi up
--json` always.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import pulumi

_PROPERTIES: Final = "props="


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
