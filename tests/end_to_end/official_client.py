"""A colleague's calls, by their former name."""

from tests.support.colleague import call, client

__all__ = ["call", "client"]
