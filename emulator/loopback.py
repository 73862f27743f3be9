"""Ports of the loopback, which is all that the emulator listens on."""

from __future__ import annotations

import socket


def bound_socket(port: int) -> socket.socket:
    """A socket that has the port (0: any that is free). Raises OSError, with words for the user, when it is taken."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError as error:
        bound.close()
        raise OSError(f"port {port} of 127.0.0.1 is taken") from error
    return bound
