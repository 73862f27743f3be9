"""Programs that read the key themselves, in the language of each: the whole file, the one that the tests drive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from cli.consumers.piece import File, KeyToRead, Piece, hours_and_minutes

_HERE: Final = Path(__file__).parent
_PYTHON_USE: Final = """

# Made once, for the whole program:
#   reader = KeyReader(lockbox_entry({secret_id!r}, {entry!r}), max_age={seconds})
# and for each call:
#   answer = reader.call(
#       lambda secret: requests.get(url, headers={{"Authorization": f"Api-Key {{secret}}"}}, timeout=10),
#       lambda answer: answer.status_code,
#   )
"""
_GO_USE: Final = """
// Made once, for the whole program:
//   reader := &keyreader.Reader{{Read: keyreader.Lockbox{{SecretID: "{secret_id}", Entry: "{entry}"}}.Read, MaxAge: {seconds} * time.Second}}
// For each call secret, err := reader.Secret(ctx), and the header Authorization: Api-Key; after a 401 once more with reader.Refused(ctx, secret).
"""
_NODE_USE: Final = """
// Made once, for the whole program:
//   const reader = new KeyReader(lockboxEntry({secret_id}, {entry}), {{ maxAge: {milliseconds} }});
// and for each call:
//   const answer = await reader.call((secret) => fetch(url, {{ headers: {{ Authorization: `Api-Key ${{secret}}` }} }}));
"""


def python(key: KeyToRead) -> Piece:
    """A class that keeps the key, and how to use it."""
    use = _PYTHON_USE.format(
        secret_id=key.secret_id, entry=key.secret_entry, seconds=int(key.reads_every.total_seconds())
    )
    return _piece(key, File("key_reader.py", _text("key_reader.py") + use), ("pip install yandexcloud",))


def go(key: KeyToRead) -> Piece:
    """A package that keeps the key, and how to use it."""
    use = _GO_USE.format(secret_id=key.secret_id, entry=key.secret_entry, seconds=int(key.reads_every.total_seconds()))
    return _piece(key, File("key_reader.go", _text("key_reader.go") + use, comment="//"), ())


def node(key: KeyToRead) -> Piece:
    """A module that keeps the key, and how to use it."""
    milliseconds = int(key.reads_every.total_seconds()) * 1000
    names = {"secret_id": json.dumps(key.secret_id), "entry": json.dumps(key.secret_entry)}
    use = _NODE_USE.format(milliseconds=milliseconds, **names)
    return _piece(key, File("key_reader.mjs", _text("key_reader.mjs") + use, comment="//"), ())


def _piece(key: KeyToRead, file: File, todo: tuple[str, ...]) -> Piece:
    each = hours_and_minutes(key.reads_every)
    return Piece(
        files=(file,),
        on_rotation=(
            f"it takes the new key at its next reading, {each} later at the most, and at once where a call is answered 401: a compromised key costs "
            "one refused call, which is made again"
        ),
        reads=f"every {each}, and after a 401; one thread reads, the others use what there is",
        reads_every=key.reads_every,
        todo=(*todo, "it logs in by the metadata service as the machine's account: that stands among the readers"),
    )


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
