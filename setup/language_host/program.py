"""Runs one Pulumi program on the SDK's runtime, in a process of its own.

Started by the host with the Python of the *program's* environment, by path, with the engine's address as argument and a
serialized `RunRequest` on standard input (its configuration may hold secrets, so neither arguments nor environment carry
it). Imports nothing but the SDK.

Exit codes: 0, it ran; REPORTED, it failed and the user has been told why; anything else is the program's own.
"""

from __future__ import annotations

import sys

# Python puts this file's folder first, where a program's `import server` would find ours.
if __name__ == "__main__":
    sys.path.pop(0)

import asyncio
import logging
import os
import runpy
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto.language_pb2 import RunRequest

REPORTED = 32


class _ProgramMissing(Exception):
    """Where the program should be there is none."""


def run(request: RunRequest, engine_address: str) -> int:
    """Runs the program that `request` describes; the exit code says how it ended. What it logs goes to the engine."""
    import grpc
    import pulumi
    from pulumi.runtime import reset_options, run_in_stack, set_all_config

    path = os.path.normpath(
        os.path.join(request.info.program_directory or request.pwd, request.info.entry_point or ".")
    )
    reset_options(
        project=request.project,
        stack=request.stack,
        root_directory=request.info.root_directory,
        parallel=request.parallel,
        engine_address=engine_address,
        monitor_address=request.monitor_address,
        preview=request.dryRun,
        organization=request.organization or "organization",
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))
    # The runtime drops tasks on failure; asyncio's remarks on that would bury the program's own error.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(request.parallel, 1) * 4)
    loop.set_default_executor(executor)
    try:
        loop.run_until_complete(run_in_stack(lambda: _execute(path, list(request.args))))
    except (pulumi.RunError, _ProgramMissing) as error:
        pulumi.log.error(str(error))
        return REPORTED
    except grpc.RpcError as error:
        # The engine has gone, or is going, after Ctrl-C: there is nobody to tell.
        if error.code() == grpc.StatusCode.UNAVAILABLE:
            return REPORTED
        pulumi.log.error(f"Program failed with an unhandled exception:\n{_user_traceback(error, path)}")
        return REPORTED
    except Exception as error:
        pulumi.log.error(f"Program failed with an unhandled exception:\n{_user_traceback(error, path)}")
        return REPORTED
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _execute(path: str, arguments: list[str]) -> None:
    directory = path if os.path.isdir(path) else os.path.dirname(path)
    if os.path.isdir(path) and not os.path.exists(os.path.join(path, "__main__.py")):
        raise _ProgramMissing(f"unable to find main python program `__main__.py` in `{path}`")
    # run_path does this for a folder; a file expects its neighbours to be importable as well.
    if not os.path.isdir(path):
        sys.path.insert(0, directory)
    sys.argv = [path, *arguments]
    runpy.run_path(path, run_name="__main__")


def _user_traceback(error: BaseException, path: str) -> str:
    """The traceback from the first frame of the user's own code on: the frames before it are the runtime's."""
    user = (os.path.dirname(path) if os.path.isfile(path) else path) + os.sep
    frames = traceback.extract_tb(error.__traceback__)
    for index, frame in enumerate(frames):
        if frame.filename.startswith("<"):
            continue
        file = os.path.abspath(frame.filename)
        # The virtual environment often lies in the program's own folder.
        if file.startswith(user) and not file.startswith(sys.prefix + os.sep):
            return "".join(traceback.format_exception(error, limit=index - len(frames)))
    return "".join(traceback.format_exception(error))


def _read_request() -> RunRequest:
    from pulumi.runtime.proto.language_pb2 import RunRequest

    request = RunRequest.FromString(sys.stdin.buffer.read())
    # From here on the program has an empty standard input, as with the official host.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return request


def main() -> None:
    """Reads the request, runs the program, exits."""
    try:
        import pulumi  # noqa: F401
    except ImportError:
        traceback.print_exc()
        print(
            f"The Pulumi SDK is not installed for this Python ({sys.executable}). "
            "Run `pulumi install`, or `pip install -r requirements.txt` in its virtual environment.",
            file=sys.stderr,
        )
        sys.exit(1)
    request = _read_request()
    if request.pwd:
        os.chdir(request.pwd)
    sys.exit(run(request, sys.argv[1]))


if __name__ == "__main__":
    main()
