"""A forge for `pulumi package add`: a git server over https, under a name that there isn't, reached by a proxy on this machine's loopback.

By a name, for an address with a port in it makes a path with a colon in it, where Python makes no virtual environment.
"""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.snapshot import git, snapshot

HOST: Final = "git.example.test"
_BACKEND: Final = ["git", "http-backend"]
_CHUNK_BYTES: Final = 64 * 1024


def available() -> bool:
    """Whether this machine's git can serve repositories over HTTP; some distributions pack that apart."""
    return Path(git(Path(), "--exec-path").strip(), "git-http-backend").exists()


class GitServer:
    """Serves the bare repositories below `directory`, each as `https://git.example.test/<its path>`, to whoever has its `environment`."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True)
        self.directory = directory
        key, self._certificate = _write_certificate(directory)
        self._git = ThreadingHTTPServer(("127.0.0.1", 0), _handler(directory))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate, key)
        self._git.socket = context.wrap_socket(self._git.socket, server_side=True)
        self._proxy = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _tunnel_to(self._git.server_port))
        self._proxy.daemon_threads = True
        self._servers = (self._git, self._proxy)
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """By which the engine reaches it and knows it; everybody else is reached and known as ever."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self._proxy.server_address[1]}",
            "NO_PROXY": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(self._authorities()),
        }

    def _authorities(self) -> Path:
        """Its own certificate, and those that the machine trusts."""
        machine = ssl.get_default_verify_paths().cafile
        known = Path(machine).read_bytes() if machine and Path(machine).exists() else b""
        file = self.directory / "authorities.pem"
        file.write_bytes(self._certificate.read_bytes() + known)
        return file

    def publish(self, repository: Path, path: str, *tags: str) -> None:
        """Serves what is in `repository` now, committed or not, as one commit with these tags."""
        work = self.directory / "work"
        snapshot(repository, work, *tags)
        git(self.directory, "clone", "--quiet", "--bare", str(work), str(self.directory / path))
        shutil.rmtree(work)


def _write_certificate(directory: Path) -> tuple[Path, Path]:
    """A key and the certificate that it has signed for itself, for a day."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = directory / "server.key", directory / "server.pem"
    kept = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[0].write_bytes(key.private_bytes(serialization.Encoding.PEM, *kept))
    files[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return files


def _tunnel_to(port: int) -> type[socketserver.BaseRequestHandler]:
    class Tunnel(socketserver.StreamRequestHandler):
        """A proxy of one CONNECT: to the git server where that is asked for, else to whom is asked for."""

        def handle(self) -> None:
            asked = self.rfile.readline().decode().split()
            while self.rfile.readline().strip():
                pass
            host, _, number = asked[1].rpartition(":")
            with socket.create_connection(("127.0.0.1", port) if host == HOST else (host, int(number))) as server:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(server, self.connection), daemon=True)
                back.start()
                _pump(self.connection, server)
                back.join()

    return Tunnel


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while content := source.recv(_CHUNK_BYTES):
            sink.sendall(content)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # The other side has gone: so does this one.


def _handler(directory: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Hands each request to git's own server of repositories over HTTP, a CGI program."""

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _answer(self, body: bytes) -> None:
            asked = urlsplit(self.path)
            variables = {
                "GIT_PROJECT_ROOT": str(directory),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": asked.path,
                "QUERY_STRING": asked.query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "PATH": "/usr/local/bin:/usr/bin:/bin",
            }
            done = subprocess.run(_BACKEND, env=variables, input=body, check=True, capture_output=True)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a test's output is its own."""

    return Handler
