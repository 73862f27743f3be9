"""Trust: TLS that is checked and can't be turned off, credentials that stay out of states, the least roles, dependencies that are what they were."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from provider.yandex_keys.settings import ENVIRONMENT_ONLY, SETTINGS
from setup.engine.places import REPOSITORY
from tests.reliability import dependencies, least_roles, sinks, supply
from tests.reliability.bench import Bench
from tests.reliability.leak_search import found_in
from tests.reliability.programs import key
from tests.reliability.scene import Scene
from tests.support.local_cloud import LocalCloud
from tools.table import Table

_DOUBTFUL_WORDS: Final = ("insecure", "plaintext", "skip", "verify", "trustall", "notls")
# Where the plugin speaks to the engine on this machine's own loopback, as every plugin does.
_PLAIN_CHANNELS: Final = {"run.py": 1}
_CHUNK: Final = 65_536

Told = Callable[[str], None]


def trust(tell: Told) -> Table:
    """Runs all; a row each."""
    table = Table("Trust", ("what", "cases", "wrong"), wrong=("wrong",))

    def row(name: str, cases: int, wrong: Iterable[str]) -> None:
        lines = list(wrong)
        for line in lines:
            tell(f"trust: {name}: {line}")
        table.add(name, cases, len(lines))

    directory = Path(tempfile.mkdtemp(prefix="reliability-trust-"))
    bench = Bench(directory / "one")
    other = LocalCloud(directory / "two")
    try:
        row("a certificate of another authority is refused", 1, wrong_authority(bench, other))
        row("a certificate for another host is refused", 1, wrong_host(bench))
        row("no setting turns TLS off", len(SETTINGS), no_way_around())
        row("credentials are in no state of a resource", 1, credentials_in_states(bench))
        settings = len(SETTINGS) + len(ENVIRONMENT_ONLY)
        row("a stack file leads no credential astray", settings, sinks.hostile_settings(bench, directory))
        row("a listener of a request's own gets no token", 2, sinks.hostile_listener(bench, directory))
        row("a credential in the wrong variable stays unseen", len(sinks.VARIABLES), sinks.hostile_variables(bench))
        for deployer in least_roles.deployers():
            row(f"least roles: {deployer.name}", 1 + len(deployer.roles), least_roles.flaws(bench, deployer))
        row("requirements are pinned with hashes, and installed so", len(dependencies.locked()), dependencies.flaws())
        row("a planted engine, and one that is too old, isn't run", 6, supply.planted_engines(directory / "engines"))
        row("a wheel that is planted in pip's cache isn't installed", 1, supply.planted_wheel(directory / "wheel"))
        row("pulumi-yandex's own set-up doesn't run", 1, supply.planted_command(directory / "command"))
        told_by_a_request = supply.talkative_request(directory / "request")
        row(
            "a request's job that prints its environment shows nothing",
            len(supply.TOKENS | supply.LOGIN),
            told_by_a_request,
        )
        row("workflows are as zizmor wants them, and GitLab's as their rules do", *supply.workflows())
    finally:
        other.stop()
        bench.close()
        shutil.rmtree(directory, ignore_errors=True)
    return table


def wrong_authority(bench: Bench, other: LocalCloud) -> list[str]:
    """The endpoint shows a certificate that an authority we don't trust has signed: one clear line, and nothing is sent."""
    return _refused(bench, "certificate isn't trusted", YANDEX_KEYS_ROOT_CERTIFICATES=str(other.ready["ca"]))


def wrong_host(bench: Bench) -> list[str]:
    """Somebody else's address leads to the endpoint: its certificate is for another name."""
    with _forwarded(bench.ready["endpoint"]) as address:
        return _refused(bench, "certificate is for another host", YC_ENDPOINT=address)


def no_way_around() -> list[str]:
    """No setting sounds like it, and no code of the provider makes a channel without TLS but the one to the engine."""
    wrong = [name for name in sorted(SETTINGS) if any(word in name.lower() for word in _DOUBTFUL_WORDS)]
    for path in sorted((REPOSITORY / "provider").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for doubtful in ("insecure_channel(", "verify=False", "insecure=True", "CERT_NONE"):
            allowed = _PLAIN_CHANNELS.get(path.name, 0) if doubtful == "insecure_channel(" else 0
            if text.count(doubtful) > allowed:
                wrong.append(f"{path.name} has {doubtful}")
    return wrong


def credentials_in_states(bench: Bench) -> list[str]:
    """The token that a run logs in with is in no input and no output of what it makes."""
    scene = Scene(bench)
    scene.up(key(exposeSecret=True))
    written = scene.stack.export()
    scene.must(scene.stack.destroy())
    return ["the deployer's token is in a state"] if found_in(written.encode(), [bench.token]) else []


def _refused(bench: Bench, words: str, **environment: str) -> list[str]:
    scene = Scene(bench)
    scene.stack = bench.stack(None, "reliability", **environment)
    bench.forget_calls()
    outcome = scene.stack.up(scene.program(key()))
    message = " ".join(outcome.errors)
    wrong = []
    if words not in message or "\n" in message:
        wrong.append(f"the message is {message!r}")
    if bench.calls():
        wrong.append(f"calls got through: {bench.calls()}")
    return wrong


@contextmanager
def _forwarded(endpoint: str) -> Iterator[str]:
    """Another address of this machine that leads to `endpoint`, as a redirected name would; for as long as the block runs."""
    with socket.create_server(("127.0.0.2", 0)) as listening:
        threading.Thread(target=_forward, args=(listening, endpoint), daemon=True).start()
        yield f"127.0.0.2:{listening.getsockname()[1]}"


def _forward(listening: socket.socket, endpoint: str) -> None:
    host, _, port = endpoint.rpartition(":")
    while True:
        try:
            caller, _ = listening.accept()
            target = socket.create_connection((host, int(port)))
        except OSError:
            return
        for source, sink in ((caller, target), (target, caller)):
            threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while chunk := source.recv(_CHUNK):
            sink.sendall(chunk)
    except OSError:
        pass
    finally:
        source.close()
        sink.close()
