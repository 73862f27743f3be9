"""How a command ends, for scripts. The numbers are part of the contract (docs/yckeys.md)."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """FINE: done, nothing wrong. FINDINGS: done, and something is wrong with the keys or the file. WRONG_USE: the command can't be understood.

    COULD_NOT_LOOK: what was to be read could not be: no engine, no such stack, a cloud that refuses. READER_GONE: who reads the output went
    away before all of it was written (`yckeys audit | head`), as a shell tells it of other programs: neither fine nor a finding.
    """

    FINE = 0
    FINDINGS = 1
    WRONG_USE = 2
    COULD_NOT_LOOK = 3
    READER_GONE = 141


class CommandFailed(Exception):
    """A command ends here; the text says what is wrong, where, and what would be right."""

    code = ExitCode.COULD_NOT_LOOK


class WrongUse(CommandFailed):
    """The command can't be understood, or an option names what isn't there."""

    code = ExitCode.WRONG_USE


class CouldNotLook(CommandFailed):
    """What was to be read could not be."""
