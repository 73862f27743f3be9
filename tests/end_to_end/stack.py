"""The stack, by its former name."""

from tests.support.stack import Stack

__all__ = ["Stack"]
