"""Hostile settings and variables, each with a sink that must stay empty, in preview and in `up`: through the plugin's own servicer."""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pulumi.runtime.proto import provider_pb2

from provider.yandex_keys.settings import ENVIRONMENT_ONLY, SETTINGS
from tests.provider.endpoint_stub import listening
from tests.reliability.bench import Bench
from tests.reliability.plugin_run import PluginRun, VerbFailed, struct
from tests.reliability.programs import ACCOUNT

SECRET: Final = "hunter2-is-the-passphrase"
IAM_TOKEN: Final = f"t1.{'9euelZqM' * 6}.{'a-B_' * 21}ab"
API_KEY: Final = "AQVN0123456789abcdefghijklmnopqrstuvwxyz"
OIDC: Final = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"RS256"}', b'{"sub":"us"}', b"signature" * 5)
)
KEY: Final = json.dumps(
    {
        "id": "ajekey",
        "service_account_id": "aje",
        "private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n",
    },
    indent=2,
)
_PROVIDER: Final = "urn:pulumi:reliability::api-keys::pulumi:providers:yandex-keys::yandex-keys"
_RESOURCE: Final = f"urn:pulumi:reliability::api-keys::{ACCOUNT}::account"
VARIABLES: Final = (
    "YC_ENDPOINT",
    "YC_FOLDER_ID",
    "YC_CLOUD_ID",
    "YC_TOKEN",
    "YC_SERVICE_ACCOUNT_KEY_FILE",
    "YC_METADATA_ADDR",
    "YANDEX_KEYS_AS_OF",
    "YANDEX_KEYS_RUN_EVERY",
    "YANDEX_KEYS_SERVICES",
    "YANDEX_KEYS_ROOT_CERTIFICATES",
    "YANDEX_KEYS_FEDERATED_TOKEN",
    "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID",
    "YANDEX_KEYS_TOKEN_EXCHANGE_URL",
)
"""Every variable that the plugin reads; a test compares them with its code."""


@dataclass
class Sink:
    """A listener on this machine that nothing may reach. `caught` is what the first bytes of each connection were."""

    port: int = 0
    caught: list[bytes] = field(default_factory=list)

    @property
    def foreign(self) -> tuple[str, ...]:
        """Ways to write its address that lead here, and don't say so."""
        return f"0.0.0.0:{self.port}", f"127.1:{self.port}", f"[::ffff:127.0.0.1]:{self.port}"


@contextmanager
def sink() -> Iterator[Sink]:
    """A sink, open as long as the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        opened = Sink(listener.getsockname()[1])

        def take() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(1)
                    try:
                        opened.caught.append(connection.recv(65_536))
                    except OSError:
                        opened.caught.append(b"")

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield opened
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def told(environment: Mapping[str, str], given: Mapping[str, str]) -> list[str]:
    """What a user reads of a preview and an `up` of one account, with these settings: refusals, errors and the log.

    The engine stops at the first refusal; here each verb is tried all the same, so that none relies on another.
    """
    said: list[str] = []
    run = PluginRun(environment, lambda: datetime.now(UTC))
    news = struct(dict(given))
    inputs = struct({"name": "account-of-a-hostile-stack", "folderId": "b1g"})
    requests = (
        ("CheckConfig", provider_pb2.CheckRequest(urn=_PROVIDER, news=news)),
        ("Configure", provider_pb2.ConfigureRequest(acceptSecrets=True, args=news, urn=_PROVIDER)),
        ("Check", provider_pb2.CheckRequest(urn=_RESOURCE, news=inputs)),
        ("Create", provider_pb2.CreateRequest(urn=_RESOURCE, properties=inputs, preview=True)),
        ("Create", provider_pb2.CreateRequest(urn=_RESOURCE, properties=inputs)),
    )
    try:
        for verb, request in requests:
            try:
                answer = run.call(verb, request)
            except VerbFailed as error:
                said.append(str(error))
            else:
                said += [f"{failure.property}: {failure.reason}" for failure in getattr(answer, "failures", ())]
    finally:
        run.__exit__(None, None, None)
    return said + run.logged


def hostile_settings(bench: Bench, directory: Path) -> list[str]:
    """A stack file (or a program) sets each setting to whatever might lead a credential astray. What went wrong, in lines."""
    file = directory / "secret"
    file.write_text(SECRET)
    key = directory / "key.json"
    key.write_text(KEY)
    wrong: list[str] = []
    with sink() as caught:
        lures = [
            f"http://127.0.0.1:{caught.port}/oauth/token",
            str(file),
            str(key),
            "/proc/self/environ",
            *caught.foreign,
        ]
        for setting in sorted(SETTINGS | ENVIRONMENT_ONLY.keys()):
            for lure in lures:
                for name, environment in _logins(bench).items():
                    given = {setting: lure, "federatedServiceAccountId": "ajedeployer"} | (
                        {"tokenExchangeUrl": lures[0]} if setting == "federatedToken" else {}
                    )
                    wrong += _leaks(f"{setting}: {lure}, logged in by {name}", told(environment, given), caught)
    return wrong


def hostile_listener(bench: Bench, directory: Path) -> list[str]:
    """A request's program listens on loopback itself, with a certificate of its own, and the stack's endpoint leads there: no token comes."""
    wrong: list[str] = []
    with listening(directory) as listener:
        for more in ({}, {"rootCertificates": listener.authority}):
            said = told(_logins(bench)["a token"], {"endpoint": listener.address, **more})
            if listener.asked or listener.tokens:
                wrong.append(f"{listener.asked} reached a listener that the stack file named; {said}")
    return wrong


def hostile_variables(bench: Bench) -> list[str]:
    """Each variable holds a credential that was meant for another: none is printed, and none goes anywhere."""
    wrong: list[str] = []
    with sink() as caught, _proxies(f"http://127.0.0.1:{caught.port}"):
        for variable in VARIABLES:
            for secret in (KEY, KEY.replace("\n", " "), IAM_TOKEN, API_KEY, OIDC, f"/{IAM_TOKEN}"):
                for environment in _logins(bench).values():
                    said = told(environment | {variable: secret}, {})
                    wrong += _leaks(f"{variable} with {secret[:8]}…", said, caught)
        for address in caught.foreign:
            wrong += _leaks(f"YC_METADATA_ADDR={address}", told({"YC_METADATA_ADDR": address}, {}), caught)
    return wrong


def _logins(bench: Bench) -> dict[str, dict[str, str]]:
    """Environments of a deployer, by the way in which it logs in."""
    cloud = {name: bench.environment()[name] for name in ("YC_ENDPOINT", "YANDEX_KEYS_ROOT_CERTIFICATES")}
    return {
        "a token": {**cloud, "YC_TOKEN": IAM_TOKEN},
        "a federation": {
            **cloud,
            "YANDEX_KEYS_FEDERATED_TOKEN": OIDC,
            "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID": "ajedeployer",
            "YANDEX_KEYS_TOKEN_EXCHANGE_URL": f"{bench.ready['http']}/oauth/token",
        },
        "its machine": {**cloud, "YC_METADATA_ADDR": bench.ready["http"].removeprefix("http://")},
    }


@contextmanager
def _proxies(address: str) -> Iterator[None]:
    """The process's own proxies, as a runner's; but for those in small letters, by which gRPC would reach the plugin under test."""
    names = ("HTTP_PROXY", "ALL_PROXY")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, address))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _leaks(case: str, said: list[str], caught: Sink) -> list[str]:
    wrong = [f"{case}: the sink got {first[:80]!r}" for first in caught.caught]
    caught.caught.clear()
    text = "\n".join(said)
    if not said:
        wrong.append(f"{case}: nothing was said")
    for secret in (SECRET, IAM_TOKEN, API_KEY, OIDC, "MIIEvQIBADAN", "9euelZqM9euel"):
        if secret in text:
            wrong.append(f"{case}: printed {text[:200]!r}")
    return wrong
