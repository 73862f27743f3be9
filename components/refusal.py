"""What ends a program where an account in it is wrong."""

import pulumi

from components.spec import SpecError


class Refusal(SpecError, pulumi.RunError):
    """A SpecError that whoever runs the program shows as its lines alone, where other errors come with a traceback."""
