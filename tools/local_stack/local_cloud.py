"""The local cloud (the emulator): found where it runs, started where it doesn't, stopped by its own process."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from setup import json_file, processes
from setup.progress import last_line
from tools.local_stack import loopback
from tools.local_stack.places import Places

_START_SECONDS = 60.0
# A cloud that is down refuses at once; one that is busy, on a busy machine, must not be taken for dead.
_ANSWER_SECONDS = 20.0
_POLL_SECONDS = 0.05
_MEMBERS = ("endpoint", "ca", "http", "serviceAccountKey", "cloudId", "folderId")


class LocalCloudFailed(Exception):
    """The local cloud did not start or does not answer; the message says where its log is."""


@dataclass(frozen=True)
class LocalCloud:
    """A running local cloud, by its ready line (design, section 7)."""

    endpoint: str
    ca: str
    http: str
    service_account_key: str
    cloud_id: str
    folder_id: str

    @classmethod
    def from_ready(cls, ready: dict[str, object]) -> LocalCloud:
        """Raises KeyError when a member is missing."""
        return cls(*(str(ready[name]) for name in _MEMBERS))

    def place(self) -> dict[str, str]:
        """The variables that lead the plugin to it and say whom to trust, without a login."""
        return {
            "YC_ENDPOINT": self.endpoint,
            "YC_CLOUD_ID": self.cloud_id,
            "YC_FOLDER_ID": self.folder_id,
            "YANDEX_KEYS_ROOT_CERTIFICATES": self.ca,
        }

    def variables(self) -> dict[str, str]:
        """All variables with which `pulumi` works on it: its deployer's login and its own time too. Raises LocalCloudFailed."""
        return {
            **self.place(),
            "YC_SERVICE_ACCOUNT_KEY_FILE": self.service_account_key,
            "YANDEX_KEYS_AS_OF": self.now(),
            # Keys of the local cloud are tried on the services that it plays: the real ones don't know them.
            "YANDEX_KEYS_SERVICES": f"{self.http}/services",
        }

    def now(self) -> str:
        """Its clock, RFC 3339 in UTC, read afresh. Raises LocalCloudFailed when it doesn't answer."""
        return str(self.ask("/admin/clock")["now"])

    def calls(self, aside: tuple[str, ...] = ()) -> int:
        """How many API calls it has had since it counts, but for those of the services `aside` (`PayloadService/`)."""
        counted = self.ask("/admin/calls").items()
        return sum(int(str(count)) for method, count in counted if not (aside and method.startswith(aside)))

    def services_by_header(self) -> Mapping[str, frozenset[str]]:
        """The services of its gateway that take a key in the header `Authorization: Api-Key`, each with its scopes, of which a key needs one."""
        services = self.ask("/services/")["services"]
        assert isinstance(services, list)
        by_header = (each for each in services if each["authentication"].startswith("Authorization:"))
        return {str(each["service"]): frozenset(each["scopes"]) for each in by_header}

    def ask(self, path: str, content: Mapping[str, str] | None = None) -> dict[str, object]:
        """What it answers on its HTTP address to a GET, or to a POST of `content`. Raises LocalCloudFailed."""
        method = "GET" if content is None else "POST"
        try:
            with loopback.session() as session:
                answer = session.request(method, self.http + path, json=content, timeout=_ANSWER_SECONDS)
            answer.raise_for_status()
            said = answer.json()
        except requests.RequestException as error:
            raise LocalCloudFailed(f"the local cloud at {self.http} doesn't answer: {error}") from error
        if not isinstance(said, dict):
            raise LocalCloudFailed(f"{self.http}{path} isn't the local cloud's: it answers {said!r}")
        return said


def serve_command(data: Path) -> list[str]:
    """What starts one on the data in that folder, from the repository's root; its first line of output is the ready line."""
    return [sys.executable, "-m", "emulator", "serve", "--data", str(data)]


def find(places: Places) -> LocalCloud | None:
    """The local cloud of this clone, if it runs and answers."""
    ready = json_file.read_object(places.ready)
    if ready is None:
        return None
    try:
        cloud = LocalCloud.from_ready(ready)
        cloud.now()
    except (KeyError, LocalCloudFailed):
        return None
    return cloud


def where_it_was(places: Places) -> dict[str, str]:
    """Variables for a shell while no local cloud runs: they lead to where it was last, or to where nobody is.

    Without them a plain `pulumi up` of the local stack would look for Yandex Cloud itself, and on a virtual machine of it also log in there.
    """
    ready = json_file.read_object(places.ready) or {}
    try:
        was = LocalCloud.from_ready(ready)
        return {**was.place(), "YC_SERVICE_ACCOUNT_KEY_FILE": was.service_account_key}
    except KeyError:
        return {"YC_ENDPOINT": "127.0.0.1:1"}


def provide(places: Places) -> LocalCloud:
    """The running local cloud: left alone where it answers, else started on the data that is there.

    After a reboot or a crash it takes its former ports again where they are free, so that shells with the former
    environment keep working. Raises LocalCloudFailed.
    """
    found = find(places)
    if found is not None:
        return found
    stop(places)
    return _start(places)


def stop(places: Places) -> bool:
    """Ends the process that `provide` started, if it lives. Answers whether there was one."""
    record = json_file.read_object(places.process)
    places.process.unlink(missing_ok=True)
    if record is None:
        return False
    process = processes.Process(int(str(record["pid"])), str(record["started"]))
    if processes.look_up(process.pid) != process:
        return False
    processes.end(process)
    return True


def _start(places: Places) -> LocalCloud:
    places.emulator.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Standard output goes to a file, not a pipe: the local cloud outlives this process.
    output = places.emulator / "stdout"
    with output.open("w") as stdout, places.emulator_log.open("a") as log:
        process = subprocess.Popen(
            serve_command(places.emulator),
            cwd=places.repository,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=log,
            start_new_session=True,
        )
    identity = processes.look_up(process.pid)
    if identity is not None:
        json_file.write(places.process, {"pid": identity.pid, "started": identity.started})
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        line, complete, _ = output.read_text().partition("\n")
        if complete:
            return _started(places, line)
        time.sleep(_POLL_SECONDS)
    stop(places)
    words = last_line(places.emulator_log, "no word of why")
    raise LocalCloudFailed(f"the local cloud did not start: {words} (its log: {places.emulator_log})")


def _started(places: Places, line: str) -> LocalCloud:
    try:
        ready = json.loads(line)
        cloud = LocalCloud.from_ready(ready)
    except (ValueError, KeyError, TypeError) as error:
        stop(places)
        raise LocalCloudFailed(f"the local cloud's ready line can't be read ({error!r}): {line[:200]}") from error
    json_file.write(places.ready, ready)
    return cloud
