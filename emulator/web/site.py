"""What is where on the HTTP port."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from emulator.errors import AdminError
from emulator.state.cloud_state import CloudState
from emulator.transport.call_log import CallLog
from emulator.transport.faults import Faults
from emulator.transport.held_calls import HeldCalls
from emulator.web.admin import Admin
from emulator.web.gateway import Gateway
from emulator.web.http_server import HttpRequest, HttpResponse
from emulator.web.logins import METADATA_TOKEN_PATH, Logins
from emulator.web.own_clients import refusal

_Page = Callable[[HttpRequest], HttpResponse]


class Site:
    """Finds who answers a request."""

    def __init__(self, state: CloudState, log: CallLog, faults: Faults, held_calls: HeldCalls) -> None:
        self._state = state
        self._logins = Logins(state)
        self._admin = Admin(state, log, faults, held_calls, self._logins)
        self._gateway = Gateway(state)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The answer, whatever the request is and whoever asks."""
        if (refused := refusal(request)) is not None:
            return refused
        try:
            self._state.folder_deletions.carry_out_due()
            return self._page(request.path)(request)
        except AdminError as error:
            return HttpResponse(400, {"error": str(error)})
        except Exception:
            # A bug of the emulator: said where its user looks, and the rest goes on.
            traceback.print_exc()
            return HttpResponse(500, {"error": "the emulator made a mistake; its standard error says which"})

    def _page(self, path: str) -> _Page:
        if path.startswith("/admin/"):
            return self._admin.answer
        if path.startswith("/services/") or path == "/services":
            return self._gateway.answer
        if path == "/oauth/token":
            return self._logins.exchange
        if path == METADATA_TOKEN_PATH:
            return self._logins.metadata_token
        if path.startswith("/oidc/"):
            return self._logins.issuer
        if path == "/":
            return self._contents
        return _nothing

    def _contents(self, _: HttpRequest) -> HttpResponse:
        pages = [*self._admin.paths, "/services/<service>/", "/oauth/token", METADATA_TOKEN_PATH, "/oidc/jwks"]
        return HttpResponse(200, {"emulator": "a local Yandex Cloud", "pages": pages})


def _nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(404, {"error": f"{request.path}: there is nothing here; GET / lists what there is"})
