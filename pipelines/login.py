"""Keyless login: the runner's own OIDC token opens Yandex Cloud, and, for the state, Object Storage.

- GitHub Actions hands a job an address to ask for tokens (`permissions: id-token: write`); they last 5 minutes, so each stack gets a
  fresh one. GitLab CI puts one into the variable that `id_tokens` names. https://docs.github.com/actions/reference/openid-connect-reference,
  https://docs.gitlab.com/ci/secrets/id_token_authentication
- The provider exchanges it for an IAM token itself (YANDEX_KEYS_FEDERATED_TOKEN and _SERVICE_ACCOUNT_ID).
- The engine reads and writes the state with an S3 client, which takes no IAM token. Where no static key is given, an ephemeral one is
  issued for that IAM token: https://yandex.cloud/docs/iam/concepts/authorization/ephemeral-keys
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from pipelines import secrets
from pipelines.console import Console
from pipelines.web import WebError, fetch

TOKEN = "YANDEX_KEYS_FEDERATED_TOKEN"
ACCOUNT = "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID"
EXCHANGE = "YANDEX_KEYS_TOKEN_EXCHANGE_URL"
AUDIENCE = "PIPELINE_OIDC_AUDIENCE"
IAM = "PIPELINE_IAM_URL"
# Anything of these in a runner's settings is a way of logging in that somebody chose; the provider tries them first.
_OTHER_WAYS = ("YC_TOKEN", "YC_SERVICE_ACCOUNT_KEY_FILE")
# The same for the state: a key, or what an S3 client gets one by (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html).
_S3_WAYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_DEFAULT_EXCHANGE = "https://auth.yandex.cloud/oauth/token"
_DEFAULT_IAM = "https://iam.api.cloud.yandex.net"
_JWT = re.compile(r"[-\w]+\.[-\w]+\.[-\w]+", re.ASCII)
_CLAIMS = (("issuer", "iss"), ("audience", "aud"), ("subject", "sub"))
# The pipelines at hand end a run after 30 minutes; the cloud would give 12 hours.
_STATE_KEY_SECONDS = 3600


class LoginFailed(Exception):
    """The runner could not log in; the message says at which step, and what to check."""


def logged_in(environment: Mapping[str, str], console: Console) -> dict[str, str]:
    """`environment` with what the engine and the provider need to log in for one stack. Raises LoginFailed."""
    ready = dict(environment)
    for secret in secrets.found_in(ready):
        console.hide(secret, known_to_runner=secret in ready.values())
    if any(ready.get(name) for name in _OTHER_WAYS):
        return ready
    if not ready.get(TOKEN) and ready.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        ready[TOKEN] = _github_token(ready)
        console.hide(ready[TOKEN])
    if ready.get(TOKEN) and not ready.get(ACCOUNT):
        raise LoginFailed(f"{ACCOUNT} is not set: the id of the service account that the pipeline logs in as")
    if ready.get(TOKEN) and _needs_state_key(ready):
        ready |= _state_key(ready, console)
    return ready


def _github_token(environment: Mapping[str, str]) -> str:
    url = environment["ACTIONS_ID_TOKEN_REQUEST_URL"]
    if environment.get(AUDIENCE):
        url += f"&audience={urllib.parse.quote(environment[AUDIENCE], safe='')}"
    bearer = {"Authorization": f"Bearer {environment.get('ACTIONS_ID_TOKEN_REQUEST_TOKEN', '')}"}
    try:
        return str(fetch("GET", url, headers=bearer)["value"])
    except (WebError, KeyError, TypeError) as error:
        raise LoginFailed(f"GitHub gives this job no OIDC token ({error}): has it `id-token: write`?") from None


def _needs_state_key(environment: Mapping[str, str]) -> bool:
    return environment.get("PULUMI_BACKEND_URL", "").startswith("s3://") and not any(map(environment.get, _S3_WAYS))


def state_key_for_an_sdk(environment: Mapping[str, str], console: Console) -> str:
    """An ephemeral key for the state, as an AWS SDK takes it of its `credential_process`: the SDK asks again before the key ends.
    Raises LoginFailed.

    For what lives longer than a key does, as a pod of the Kubernetes operator.
    """
    for name in (TOKEN, ACCOUNT):
        if not environment.get(name):
            raise LoginFailed(f"{name} is not set: a key for the state is issued to who logs in with them")
    key = _ephemeral_key(environment, console)
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": key["accessKeyId"],
            "SecretAccessKey": key["secret"],
            "SessionToken": key["sessionToken"],
            "Expiration": key["expiresAt"],
        }
    )


def _state_key(environment: Mapping[str, str], console: Console) -> dict[str, str]:
    key = _ephemeral_key(environment, console)
    return {
        "AWS_ACCESS_KEY_ID": key["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["secret"],
        "AWS_SESSION_TOKEN": key["sessionToken"],
    }


def _ephemeral_key(environment: Mapping[str, str], console: Console) -> dict[str, str]:
    iam_token = _iam_token(environment)
    console.hide(iam_token)
    url = f"{environment.get(IAM) or _DEFAULT_IAM}/iam/aws-compatibility/v1/ephemeralAccessKeys"
    wanted = {"sessionName": "pulumi-yandex-keys", "duration": f"{_STATE_KEY_SECONDS}s"}
    try:
        answer = fetch("POST", url, headers={"Authorization": f"Bearer {iam_token}"}, content=wanted)
        key = {name: str(answer[name]) for name in ("accessKeyId", "secret", "sessionToken", "expiresAt")}
    except (WebError, KeyError, TypeError) as error:
        raise LoginFailed(
            f"no key for the state in Object Storage ({error}): has the service account a role on the bucket? "
            "A static key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY does as well"
        ) from None
    console.hide(key["secret"])
    console.hide(key["sessionToken"])
    return key


def _iam_token(environment: Mapping[str, str]) -> str:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": environment[ACCOUNT],
        "subject_token": _read(environment[TOKEN]),
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    }
    try:
        url = environment.get(EXCHANGE) or _DEFAULT_EXCHANGE
        return str(fetch("POST", url, headers={}, content=form, form=True)["access_token"])
    except (WebError, KeyError, TypeError) as error:
        raise LoginFailed(
            f"the OIDC token opens no service account ({error}): it says {_claims(form['subject_token'])}; the federation and the "
            f"federated credential of service account {environment[ACCOUNT]} must name exactly these (pipelines/README.md, step 3)"
        ) from None


def _claims(token: str) -> str:
    """Who the token says that the runner is; none of it is a secret without the token's signature."""
    try:
        padded = token.split(".")[1] + "=="
        claims = json.loads(base64.urlsafe_b64decode(padded))
        return ", ".join(f"{words} {claims.get(name)}" for words, name in _CLAIMS)
    except (ValueError, IndexError, AttributeError):
        return "nothing that can be read"


def _read(token: str) -> str:
    """The token itself; the variable may name a file that holds it, as the provider takes it. What is no JWT isn't sent anywhere."""
    found = token.strip()
    if not _JWT.fullmatch(found):
        try:
            found = Path(found).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, ValueError, RuntimeError):
            raise LoginFailed(f"{TOKEN} holds neither a token nor the path of a file that can be read") from None
    if not _JWT.fullmatch(found):
        raise LoginFailed(f"{TOKEN} names a file that holds no OIDC token (three parts with dots between them)")
    return found
