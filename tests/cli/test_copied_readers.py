"""What consumers copy in other languages and for machines, run against an address that answers as a machine's metadata and Lockbox do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cli.consumers import key_file
from setup.engine.places import REPOSITORY

CONSUMERS = REPOSITORY / "cli" / "consumers"
GO_CALLS = """package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"example.test/consumer/keyreader"
)

func main() {
	at := os.Args[1]
	lockbox := keyreader.Lockbox{SecretID: "e6qsecret", Entry: "api_key", Metadata: at, Payload: at}
	reader := &keyreader.Reader{Read: lockbox.Read, MaxAge: time.Hour}
	send := func(secret string) int {
		request, _ := http.NewRequest("GET", at+"/service", nil)
		request.Header.Set("Authorization", "Api-Key "+secret)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			panic(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	call := func() int {
		secret, err := reader.Secret(context.Background())
		if err != nil {
			panic(err)
		}
		if status := send(secret); status != 401 {
			return status
		}
		return send(reader.Refused(context.Background(), secret))
	}
	for round := 0; round < 3; round++ {
		var group sync.WaitGroup
		for range 16 {
			group.Add(1)
			go func() { defer group.Done(); fmt.Println(call()) }()
		}
		group.Wait()
		answer, err := http.Get(at + "/compromised")
		if err != nil {
			panic(err)
		}
		answer.Body.Close()
	}
}
"""
NODE_CALLS = """
import { KeyReader, lockboxEntry } from "./key_reader.mjs";
const at = process.argv[2];
const reader = new KeyReader(lockboxEntry("e6qsecret", "api_key", { metadata: at, payload: at }), { maxAge: 3600000 });
const send = (secret) => fetch(`${at}/service`, { headers: { Authorization: `Api-Key ${secret}` } });
for (let round = 0; round < 3; round++) {
  const answers = await Promise.all(Array.from({ length: 16 }, () => reader.call(send)));
  for (const answer of answers) console.log(answer.status);
  await fetch(`${at}/compromised`);
}
"""


class Machine(ThreadingHTTPServer):
    """Metadata, Lockbox and a service at one address. `/compromised` replaces the key and ends the one of before."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.generation = 0
        self.reads = 0
        self.counted = threading.Lock()

    @property
    def at(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def secret(self) -> str:
        return f"secret-{self.generation}"


class Answers(BaseHTTPRequestHandler):
    """Refuses what the real ones refuse: a metadata call without its header, Lockbox without the token, another secret."""

    server: Machine

    def do_GET(self) -> None:
        status, body = self.answer()
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer(self) -> tuple[int, object]:
        machine, login = self.server, self.headers.get("Authorization")
        if self.path.startswith("/computeMetadata/") and self.headers.get("Metadata-Flavor") == "Google":
            return 200, {"access_token": "a-token", "expires_in": 3600}
        if self.path == "/lockbox/v1/secrets/e6qsecret/payload" and login == "Bearer a-token":
            with machine.counted:
                machine.reads += 1
            entries = [{"key": "api_key", "textValue": machine.secret}, {"key": "api_key_id", "textValue": "ajekey"}]
            return 200, {"versionId": "e6qversion", "entries": entries}
        if self.path == "/service":
            return (200 if login == f"Api-Key {machine.secret}" else 401), {}
        if self.path == "/compromised":
            machine.generation += 1
            return 200, {}
        return 403, {}

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def machine() -> Iterator[Machine]:
    served = Machine()
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


def test_a_machine_s_file_holds_what_lockbox_has_now(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YC_METADATA_ADDR", machine.at.removeprefix("http://"))
    for secret in ("secret-0", "secret-1"):
        key_file.write(tmp_path, "e6qsecret", ["api_key", "api_key_id"], machine.at)
        assert (tmp_path / "api_key").read_text() == secret
        machine.generation += 1
    assert sorted(it.name for it in tmp_path.iterdir()) == ["api_key", "api_key_id"]
    assert (tmp_path / "api_key").stat().st_mode & 0o777 == 0o640


def test_a_file_that_stays_is_not_written_again(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path unit restarts the app whenever it is."""
    monkeypatch.setenv("YC_METADATA_ADDR", machine.at.removeprefix("http://"))
    key_file.write(tmp_path, "e6qsecret", ["api_key"], machine.at)
    before = (tmp_path / "api_key").stat()
    key_file.write(tmp_path, "e6qsecret", ["api_key"], machine.at)
    assert (tmp_path / "api_key").stat().st_ino == before.st_ino


def test_where_nothing_can_be_read_the_files_stay_and_the_reason_is_told(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "api_key").write_text("of before")
    done = subprocess.run(
        ["python3", CONSUMERS / "key_file.py", tmp_path, "e6qsecret", "api_key"],
        env={"PATH": os.environ["PATH"], "YC_METADATA_ADDR": "127.0.0.1:1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("the key could not be read: URLError")
    assert (tmp_path / "api_key").read_text() == "of before"


@pytest.mark.skipif(shutil.which("go") is None, reason="no Go is installed")
def test_the_reader_in_go_reads_once_for_all_and_again_after_a_401(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.test/consumer\n\ngo 1.22\n")
    (tmp_path / "keyreader").mkdir()
    shutil.copy(CONSUMERS / "key_reader.go", tmp_path / "keyreader")
    (tmp_path / "main.go").write_text(GO_CALLS)
    settings = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        ["go", "run", ".", machine.at], cwd=tmp_path, env=settings, check=False, capture_output=True, text=True
    )
    assert (done.stderr, done.stdout.split()) == ("", ["200"] * 48)
    assert machine.reads == 3


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js is installed")
def test_the_reader_in_javascript_reads_once_for_all_and_again_after_a_401(machine: Machine, tmp_path: Path) -> None:
    shutil.copy(CONSUMERS / "key_reader.mjs", tmp_path)
    (tmp_path / "calls.mjs").write_text(NODE_CALLS)
    done = subprocess.run(["node", tmp_path / "calls.mjs", machine.at], check=False, capture_output=True, text=True)
    assert (done.stderr, done.stdout.split()) == ("", ["200"] * 48)
    assert machine.reads == 3
