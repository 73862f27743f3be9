"""Cloud Functions and Serverless Containers: a version of either is given one version of a secret, for good.

Flags: https://yandex.cloud/en/docs/functions/operations/function/lockbox-secret-transmit and
https://yandex.cloud/en/docs/serverless-containers/operations/lockbox-secret-transmit.
"""

from __future__ import annotations

from shlex import quote
from typing import Final

from cli.consumers.piece import File, KeyToRead, Piece, variable

_READER: Final = "READER_ID"


def functions(key: KeyToRead) -> Piece:
    """The command that gives a new version of a function the key's version."""
    command = [
        "yc serverless function version create",
        "--function-name FUNCTION",
        "--runtime RUNTIME",
        "--entrypoint FILE.HANDLER",
        "--source-path FOLDER",
    ]
    return _piece(key, "function", "version", command)


def containers(key: KeyToRead) -> Piece:
    """The command that gives a new revision of a container the key's version."""
    command = ["yc serverless container revision deploy", "--container-name CONTAINER", "--image IMAGE"]
    return _piece(key, "container", "revision", command)


def _piece(key: KeyToRead, kind: str, version: str, command: list[str]) -> Piece:
    lines = [*command, f"--service-account-id {key.reader_id or _READER}", *(_secret(key, it) for it in key.entries)]
    return Piece(
        files=(File("deploy.sh", " \\\n  ".join(lines) + "\n"),),
        on_rotation=(
            f"nothing by itself: a {version} of a {kind} keeps the version of the secret that it was made with, and that goes with its key. "
            f"Run `yckeys consume` again after each rotation and deploy a new {version}; best as a step of the pipeline, after `pulumi up`"
        ),
        reads=f"once for each {version}: it is pinned to version {key.version_id or '(not known)'} of the secret",
        reads_every=None,
        todo=(
            "put your own words in the place of those in capitals",
            f"secrets that an earlier {version} was given are not taken over: name all of them",
        ),
    )


def _secret(key: KeyToRead, entry: str) -> str:
    return "--secret " + quote(
        f"environment-variable={variable(entry)},id={key.secret_id},version-id={key.version_id},key={entry}"
    )
