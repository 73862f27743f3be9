"""What stands where Python would: it has a fork server run the command, and ends as the command ends.

With C modules alone, in a Python without `site`: its start is what a command still costs. The command gets the client's own descriptors, folder
and environment; signals go on to it; where the client is killed, so is the command. Whatever isn't a fork server's, an ordinary Python runs.
"""

import marshal
import posix
import sys
from _signal import (  # type: ignore[import-not-found]  # `signal` would take half as much time again, for its enums
    SIG_DFL,
    SIGHUP,
    SIGINT,
    SIGKILL,
    SIGQUIT,
    SIGTERM,
    SIGUSR1,
    SIGUSR2,
    set_wakeup_fd,
    signal,
)
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET, socket
from select import POLLIN, poll

_ACCEPTED = b"a"
_LENGTH_BYTES = _STATUS_BYTES = 4
_STANDARD = (0, 1, 2)
_FORWARDED = (SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2)
_NO_SERVER = 70


def _ask(server: socket, arguments: list[str]) -> bool:
    """Whether the server runs the command."""
    request = marshal.dumps((arguments, posix.getcwd(), dict(posix.environ)))
    # Native integers, as the system has descriptors.
    descriptors = b"".join(number.to_bytes(4, sys.byteorder) for number in _STANDARD)
    server.sendmsg([len(request).to_bytes(_LENGTH_BYTES, "big")], [(SOL_SOCKET, SCM_RIGHTS, descriptors)])
    server.sendall(request)
    # A signal that came until here has ended the client, and by that the command. From now on Python's own handler, in C, sends a signal's number at
    # once: one that came just before a call that waits would be told after it.
    server.setblocking(False)
    set_wakeup_fd(server.fileno())
    for number in _FORWARDED:
        signal(number, _nothing)
    return _read(server, 1) == _ACCEPTED


def _nothing(number: int, frame: object) -> None:
    """The signal has been sent."""


def _read(server: socket, length: int) -> bytes:
    """What the server says next. It hangs up last."""
    waiting = poll()
    waiting.register(server.fileno(), POLLIN)
    said = b""
    while len(said) < length:
        waiting.poll()
        more = server.recv(length - len(said))
        if not more:
            posix.write(2, b"The fork server has gone.\n")
            posix._exit(_NO_SERVER)
        said += more
    return said


def _kind(arguments: list[str]) -> str | None:
    """Which server has loaded what this command loads: the language host starts programs and plugins so, and its own script starts the host."""
    if arguments[:3] == ["-P", "-u", "-c"]:
        return "host"
    if len(arguments) < 2 or arguments[0] != "-u":
        return None
    if arguments[1].endswith("/setup/language_host/program.py"):
        return "program"
    try:
        posix.stat(arguments[1] + "/PulumiPlugin.yaml")
    except OSError:
        return None
    return "plugin"


def main(python: str, sockets: str) -> None:
    """Never returns."""
    arguments = sys.argv[1:]
    kind = _kind(arguments)
    if kind is None:
        posix.execv(python, [python, *arguments])
    server = socket(AF_UNIX, SOCK_STREAM)
    server.connect(f"{sockets}/{kind}")
    if not _ask(server, arguments):
        set_wakeup_fd(-1)
        for number in _FORWARDED:
            signal(number, SIG_DFL)
        posix.execv(python, [python, *arguments])
    # Whoever waits for the command to close them shouldn't wait for the client.
    nothing = posix.open("/dev/null", posix.O_RDWR)
    posix.dup2(nothing, 0)
    posix.dup2(nothing, 1)
    # How it ended, as the system says it.
    status = int.from_bytes(_read(server, _STATUS_BYTES), "big")
    if posix.WIFSIGNALED(status):
        number = posix.WTERMSIG(status)
        set_wakeup_fd(-1)
        if number != SIGKILL:
            signal(number, SIG_DFL)
        posix.kill(posix.getpid(), number)
    posix._exit(posix.WEXITSTATUS(status))
