"""A run of the plugin in this very process, against a local cloud."""

from __future__ import annotations

from collections.abc import Mapping

from provider.yandex_keys.run import Runtime, Session
from tests.support.fast_time import FastTime
from tests.support.local_cloud import LocalCloud


def runtime_on(
    cloud: LocalCloud,
    logged: list[str],
    provider_id: str = "one-state",
    login: Mapping[str, str] | None = None,
    **environment: str,
) -> Runtime:
    """A new run: the real SDK, TLS and login (by default with the deployer's key); pauses between two tries take no time.

    What it says is added to `logged`.
    """
    login = login or {"YC_SERVICE_ACCOUNT_KEY_FILE": cloud.ready["serviceAccountKey"]}
    session = Session(environment={**cloud.place(), **login, **environment})
    session.log = lambda severity, message, urn: logged.append(message)  # type: ignore[method-assign]
    session.configure({}, provider_id)
    runtime = session.runtime()
    time = FastTime()
    runtime.cloud.wait, runtime.cloud.monotonic = time.wait, time.monotonic
    return runtime
