"""The admin API: what tests look at and set; no part of the cloud, so it needs no token."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

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

_Call = Callable[[HttpRequest], Any]


class Admin:
    """One method for each call; what it answers is sent as JSON."""

    def __init__(self, state: CloudState, log: CallLog, faults: Faults, held_calls: HeldCalls, logins: Logins) -> None:
        self._state = state
        self._log = log
        self._faults = faults
        self._held_calls = held_calls
        self._logins = logins
        self._routes: dict[str, dict[str, _Call]] = {
            "/admin/state": {"GET": self._inventory},
            "/admin/clock": {"GET": self._time, "POST": self._move_clock},
            "/admin/settings": {"GET": self._settings, "POST": self._change_settings, "DELETE": self._reset_settings},
            "/admin/faults": {"GET": self._faults_left, "POST": self._add_faults, "DELETE": self._clear_faults},
            "/admin/held": {"GET": self._held},
            "/admin/release": {"POST": self._release},
            "/admin/metadata": {"GET": self._metadata, "POST": self._bind_metadata},
            "/admin/oidc-token": {"POST": self._sign_token},
            "/admin/federated-credentials": {
                "GET": self._credentials,
                "POST": self._bind_credential,
                "DELETE": self._clear_credentials,
            },
            "/admin/calls": {"GET": self._calls, "DELETE": self._clear_calls},
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

    def _inventory(self, _: HttpRequest) -> Any:
        return inventory(self._state)

    def _time(self, _: HttpRequest) -> Any:
        clock = self._state.clock
        now = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"now": now, "offsetSeconds": clock.offset.total_seconds()}

    def _move_clock(self, request: HttpRequest) -> Any:
        body = read_object(request)
        unknown = set(body) - {"advance", "now"}
        if unknown or len(body) > 1:
            raise AdminError('clock: send {"advance": "30d"}, {"now": "2026-01-31T12:00:00Z"} or {}')
        if "advance" in body:
            self._state.clock.advance(read_duration(body["advance"], "advance"))
        elif "now" in body:
            self._state.clock.move_to(read_moment(body["now"], "now"))
        return self._time(request)

    def _settings(self, _: HttpRequest) -> Any:
        return self._state.settings_store.as_json()

    def _change_settings(self, request: HttpRequest) -> Any:
        self._state.settings_store.change(read_json(request))
        return self._state.settings_store.as_json()

    def _reset_settings(self, _: HttpRequest) -> Any:
        self._state.settings_store.reset()
        return self._state.settings_store.as_json()

    def _faults_left(self, _: HttpRequest) -> Any:
        return self._faults.as_json()

    def _add_faults(self, request: HttpRequest) -> Any:
        self._faults.add(read_json(request))
        return self._faults.as_json()

    def _clear_faults(self, _: HttpRequest) -> Any:
        self._faults.clear()
        return []

    def _held(self, _: HttpRequest) -> Any:
        return self._held_calls.as_json()

    def _release(self, request: HttpRequest) -> Any:
        number = read_object(request).get("id")
        if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
            raise AdminError(f"id: {number!r} isn't the id of a held call; GET /admin/held lists them")
        return {"released": self._held_calls.release(number)}

    def _metadata(self, _: HttpRequest) -> Any:
        return {"serviceAccountId": self._logins.metadata_account() or None}

    def _bind_metadata(self, request: HttpRequest) -> Any:
        self._logins.bind_metadata(read_object(request).get("serviceAccountId"))
        return self._metadata(request)

    def _sign_token(self, request: HttpRequest) -> Any:
        body = read_object(request)
        lifetime = read_duration(body.get("lifetime", "10m"), "lifetime").total_seconds()
        seconds = -lifetime if body.get("expired") else lifetime
        federation = self._state.federation
        subject, audience = _given(body, "subject"), _given(body, "audience")
        return {"token": federation.sign(subject, audience, seconds), "issuer": federation.issuer}

    def _credentials(self, _: HttpRequest) -> Any:
        return [credential.as_json() for credential in self._state.federation.credentials()]

    def _bind_credential(self, request: HttpRequest) -> Any:
        body = read_object(request)
        account_id, subject = _given(body, "serviceAccountId"), _given(body, "subject")
        issuer, audience = str(body.get("issuer") or ""), str(body.get("audience") or "")
        return self._state.federation.bind(account_id, issuer, subject, audience).as_json()

    def _clear_credentials(self, _: HttpRequest) -> Any:
        self._state.federation.clear()
        return []

    def _calls(self, request: HttpRequest) -> Any:
        return self._log.entries() if request.query.get("log") == ["1"] else self._log.counts()

    def _clear_calls(self, _: HttpRequest) -> Any:
        self._log.clear()
        return {}


def _given(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise AdminError(f"{name}: {value!r} isn't a text; it is required")
    return value


def read_json(request: HttpRequest) -> Any:
    """The body as JSON. Raises AdminError when it isn't."""
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise AdminError(f"{request.path}: the body isn't JSON: {error}") from None


def read_object(request: HttpRequest) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty one. Raises AdminError when it is something else."""
    body = read_json(request) if request.body.strip() else {}
    if not isinstance(body, dict):
        raise AdminError(f"{request.path}: the body isn't a JSON object")
    return body
