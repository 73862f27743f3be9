"""`python -m emulator serve --data DIR`: a local Yandex Cloud on this machine."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Never

_EPILOG = """\
When it is ready it prints one line of JSON: endpoint (gRPC over TLS), ca (the certificate authority to trust),
http (admin API, gateway, token exchange and metadata service; GET / lists what is there), serviceAccountKey (the
deployer's authorized key), cloudId and folderId.

  python -m emulator serve --data .local/emulator

It keeps everything under --data, listens on the loopback only, and ends cleanly on Ctrl-C or SIGTERM.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Never:
        """One line, not the whole usage."""
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; answers the exit code."""
    options = _options(arguments)
    # Imported late, so that --help and a slip of the pen are answered at once.
    from emulator.data_directory import DirectoryError
    from emulator.server import start

    signals = (signal.SIGINT, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        emulator = start(options.data, options.port, options.http_port)
    except (DirectoryError, OSError) as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 1
    print(json.dumps(emulator.ready), flush=True)
    signal.sigwait(signals)
    emulator.stop()
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = _Parser(
        prog="python -m emulator",
        description="A local Yandex Cloud: real gRPC over TLS, kept on disk, with a clock and faults that can be set.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="serve", parser_class=_Parser)
    serve = commands.add_parser(
        "serve",
        help="run the emulator until it is stopped",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.add_argument("--data", type=Path, required=True, metavar="DIR", help="where it keeps everything")
    absent = "by default the one used last with this DIR, or any that is free"
    serve.add_argument("--port", type=_port, default=0, metavar="P", help=f"of the gRPC APIs; {absent}")
    serve.add_argument("--http-port", type=_port, default=0, metavar="P", help=f"of the HTTP side; {absent}")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65_535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} isn't a port; write a number from 1 to 65535")


if __name__ == "__main__":
    sys.exit(main())
