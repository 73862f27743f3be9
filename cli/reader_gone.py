"""What reads a command's output may stop before all of it has come (`yckeys plan | head`): the command ends then, without a word."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cli.exit_codes import ExitCode


@contextmanager
def ending_with_the_reader() -> Iterator[None]:
    """Ends the process where nobody reads any more what the block prints, also what of it still waits to be written."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Python writes what is left once more as it ends, and would complain.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        raise SystemExit(ExitCode.READER_GONE) from None
