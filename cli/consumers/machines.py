"""Virtual machines and containers on them: a timer of systemd's keeps the key in a file."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Final

import yaml

from cli.consumers.piece import File, KeyToRead, Piece, hours_and_minutes

_PROGRAM: Final = "/usr/local/lib/yandex-keys/key_file.py"
_SERVICE: Final = """[Unit]
Description=Reads {path} in Lockbox
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RuntimeDirectory=yandex-keys/{label}
RuntimeDirectoryMode=0750
RuntimeDirectoryPreserve=yes
Group=GROUP
ExecStart=/usr/bin/python3 {program} /run/yandex-keys/{label} {arguments}
Restart=on-failure
RestartSec=30
"""
_TIMER: Final = """[Unit]
Description=Reads {path} in Lockbox every {every}

[Timer]
OnActiveSec=0
OnUnitActiveSec={every}

[Install]
WantedBy=timers.target
"""


def virtual_machine(key: KeyToRead) -> Piece:
    """A program, a service and a timer."""
    return Piece(
        files=_timer(key),
        on_rotation=(
            f"the file in /run/yandex-keys/{key.label} holds the new key after the next reading. An app that reads the file for each connection "
            "needs no more; one that reads it when it starts has to be restarted (a path unit with PathChanged= does it)"
        ),
        reads=f"every {hours_and_minutes(key.reads_every)}, and when the machine starts",
        reads_every=key.reads_every,
        todo=_todo(),
    )


def docker(key: KeyToRead) -> Piece:
    """The same on the host, and a folder that the container sees."""
    # A folder and not the file: a file that is replaced stays the old one in a container.
    mounted = {"services": {"app": {"image": "IMAGE", "volumes": [f"/run/yandex-keys/{key.label}:/run/keys:ro"]}}}
    return Piece(
        files=(*_timer(key), File("compose.yaml", yaml.safe_dump(mounted, sort_keys=False))),
        on_rotation=(
            "the file in /run/keys holds the new key after the next reading on the host, in running containers too. An app that reads it when it "
            "starts has to be restarted"
        ),
        reads=f"every {hours_and_minutes(key.reads_every)}, on the host",
        reads_every=key.reads_every,
        todo=(*_todo(), "the user in the container belongs to that group, by its number (`user:`, `group_add:`)"),
    )


def _timer(key: KeyToRead) -> tuple[File, ...]:
    every = hours_and_minutes(key.reads_every)
    # A percent sign and a dollar have a meaning of their own in a unit; ids and entries have neither.
    arguments = " ".join(quote(it) for it in (key.secret_id, *key.entries))
    names = {"path": key.path, "label": key.label, "program": _PROGRAM, "arguments": arguments, "every": every}
    return (
        File("key_file.py", Path(__file__).with_name("key_file.py").read_text(encoding="utf-8")),
        File(f"yandex-key-{key.label}.service", _SERVICE.format(**names)),
        File(f"yandex-key-{key.label}.timer", _TIMER.format(**names)),
    )


def _todo() -> tuple[str, ...]:
    return (
        f"key_file.py goes to {_PROGRAM}, the units to /etc/systemd/system; then systemctl enable --now the timer",
        "GROUP is the group of the app: it alone reads the file",
        "the machine is linked to a service account that stands among the readers",
    )
