"""Leaks: everything that a full life writes, searched for every secret that the cloud ever made and for the deployer's credentials."""

from __future__ import annotations

import json
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cli.checkpoint_files import opened
from tests.reliability.engine_bench import EngineBench
from tests.reliability.leak_search import found_in
from tests.reliability.process_tree import descendants, every_argument, every_environment
from tools.local_stack.account_tokens import deployer_token
from tools.table import Table

_LOUD: Final = ("--logtostderr", "-v=9", "--logflow")
_SAMPLE_SECONDS: Final = 0.1
_TRANSLATOR: Final[Mapping[str, Any]] = {
    "name": "translator",
    "readers": ["self"],
    "keys": [
        {"name": "default", "uses": ["translate"]},
        {"name": "red", "uses": ["translate"], "secret": "shared", "secretEntry": "red", "keyIdEntry": "red_id"},
        {"name": "green", "uses": ["translate"], "secret": "shared", "secretEntry": "green", "keyIdEntry": "green_id"},
    ],
}
_NIGHTLY: Final[Mapping[str, Any]] = {
    "name": "nightly",
    "keys": [
        {"name": "batch", "uses": ["translate"], "deliver": "output"},
        {"name": "both", "uses": ["translate"], "deliver": "both"},
    ],
}
_WRONG: Final = ("secrets found", "credentials found")

Told = Callable[[str], None]


class Writings:
    """What was written, by where: what commands printed, what processes showed of themselves, and every file."""

    def __init__(self) -> None:
        self._texts: dict[str, list[bytes]] = {}

    def add(self, where: str, content: bytes | str) -> None:
        """One more piece of writing."""
        self._texts.setdefault(where, []).append(content.encode() if isinstance(content, str) else content)

    def add_files(self, where: str, directory: Path) -> None:
        """Every file below `directory`."""
        for path in sorted(directory.rglob("*")):
            if path.is_file() and not path.is_symlink() and "/.venv/" not in str(path):
                self.add(where, _written(path))

    def places(self) -> Iterator[tuple[str, int, bytes]]:
        """Each place, how many pieces were written there, and all of them."""
        for where, pieces in sorted(self._texts.items()):
            yield where, len(pieces), b"\n".join(pieces)


class Watch:
    """What only a look at the right moment shows: secrets of keys that soon were gone, and arguments of short-lived processes."""

    def __init__(self, bench: EngineBench, writings: Writings) -> None:
        self._bench, self._writings = bench, writings
        self.secrets: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            self.secrets |= self._bench.look().secrets
            self._writings.add("process arguments", every_argument())
            self._writings.add("process environments", every_environment())

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """Looks all the time while the block runs."""
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()
        self.secrets |= self._bench.look().secrets


def leaks(quick: bool, tell: Told) -> Table:
    """Lives a full life, once with an authorized key and once with a token in the stack's own settings; a row for each place."""
    table = Table("Leaks", ("place", "pieces of writing", "bytes", *_WRONG), wrong=_WRONG)
    for login in ("authorized key",) if quick else ("authorized key", "token in the stack file"):
        directory = Path(tempfile.mkdtemp(prefix="reliability-leaks-"))
        try:
            with EngineBench(directory) as bench:
                _search(bench, login, table, tell)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    return table


def _search(bench: EngineBench, login: str, table: Table, tell: Told) -> None:
    writings = Writings()
    settings: dict[str, str] = {}
    credentials = _credentials_of(bench)
    if login != "authorized key":
        token = deployer_token(bench.cloud.running)
        credentials.append(token)
        bench.set_secret("token", token)
        settings = {"YC_SERVICE_ACCOUNT_KEY_FILE": ""}
    temporary = bench.stack.directory / "tmp"
    temporary.mkdir(mode=0o700)
    with Watch(bench, writings).watching() as watch:
        live(bench, writings, {**settings, "TMPDIR": str(temporary)}, loud=not settings)
    writings.add_files("temporary files", temporary)
    writings.add_files("state, its backups and history", bench.stack.directory / "state")
    writings.add_files("the engine's home", bench.stack.directory / "pulumi-home")
    writings.add_files("the stack file", bench.stack.directory / "stacks")
    assert len(watch.secrets) > len(_TRANSLATOR["keys"]), "a life makes more than one generation of keys"
    for where, pieces, content in writings.places():
        secrets = found_in(content, watch.secrets)
        found = found_in(content, credentials)
        if secrets or found:
            tell(f"leak: {where} holds {len(secrets)} secrets, {len(found)} credentials ({login})")
        table.add(f"{where} ({login})", pieces, len(content), len(secrets), len(found))
    for path in open_files(bench.stack.directory.parent, [*watch.secrets, *credentials]):
        tell(f"leak: {path} holds secrets and others may read it")
        table.add(f"file modes: {path.name}", 1, path.stat().st_size, 1, 0)


def live(bench: EngineBench, writings: Writings, more: Mapping[str, str], loud: bool) -> None:
    """A full life: issue, previews in every form, rotation, a failed one, a crash, compromised, refresh, export, delete.

    `loud`: with the engine's most talkative log, as long as there are neither secret outputs nor secret settings: that is Pulumi's own log of what
    goes over the wire, and shows those as they are.
    """

    def run(where: str, *arguments: str, fails: bool = False, **environment: str) -> None:
        code, printed = bench.stack.attempt(*arguments, more={**more, **environment})
        assert bool(code) == fails, printed
        writings.add(where, printed)

    up = ("up", "--yes", "--skip-preview")
    if loud:
        bench.write(_TRANSLATOR)
        run("the engine's log at -v=9", *up, *_LOUD)
    bench.write(_TRANSLATOR, _NIGHTLY)
    run("previews", "preview", "--json", "--diff")
    run("what `up` prints", *up)
    # By its variable, which has the program's own lines come as well.
    run("what `up --debug` prints", *up, PULUMI_OPTION_DEBUG="true")
    run("previews", "preview", "--json")
    bench.cloud.advance("31d")
    run("previews", "preview", "--diff", "--show-sames")
    run("events as JSON", *up, "--json", PULUMI_OPTION_DEBUG="true")
    bench.cloud.advance("31d")
    bench.cloud.fault("SecretService/AddVersion", "before", "PERMISSION_DENIED", times=-1)
    run("errors", *up, fails=True)
    bench.cloud.clear_faults()
    run("what `up` prints", *up)
    (compromised, *_) = [state["keyId"] for state in bench.states()]
    keys: Sequence[Mapping[str, Any]] = _TRANSLATOR["keys"]
    bench.write({**_TRANSLATOR, "keys": [{**key, "compromised": [compromised]} for key in keys]}, _NIGHTLY)
    run("what `up` prints", *up, "--diff")
    run("refresh", "refresh", "--yes", "--skip-preview", "--diff")
    run("exports", "stack", "export")
    run("outputs", "stack", "output", "--json")
    run("outputs", "stack")
    run("history", "stack", "history", "--json")
    _crash(bench, writings, more)
    run("what `destroy` prints", "destroy", "--yes", "--skip-preview")


def open_files(directory: Path, secrets: Sequence[str]) -> list[Path]:
    """Files that hold any of `secrets` and that others than their owner may read."""
    found = []
    for path in directory.rglob("*"):
        if path.is_symlink() or not path.is_file() or not stat.S_IMODE(path.stat().st_mode) & 0o077:
            continue
        if found_in(_written(path), secrets):
            found.append(path)
    return found


def _written(path: Path) -> bytes:
    """What a file holds; what the engine has compressed, as it was before. One that a kill cut short stays as it is."""
    content = path.read_bytes()
    try:
        return opened(content)
    except ValueError:
        return content


def _crash(bench: EngineBench, writings: Writings, more: Mapping[str, str]) -> None:
    """A run in which the plugin is killed, and one in which the cloud answers nonsense."""
    bench.cloud.advance("31d")
    bench.hold("SecretService/AddVersion", "after")
    bench.stack.environment.update(more)
    running = bench.start_up()
    if bench.held(running):
        for process in descendants(running.pid):
            if process.is_plugin():
                process.kill()
    bench.let_go()
    writings.add("crashes", running.communicate()[0])
    bench.cloud.fault("ApiKeyService/Create", "after", "UNKNOWN", times=-1, message="\x00 nonsense \ud7ff" * 50)
    writings.add("crashes", bench.stack.attempt("up", "--yes", "--skip-preview", more=more)[1])
    bench.cloud.clear_faults()
    writings.add("what `up` prints", bench.stack.attempt("up", "--yes", "--skip-preview", more=more)[1])


def _credentials_of(bench: EngineBench) -> list[str]:
    """The lines of the deployer's private key, but for its armour."""
    key = json.loads(Path(bench.cloud.ready["serviceAccountKey"]).read_text())
    lines = str(key["private_key"]).splitlines()
    return [line for line in lines if len(line) >= 32 and "-----" not in line]
