"""A harmless call that must succeed with a new key before anyone is given it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from .api_key.rotation import Verify
from .cloud import Cloud
from .errors import VerificationFailed

if TYPE_CHECKING:
    import requests

_CALL_TIMEOUT: Final = 10.0
_SHOWN: Final = 200
# Whatever else the service answers while it doesn't know the key yet, these may pass (facts: rights and keys take a while to spread).
_NOT_YET: Final = frozenset({401, 403, 429, 500, 502, 503, 504})


def verify(wanted: Verify, secret: str, cloud: Cloud, clock: Callable[[], float] = time.monotonic) -> None:
    """Returns when the service has accepted the key; asks again, within `wanted.timeout`, while it refuses it as unknown.

    Redirects are not followed, so that the key goes nowhere else. Raises VerificationFailed with the service's answer, and Cancelled.
    """
    # Few keys are verified, and most runs issue none: no reason to load it at every start of the plugin.
    import requests

    began = clock()
    attempt = 0
    while True:
        try:
            answer = requests.request(
                wanted.method,
                wanted.url,
                headers={"Authorization": f"Api-Key {secret}"},
                timeout=_CALL_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            again, said = True, f"it can't be reached ({type(error).__name__})"
        else:
            if answer.status_code == wanted.expect_status:
                return
            again, said = (
                answer.status_code in _NOT_YET,
                f"it answered {answer.status_code}: {_excerpt(answer, secret)}",
            )
        if not again or clock() - began >= wanted.timeout.total_seconds():
            raise VerificationFailed(
                f"the new key was refused by {wanted.method} {wanted.url}: {said}; it was removed, and what was there before stays current"
            )
        cloud.pause(attempt)
        attempt += 1


def _excerpt(answer: requests.Response, secret: str) -> str:
    text = " ".join(answer.text.replace(secret, "[secret]").split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
