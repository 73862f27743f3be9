"""The deployer's credentials, in the order that users of Yandex Cloud expect: settings, environment, the machine's metadata service.

Sources: the authentication pages of Yandex Cloud IAM; workload identity federation: its token exchange page; the metadata service: Compute docs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .errors import ConfigurationError

# `requests` takes a fifth of the plugin's start: it is imported where a run logs in by it.
if TYPE_CHECKING:
    import requests

TOKEN_EXCHANGE_URL: Final = "https://auth.yandex.cloud/oauth/token"
METADATA_ADDRESS: Final = "169.254.169.254"
_METADATA_PATH: Final = "/computeMetadata/v1/instance/service-accounts/default/token"
_TIMEOUT: Final = (3.0, 10.0)
_METADATA_TIMEOUT: Final = (1.0, 2.0)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Credentials:
    """One way of logging in. Exactly one of the two is set; neither is shown by `repr`.

    iam_token: an IAM token (valid for at most 12 hours); service_account_key: an authorized key, as `yc iam key create` writes it.
    """

    source: str
    iam_token: str | None = field(default=None, repr=False)
    service_account_key: Mapping[str, Any] | None = field(default=None, repr=False)


def find_credentials(settings: Mapping[str, str], environment: Mapping[str, str]) -> Credentials:
    """The first credentials that are given, in the documented order. Makes a request only for a federated token or the metadata service.

    Raises ConfigurationError, one line, where they can't be used or there are none.
    """
    ways = (
        ("token", settings.get("token"), _from_token),
        ("serviceAccountKey", settings.get("serviceAccountKey"), _from_key),
        ("serviceAccountKeyFile", settings.get("serviceAccountKeyFile"), _from_key),
        ("federatedToken", settings.get("federatedToken"), None),
        ("YC_TOKEN", environment.get("YC_TOKEN"), _from_token),
        ("YC_SERVICE_ACCOUNT_KEY_FILE", environment.get("YC_SERVICE_ACCOUNT_KEY_FILE"), _from_key),
        ("YANDEX_KEYS_FEDERATED_TOKEN", environment.get("YANDEX_KEYS_FEDERATED_TOKEN"), None),
    )
    for name, value, read in ways:
        if value:
            return read(name, value) if read else _exchanged(name, value, settings, environment)
    return _from_metadata(environment)


def _from_token(name: str, value: str) -> Credentials:
    token = value.strip()
    if not token or any(character.isspace() or not character.isprintable() for character in token):
        raise ConfigurationError(
            f"{name} is not an IAM token: it has spaces or control characters; make one with `yc iam create-token`"
        )
    return Credentials(name, iam_token=token)


def _from_key(name: str, value: str) -> Credentials:
    text = value if value.lstrip().startswith("{") else _file(name, value)
    remedy = "make one with `yc iam key create --service-account-id <id> --output key.json`"
    try:
        key = json.loads(text)
    except ValueError:
        raise ConfigurationError(f"{name} is not an authorized key: it is not JSON; {remedy}") from None
    missing = [
        part
        for part in ("id", "service_account_id", "private_key")
        if not (isinstance(key, dict) and isinstance(key.get(part), str) and key[part])
    ]
    if missing:
        raise ConfigurationError(f"{name} is not an authorized key: it lacks {', '.join(missing)}; {remedy}")
    pem = key["private_key"]
    try:
        load_pem_private_key(pem[max(pem.find("-----BEGIN"), 0) :].encode(), password=None)
    except Exception:  # whatever cryptography says of a broken key, it must not be shown: it may quote the key
        raise ConfigurationError(f"{name} is not an authorized key: its private_key can't be read; {remedy}") from None
    return Credentials(name, service_account_key=key)


def _file(name: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it can't be read"
        # A value that is no path may be the secret itself, pasted badly: only what looks like a path is shown.
        shown = path if len(path) < 300 and path.isprintable() and "PRIVATE" not in path else "the given value"
        raise ConfigurationError(f"{name}: {shown} is neither JSON nor a readable file: {reason}") from None


def _exchanged(name: str, value: str, settings: Mapping[str, str], environment: Mapping[str, str]) -> Credentials:
    """An IAM token for an OIDC token (workload identity federation)."""
    account = settings.get("federatedServiceAccountId") or environment.get("YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID")
    if not account:
        raise ConfigurationError(
            f"{name} needs the service account to log in as: set federatedServiceAccountId or YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID"
        )
    url = settings.get("tokenExchangeUrl") or environment.get("YANDEX_KEYS_TOKEN_EXCHANGE_URL") or TOKEN_EXCHANGE_URL
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigurationError(
            "tokenExchangeUrl must begin with https:// (plain http only on this machine's own loopback)"
        )
    token = value.strip() if value.count(".") == 2 and "/" not in value else _file(name, value).strip()
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": account,
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    }
    import requests

    try:
        answer = requests.post(url, data=form, timeout=_TIMEOUT)
    except requests.RequestException as error:
        raise ConfigurationError(
            f"{name}: the token exchange at {parts.hostname} can't be reached ({type(error).__name__})"
        ) from None
    body = _json(answer)
    if answer.status_code != requests.codes.ok or not body.get("access_token"):
        reason = body.get("error_description") or body.get("error") or f"HTTP {answer.status_code}"
        raise ConfigurationError(
            f"{name}: the token exchange refused the OIDC token for service account {account}: {reason}; "
            "check the federation's issuer and audience, and the account's federated credential (its subject)"
        )
    return Credentials(name, iam_token=str(body["access_token"]))


def _from_metadata(environment: Mapping[str, str]) -> Credentials:
    import requests

    address = environment.get("YC_METADATA_ADDR") or METADATA_ADDRESS
    try:
        answer = requests.get(
            f"http://{address}{_METADATA_PATH}", headers={"Metadata-Flavor": "Google"}, timeout=_METADATA_TIMEOUT
        )
        token = _json(answer).get("access_token")
    except requests.RequestException:
        token = None
    if not token:
        raise ConfigurationError(
            "no credentials for Yandex Cloud: set YC_TOKEN (an IAM token) or YC_SERVICE_ACCOUNT_KEY_FILE (an authorized key), "
            "or yandex-keys:token, serviceAccountKey or federatedToken in the stack; there is no metadata service here either"
        )
    return Credentials("the metadata service", iam_token=str(token))


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
