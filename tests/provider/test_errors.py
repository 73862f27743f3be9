"""What a user is told to do about a failed call."""

from __future__ import annotations

import pytest

from provider.yandex_keys.api_services import SERVICES
from provider.yandex_keys.errors import cloud_error

NOT_BY_ROLE = {"IamTokenService", "OperationService"}
"""Who may log in is not a matter of roles, and an operation is open to whoever began it."""


@pytest.mark.parametrize(
    "said",
    [
        "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to remote host: Connection refused",
        "errors resolving api.nowhere.invalid:443: [field:hostname lookup error:address lookup failed: Domain name not found]",
        "DNS resolution failed for api.nowhere.invalid:443: C-ares status is not ARES_SUCCESS",
    ],
)
def test_a_name_that_is_not_found_gets_the_advice_of_a_refused_connection(said: str) -> None:
    error = cloud_error("ApiKeyService/List", "UNAVAILABLE", said)
    assert "The endpoint can't be reached: check yandex-keys:endpoint or YC_ENDPOINT, and the network" in str(error)


def test_a_reader_that_is_nobody_gets_the_place_to_correct() -> None:
    said = "Subject serviceAccount:ajenobody not found"
    error = cloud_error("SecretService/UpdateAccessBindings", "NOT_FOUND", said)
    assert str(error).endswith(
        "Nobody has that id: correct it under `readers` (in a program: `member`), then run `pulumi up` again."
    )
    assert "Nobody" not in str(cloud_error("SecretService/UpdateAccessBindings", "NOT_FOUND", "Secret e6q not found"))


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - NOT_BY_ROLE))
def test_a_refusal_for_want_of_rights_names_the_role_to_grant(service: str) -> None:
    error = cloud_error(f"{service}/Create", "PERMISSION_DENIED", "Permission denied")
    assert "Grant the deployer the role that this call needs" not in str(error)
    assert "Grant the deployer " in str(error)
