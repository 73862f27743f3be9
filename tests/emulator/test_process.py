"""The command: its ready line, its errors, one emulator a folder, and what a killed one still knows."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import yandexcloud
from cryptography import x509
from google.rpc import status_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from yandex.cloud.iam.v1.api_key_service_pb2 import CreateApiKeyRequest, ListApiKeysRequest
from yandex.cloud.iam.v1.api_key_service_pb2_grpc import ApiKeyServiceStub

from emulator.server import start
from tests.emulator.local import Local

_ROOT = Path(__file__).parents[2]


class Served:
    """`python -m emulator serve` as a process."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "emulator", "serve", *arguments]
        self.process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ready(self) -> dict[str, Any]:
        """The ready line."""
        assert self.process.stdout is not None
        line: dict[str, Any] = json.loads(self.process.stdout.readline())
        return line

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """The exit code and the standard error after a signal."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        """The exit code and the standard error."""
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An emulator in a process of its own, killed at the end if it still runs."""
    running = Served("--data", str(tmp_path / "data"))
    yield running
    running.process.kill()
    running.process.communicate()


def _keys(ready: dict[str, Any]) -> Any:
    login = json.loads(Path(ready["serviceAccountKey"]).read_text())
    roots = Path(ready["ca"]).read_bytes()
    sdk = yandexcloud.SDK(endpoint=ready["endpoint"], root_certificates=roots, service_account_key=login)
    return sdk.client(ApiKeyServiceStub)


def test_the_ready_line_says_where_everything_is(served: Served, tmp_path: Path) -> None:
    ready = served.ready()
    assert set(ready) == {"endpoint", "ca", "http", "serviceAccountKey", "cloudId", "folderId"}
    data = tmp_path / "data"
    assert (ready["ca"], ready["serviceAccountKey"]) == (str(data / "ca.pem"), str(data / "deployer.json"))
    for private in ("deployer.json", "ca.key", "server.key", "state.sqlite3"):
        assert (data / private).stat().st_mode & 0o777 == 0o600, private
    login = json.loads((data / "deployer.json").read_text())
    names = {"id", "service_account_id", "created_at", "key_algorithm", "public_key", "private_key"}
    assert set(login) == names
    assert served.end(signal.SIGTERM) == (0, "")


def test_a_killed_emulator_has_lost_nothing_and_comes_back_on_its_ports(served: Served, tmp_path: Path) -> None:
    ready = served.ready()
    keys = _keys(ready)
    made = [keys.Create(CreateApiKeyRequest(scopes=["yc.postbox.send"])).api_key.id for _ in range(5)]
    served.end(signal.SIGKILL)
    again = Served("--data", str(tmp_path / "data"))
    assert again.ready() == ready
    assert [key.id for key in _keys(ready).List(ListApiKeysRequest()).api_keys] == made
    assert again.end(signal.SIGINT) == (0, "")


def test_a_second_emulator_on_the_same_folder_says_so_and_fails(served: Served, tmp_path: Path) -> None:
    served.ready()
    code, errors = Served("--data", str(tmp_path / "data")).wait()
    assert code == 1
    assert errors == f"emulator: --data: another emulator is running on {tmp_path / 'data'}\n"


def test_a_taken_port_is_an_error_when_asked_for_and_avoided_when_only_remembered(tmp_path: Path) -> None:
    first = start(tmp_path / "data")
    ready = first.ready
    first.stop()
    port = int(ready["endpoint"].rpartition(":")[2])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        code, errors = Served("--data", str(tmp_path / "data"), "--port", str(port)).wait()
        assert (code, errors) == (1, f"emulator: port {port} of 127.0.0.1 is taken\n")
        second = start(tmp_path / "data")
        assert second.ready["endpoint"] != ready["endpoint"]
        assert second.ready["http"] == ready["http"]
        second.stop()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--data"),
        (["--data", "x", "--port", "many"], "--port"),
        (["--data", "x", "--http-port", "70000"], "--http-port"),
        (["--data", "/dev/null/x"], "--data"),
        (["--data", "x", "--loud"], "--loud"),
    ],
)
def test_wrong_arguments_are_one_line(arguments: list[str], words: str) -> None:
    code, errors = Served(*arguments).wait()
    assert code != 0
    assert errors.count("\n") == 1
    assert words in errors


def test_help_says_what_the_command_does() -> None:
    command = [sys.executable, "-m", "emulator", "serve", "--help"]
    text = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True).stdout
    for words in ("--data", "--port", "--http-port", "serviceAccountKey", "loopback"):
        assert words in text


def test_the_certificate_names_the_loopback_and_nothing_else(tmp_path: Path) -> None:
    running = start(tmp_path)
    host, _, port = running.ready["endpoint"].rpartition(":")
    context = ssl.create_default_context(cafile=running.ready["ca"])
    for name in ("localhost", "127.0.0.1"):
        with (
            socket.create_connection((host, int(port))) as plain,
            context.wrap_socket(plain, server_hostname=name) as tls,
        ):
            assert tls.version() == "TLSv1.3"
    with socket.create_connection((host, int(port))) as plain, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(plain, server_hostname="elsewhere")
    running.stop()
    certificate = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(item) for item in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_it_listens_on_the_loopback_only(tmp_path: Path) -> None:
    running = start(tmp_path)
    addresses = (running.ready["endpoint"], running.ready["http"].removeprefix("http://"))
    ports = {f"{int(item.rpartition(':')[2]):04X}" for item in addresses}
    listening = [line.split()[1].split(":") for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    assert {address for address, port in listening if port in ports} == {"0100007F"}
    running.stop()


def test_reflection_lists_the_services(tmp_path: Path) -> None:
    running = start(tmp_path)
    credentials = grpc.ssl_channel_credentials(Path(running.ready["ca"]).read_bytes())
    with grpc.secure_channel(running.ready["endpoint"], credentials) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        requests = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        answers = list(stub.ServerReflectionInfo(requests, timeout=20))
    names = {service.name for service in answers[0].list_services_response.service}
    assert {"yandex.cloud.iam.v1.ApiKeyService", "yandex.cloud.lockbox.v1.SecretService"} <= names
    running.stop()


def test_a_lost_login_file_is_made_anew(tmp_path: Path) -> None:
    first = start(tmp_path)
    first.stop()
    (tmp_path / "deployer.json").unlink()
    second = start(tmp_path)
    assert list(_keys(second.ready).List(ListApiKeysRequest()).api_keys) == []
    second.stop()


@pytest.mark.parametrize(
    "method",
    [
        "yandex.cloud.compute.v1.InstanceService/List",
        "yandex.cloud.iam.v1.ApiKeyService/Copy",
        "yandex.cloud.resourcemanager.v1.FolderService/ListOperations",
        "grpc.health.v1.Health/Check",
    ],
)
def test_a_call_of_what_is_not_there_is_unimplemented_and_traced_like_all_others(local: Local, method: str) -> None:
    call = local.channel.unary_unary(f"/{method}", bytes, bytes)
    with pytest.raises(grpc.RpcError) as refused:
        call(b"\x0a\x011", timeout=20, metadata=(("authorization", f"Bearer {local.token}"),))
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    name = method.rpartition(".")[2]
    assert name in str(refused.value.details())
    trailing = {item.key: item.value for item in refused.value.trailing_metadata()}
    logged = local.admin("GET", "calls?log=1")[-1]
    assert (logged["method"], logged["code"], logged["requestId"]) == (name, "UNIMPLEMENTED", trailing["x-request-id"])
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    assert status.details[-1].type_url.endswith("google.rpc.RequestInfo")


def test_a_stream_of_what_is_not_there_is_unimplemented_as_well(local: Local) -> None:
    call = local.channel.stream_stream("/yandex.cloud.ai.stt.v3.Recognizer/RecognizeStreaming", bytes, bytes)
    with pytest.raises(grpc.RpcError) as refused:
        list(call(iter([b"", b""]), timeout=20))
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "x-request-id" in {item.key for item in refused.value.trailing_metadata()}
