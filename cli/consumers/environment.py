"""A process that takes the key from its environment: a script that reads it and becomes the process."""

from __future__ import annotations

import json
from shlex import quote

from cli.consumers.piece import File, KeyToRead, Piece, variable


def environment(key: KeyToRead) -> Piece:
    """A script that starts a command with the key in its environment."""
    lines = ["#!/bin/sh", "# Usage: ./with-key.sh COMMAND [ARGUMENT …]", "set -eu"]
    for entry in key.entries if key.secret_id else (key.secret_entry,):
        name = variable(entry)
        # An assignment apart from `export`: the exit code of the command counts then.
        lines += [f'{name}="$({_reading(key, entry)})"', f"export {name}"]
    return Piece(
        files=(File("with-key.sh", "\n".join([*lines, 'exec "$@"', ""])),),
        on_rotation="nothing by itself: the environment of a process never changes. Start it again after each rotation",
        reads="once, when the process starts",
        reads_every=None,
        todo=()
        if key.secret_id
        else ("`pulumi` runs in the project's folder, logged in to its backend, with the passphrase of the stack",),
    )


def _reading(key: KeyToRead, entry: str) -> str:
    if key.secret_id:
        return f"yc lockbox payload get --id {key.secret_id} --key {quote(entry)}"
    taken = f"import json, sys; print(json.load(sys.stdin)[{json.dumps(key.path)}])"
    return f"pulumi stack output secrets --show-secrets --json --stack {quote(key.stack)} | python3 -c {quote(taken)}"
