"""The admin API: what tests look at and set; no part of the cloud, so it needs no token."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

from emulator.clock import read_moment
from emulator.durations import read_duration
from emulator.errors import AdminError
from emulator.state.cloud_state import CloudState
from emulator.transport.call_log import CallLog
from emulator.transport.faults import Faults
from emulator.transport.held_calls import HeldCalls
from emulator.web.http_server import HttpRequest, HttpResponse
from emulator.web.inventory import inventory
from emulator.web.logins import Logins
from emulator.web.own_clients import media_type


class Admin:
    """One route for each call; what it answers is sent as JSON."""

    def __init__(self, state: CloudState, log: CallLog, faults: Faults, held_calls: HeldCalls, logins: Logins) -> None:
        self._state = state
        self._log = log
        self._held_calls = held_calls
        self._logins = logins
        settings, federation = state.settings_store, state.federation
        self._routes: dict[str, dict[str, Callable[[HttpRequest], object]]] = {
            "/admin/state": {"GET": lambda _: inventory(state)},
            "/admin/clock": {"GET": lambda _: self._time(), "POST": self._move_clock},
            "/admin/settings": {
                "GET": lambda _: settings.as_json(),
                "POST": lambda request: settings.change(read_json(request)),
                "DELETE": lambda _: settings.reset(),
            },
            "/admin/faults": {
                "GET": lambda _: faults.as_json(),
                "POST": lambda request: faults.add(read_json(request)),
                "DELETE": lambda _: faults.clear(),
            },
            "/admin/held": {"GET": lambda _: held_calls.as_json()},
            "/admin/release": {"POST": self._release},
            "/admin/metadata": {"GET": lambda _: self._metadata(), "POST": self._bind_metadata},
            "/admin/oidc-token": {"POST": self._sign_token},
            "/admin/federated-credentials": {
                "GET": lambda _: [credential.as_json() for credential in federation.credentials()],
                "POST": self._bind_credential,
                "DELETE": lambda _: federation.clear(),
            },
            "/admin/subjects": {"POST": self._make_subject},
            "/admin/calls": {"GET": self._calls, "DELETE": lambda _: log.clear()},
        }

    @property
    def paths(self) -> list[str]:
        """Every path that there is."""
        return list(self._routes)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The answer of the call that the path and the method name."""
        methods = self._routes.get(request.path.rstrip("/"))
        if methods is None:
            return HttpResponse(404, {"error": f"{request.path}: no such call; there are {', '.join(self._routes)}"})
        call = methods.get("GET" if request.method == "HEAD" else request.method)
        if call is None:
            allowed = ", ".join(methods)
            return HttpResponse(405, {"error": f"{request.path} takes {allowed}"}, {"Allow": allowed})
        if request.body and media_type(request) != "application/json":
            return HttpResponse(415, {"error": f"{request.path} takes a body of Content-Type: application/json alone"})
        return HttpResponse(200, call(request))

    def _time(self) -> dict[str, object]:
        clock = self._state.clock
        now = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"now": now, "offsetSeconds": clock.offset.total_seconds()}

    def _move_clock(self, request: HttpRequest) -> dict[str, object]:
        body = read_object(request)
        unknown = set(body) - {"advance", "now"}
        if unknown or len(body) > 1:
            raise AdminError('clock: send {"advance": "30d"}, {"now": "2026-01-31T12:00:00Z"} or {}')
        if "advance" in body:
            self._state.clock.advance(read_duration(body["advance"], "advance"))
        elif "now" in body:
            self._state.clock.move_to(read_moment(body["now"], "now"))
        return self._time()

    def _release(self, request: HttpRequest) -> dict[str, int]:
        number = read_object(request).get("id")
        if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
            raise AdminError(f"id: {number!r} isn't the id of a held call; GET /admin/held lists them")
        return {"released": self._held_calls.release(number)}

    def _metadata(self) -> dict[str, str | None]:
        return {"serviceAccountId": self._logins.metadata_account() or None}

    def _bind_metadata(self, request: HttpRequest) -> dict[str, str | None]:
        self._logins.bind_metadata(read_object(request).get("serviceAccountId"))
        return self._metadata()

    def _sign_token(self, request: HttpRequest) -> dict[str, str]:
        body = read_object(request)
        lifetime = read_duration(body.get("lifetime", "10m"), "lifetime").total_seconds()
        seconds = -lifetime if body.get("expired") else lifetime
        federation = self._state.federation
        token = federation.sign(_required(body, "subject"), _required(body, "audience"), seconds)
        return {"token": token, "issuer": federation.issuer}

    def _bind_credential(self, request: HttpRequest) -> dict[str, str]:
        body = read_object(request)
        account_id, subject = _required(body, "serviceAccountId"), _required(body, "subject")
        issuer, audience = str(body.get("issuer") or ""), str(body.get("audience") or "")
        return self._state.federation.bind(account_id, issuer, subject, audience).as_json()

    def _make_subject(self, request: HttpRequest) -> dict[str, str]:
        body = read_object(request)
        kind, name = _required(body, "kind"), _required(body, "name")
        makers: dict[str, Callable[[str], str]] = {
            "userAccount": self._state.users.make,
            "federatedUser": partial(self._state.users.make, federated=True),
            "group": self._state.groups.make,
        }
        if kind not in makers:
            raise AdminError(f"kind: {kind!r} is none that is made here; there are {', '.join(makers)}")
        return {"id": makers[kind](name), "kind": kind, "name": name}

    def _calls(self, request: HttpRequest) -> object:
        if request.query.get("log") == ["1"]:
            return [asdict(entry) for entry in self._log.entries()]
        return self._log.counts()


def read_json(request: HttpRequest) -> object:
    """The body as JSON. Raises AdminError when it isn't."""
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise AdminError(f"{request.path}: the body isn't JSON: {error}") from None


def read_object(request: HttpRequest) -> dict[str, object]:
    """The body as a JSON object; an empty body is an empty one. Raises AdminError when it is something else."""
    body = read_json(request) if request.body.strip() else {}
    if not isinstance(body, dict):
        raise AdminError(f"{request.path}: the body isn't a JSON object")
    return body


def _required(body: dict[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise AdminError(f"{name}: {value!r} isn't a text; it is required")
    return value
