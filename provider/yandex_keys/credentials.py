"""The deployer's credentials, in the order that users of Yandex Cloud expect: settings, environment, the machine's
metadata service.

A request can change the settings (they come from a stack file or a program), the environment belongs to whoever runs
it. So settings hold credentials themselves, encrypted, and never the path of one, and where a credential is sent is
taken from the environment alone.

Finding credentials makes no call; `Credentials.ask` does, when the first call to the cloud needs it. Sources: the
authentication pages of Yandex Cloud IAM; workload identity federation: its token exchange page; the metadata service:
Compute docs.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .errors import ConfigurationError
from .http import address, is_loopback, session
from .shown import is_credential, shown_path

# `requests` takes a fifth of the plugin's start: it is imported where a run logs in by it.
if TYPE_CHECKING:
    import requests

TOKEN_EXCHANGE_URL: Final = "https://auth.yandex.cloud/oauth/token"
METADATA_ADDRESS: Final = "169.254.169.254"
FEDERATED_TOKEN: Final = "YANDEX_KEYS_FEDERATED_TOKEN"
FEDERATED_ACCOUNT: Final = "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID"
KEY_FILE: Final = "YC_SERVICE_ACCOUNT_KEY_FILE"
_EXCHANGE: Final = "YANDEX_KEYS_TOKEN_EXCHANGE_URL"
_METADATA: Final = "YC_METADATA_ADDR"
_METADATA_PATH: Final = "/computeMetadata/v1/instance/service-accounts/default/token"
_TIMEOUT: Final = (3.0, 10.0)
_METADATA_TIMEOUT: Final = (1.0, 2.0)
_LONGEST_FILE: Final = 65_536
_LONGEST_ANSWER: Final = 65_536
_SHOWN: Final = 400
_KEY_REMEDY: Final = "make one with `yc iam key create --service-account-id <id> --output key.json`"
_JWT: Final = re.compile(r"[-\w]+\.[-\w]+\.[-\w]+", re.ASCII)
# The docs give `t1.`, base64, a dot, 86 characters of base64, and say that another format will have another prefix (IAM
# docs, "IAM token").
_IAM_TOKEN: Final = re.compile(r"[a-z][a-z0-9]{0,7}\.[-.=\w]{16,8192}", re.ASCII)


@dataclass(frozen=True)
class Credentials:
    """One way of logging in, checked as far as that goes without a call. Exactly one of the three ways is set; none is
    shown by `repr`.

    source: what it came from, for messages; iam_token: an IAM token (valid for at most 12 hours); service_account_key:
    an authorized key, as `yc iam key create` writes it; ask: asks for an IAM token, and raises ConfigurationError where
    it gets none. asked: whom, in words.
    """

    source: str
    iam_token: str | None = field(default=None, repr=False)
    service_account_key: Mapping[str, Any] | None = field(default=None, repr=False)
    ask: Callable[[], str] | None = field(default=None, repr=False)
    asked: str = ""


def find_credentials(settings: Mapping[str, str], environment: Mapping[str, str]) -> Credentials:
    """The first credentials that are given, in the documented order. Makes no request.

    Raises ConfigurationError, one line, where they can't be used. Where there are none, the machine's metadata service
    is what is left.
    """
    ways = (
        ("token", settings.get("token"), _from_token),
        ("serviceAccountKey", settings.get("serviceAccountKey"), _from_given_key),
        ("federatedToken", settings.get("federatedToken"), None),
        ("YC_TOKEN", environment.get("YC_TOKEN"), _from_token),
        (KEY_FILE, environment.get(KEY_FILE), _from_key),
        (FEDERATED_TOKEN, environment.get(FEDERATED_TOKEN), None),
    )
    for name, value, read in ways:
        if value:
            return read(name, value) if read else _from_federated(name, value, settings, environment)
    return _from_metadata(environment)


def _from_token(name: str, value: str) -> Credentials:
    token = value.strip()
    if not token or any(character.isspace() or not character.isprintable() for character in token):
        raise ConfigurationError(
            f"{name} is not an IAM token: it has spaces or control characters; make one with `yc iam create-token`"
        )
    return Credentials(name, iam_token=token)


def _from_given_key(name: str, value: str) -> Credentials:
    """A key in a setting: its JSON, encrypted. A path there would let whoever edits a stack file choose which file of
    the machine is read."""
    if not value.lstrip().startswith("{"):
        raise ConfigurationError(
            f"{name} is not an authorized key: a setting holds the key's JSON itself (`pulumi config set --secret`); "
            f"for a file, take it out of the stack and set the environment variable {KEY_FILE} to its path"
        )
    return _from_key(name, value)


def _from_key(name: str, value: str) -> Credentials:
    text = value if value.lstrip().startswith("{") else _file(name, value, "an authorized key")
    try:
        key = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError(f"{name} is not an authorized key: it is not JSON; {_KEY_REMEDY}") from None
    missing = [
        part
        for part in ("id", "service_account_id", "private_key")
        if not (isinstance(key, dict) and isinstance(key.get(part), str) and key[part])
    ]
    if missing:
        raise ConfigurationError(f"{name} is not an authorized key: it lacks {', '.join(missing)}; {_KEY_REMEDY}")
    try:
        signing_key(key)
    except Exception:  # whatever cryptography says of a broken key, it must not be shown: it may quote the key
        raise unreadable_key(name) from None
    return Credentials(name, service_account_key=key)


def signing_key(authorized_key: Mapping[str, Any]) -> RSAPrivateKey:
    """The private part of an authorized key. Raises ValueError, or what else cryptography says of one that it can't
    read.

    Whether its numbers fit each other isn't looked at: that takes longer than all else before the first verb (0.4 s of
    4,096 bits), in runs that call nothing as well. Who signs with it makes sure of the signature.
    """
    pem = authorized_key["private_key"]
    private = load_pem_private_key(
        pem[max(pem.find("-----BEGIN"), 0) :].encode(), password=None, unsafe_skip_rsa_key_validation=True
    )
    if not isinstance(private, RSAPrivateKey):
        raise ValueError("authorized keys are of RSA")
    return private


def unreadable_key(name: str) -> ConfigurationError:
    """The error of a key whose private part can't be read, or signs nothing; it says nothing of what is in it."""
    return ConfigurationError(f"{name} is not an authorized key: its private_key can't be read; {_KEY_REMEDY}")


def _file(name: str, path: str, wanted: str) -> str:
    """The text of a file that the environment names. What is no file (a pipe, a device) is not read: it may never
    end."""
    try:
        file = Path(path).expanduser()
        if file.exists() and not file.is_file():
            raise OSError(0, "it is not a file")
        with file.open(encoding="utf-8") as opened:
            text = opened.read(_LONGEST_FILE + 1)
        if len(text) > _LONGEST_FILE:
            raise OSError(0, "it is too long")
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it can't be read"
        raise ConfigurationError(
            f"{name}: {shown_path(path)} is neither {wanted} nor a readable file that holds one: {reason}"
        ) from None
    return text


def _from_federated(name: str, value: str, settings: Mapping[str, str], environment: Mapping[str, str]) -> Credentials:
    """An OIDC token that is to be exchanged for an IAM token (workload identity federation), with all that its exchange
    needs."""
    given = name != FEDERATED_TOKEN
    if given and not _JWT.fullmatch(value.strip()):
        raise ConfigurationError(
            f"{name} is not an OIDC token: a setting holds the token itself; for a file, take it out of the stack and "
            f"set the environment variable {FEDERATED_TOKEN} to its path"
        )
    account = settings.get("federatedServiceAccountId") or environment.get(FEDERATED_ACCOUNT) or ""
    if not account:
        raise ConfigurationError(
            f"{name} needs the service account to log in as: set federatedServiceAccountId or {FEDERATED_ACCOUNT}"
        )
    if not re.fullmatch(r"[-a-zA-Z0-9_]{1,50}", account) or is_credential(account):
        where = "federatedServiceAccountId" if settings.get("federatedServiceAccountId") else FEDERATED_ACCOUNT
        raise ConfigurationError(f"{where} must be the id of a service account, such as ajexxxxxxxxxxxxxxxxx")
    url = _exchange_url(environment)
    _oidc_token(name, value)
    # A runner may renew the file: it is read again when it is needed.
    return Credentials(
        name,
        ask=lambda: _exchanged(name, _oidc_token(name, value), account, url, environment),
        asked=f"the token exchange at {address(url).hostname}",
    )


def _exchange_url(environment: Mapping[str, str]) -> str:
    url = environment.get(_EXCHANGE) or TOKEN_EXCHANGE_URL
    try:
        parts = address(url)
    except ConfigurationError:
        parts = None
    if parts is None or (parts.scheme == "http" and not is_loopback(parts.hostname or "")):
        raise ConfigurationError(
            f"{_EXCHANGE} must be an address that begins with https:// (plain http only on this machine's own loopback)"
        )
    return url


def _oidc_token(name: str, value: str) -> str:
    """The token that `value` is, or that its file holds. Raises ConfigurationError, without it, where that is no JWT:
    nothing else is sent."""
    token = value.strip()
    if not _JWT.fullmatch(token):
        token = _file(name, token, "an OIDC token").strip()
    if not _is_jwt(token):
        raise ConfigurationError(
            f"{name} is not an OIDC token: it has to be a JWT, three parts of base64 with dots between them; nothing "
            "was sent"
        )
    return token


def _is_jwt(token: str) -> bool:
    if not _JWT.fullmatch(token):
        return False
    try:
        header, claims = (json.loads(_decoded(part)) for part in token.split(".")[:2])
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and isinstance(header.get("alg"), str) and isinstance(claims, dict)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _exchanged(name: str, token: str, account: str, url: str, environment: Mapping[str, str]) -> str:
    import requests

    host = address(url).hostname
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": account,
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    }
    try:
        with (
            session(url, environment) as opened,
            opened.post(url, data=form, timeout=_TIMEOUT, allow_redirects=False, stream=True) as answer,
        ):
            status, body = answer.status_code, _json(answer, sum(_TIMEOUT))
    except requests.RequestException as error:
        raise ConfigurationError(
            f"{name}: the token exchange at {host} can't be reached ({type(error).__name__})"
        ) from None
    if status == requests.codes.ok and _is_iam_token(body.get("access_token")):
        return str(body["access_token"])
    said = body.get("error_description") or body.get("error") or f"HTTP {status}, and no IAM token"
    reason = " ".join(str(said).replace(token, "[the token]").split())[:_SHOWN]
    raise ConfigurationError(
        f"{name}: the token exchange at {host} refused the OIDC token for service account {account}: {reason}; "
        "check the federation's issuer and audience, and the account's federated credential (its subject)"
    )


def _from_metadata(environment: Mapping[str, str]) -> Credentials:
    """The machine's own service account. The service is asked in plain text, so only at an address that never leaves
    this machine or its host."""
    url = f"http://{environment.get(_METADATA) or METADATA_ADDRESS}"
    try:
        parts = address(url)
    except ConfigurationError:
        parts = None
    if parts is None or parts.path or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{_METADATA} must be a link-local or loopback address, perhaps with a port, such as {METADATA_ADDRESS}"
        )
    return Credentials(
        "the metadata service",
        ask=lambda: _metadata_token(url + _METADATA_PATH),
        asked=f"the metadata service at {parts.hostname}",
    )


def _metadata_token(url: str) -> str:
    """What the service answers, where it looks as documented. (Whether it sends `Metadata-Flavor` back, as Google's
    does, isn't documented.)"""
    import requests

    token = None
    try:
        with (
            session(url, {}) as opened,
            opened.get(
                url,
                headers={"Metadata-Flavor": "Google"},
                timeout=_METADATA_TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            if answer.status_code == requests.codes.ok:
                token = _json(answer, sum(_METADATA_TIMEOUT)).get("access_token")
    except requests.RequestException:
        pass
    if token and not _is_iam_token(token):
        raise ConfigurationError(
            f"what answers at {address(url).hostname} is not Yandex Cloud's metadata service: its answer is no IAM "
            f"token; set YC_TOKEN or {KEY_FILE}"
        )
    if not token:
        raise ConfigurationError(
            f"no credentials for Yandex Cloud: set YC_TOKEN (an IAM token), {KEY_FILE} (an authorized key) or "
            f"{FEDERATED_TOKEN} (a pipeline's OIDC token), or yandex-keys:token or serviceAccountKey in the stack; "
            "there is no metadata service here either"
        )
    return str(token)


def _is_iam_token(value: object) -> bool:
    return isinstance(value, str) and bool(_IAM_TOKEN.fullmatch(value))


def _json(answer: requests.Response, seconds: float) -> dict[str, Any]:
    """The JSON object that `answer` holds; empty where it holds another thing, or too much of it, or drips for longer
    than `seconds`."""
    began, body = time.monotonic(), b""
    for chunk in answer.iter_content(_LONGEST_ANSWER):
        body += chunk
        if len(body) > _LONGEST_ANSWER or time.monotonic() - began > seconds:
            return {}
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
