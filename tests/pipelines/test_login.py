"""Keyless login: what a runner hands over is turned into what engine and provider need."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from pipelines.console import Console
from pipelines.login import LoginFailed, logged_in, state_key_for_an_sdk
from tests.pipelines.http_stub import Answer, Asked, Stub, serving

CLAIMS = {"iss": "https://issuer.example", "aud": "https://github.com/us", "sub": "repo:us/keys:environment:prod"}
OIDC = f"eyJhbGciOi.{base64.urlsafe_b64encode(json.dumps(CLAIMS).encode()).decode().rstrip('=')}.c2lnbmF0dXJl"
STATE_KEY = {"accessKeyId": "ajestate", "secret": "YCstatesecret", "sessionToken": "s1.session", "expiresAt": "2027"}


def clouds(asked: Asked) -> Answer:
    """GitHub's token service, the token exchange and IAM, all in one."""
    if asked.path.startswith("/github"):
        return Answer({"value": OIDC})
    if asked.path == "/oauth/token":
        return Answer({"access_token": "t1.iamtoken", "token_type": "Bearer"})
    return Answer(STATE_KEY)


def runner(stub: Stub, **more: str) -> dict[str, str]:
    return {
        "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID": "ajedeployer",
        "YANDEX_KEYS_TOKEN_EXCHANGE_URL": f"{stub.url}/oauth/token",
        "PIPELINE_IAM_URL": stub.url,
        "PULUMI_BACKEND_URL": "s3://state?endpoint=storage.yandexcloud.net",
        **more,
    }


def console() -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(stream), stream


def test_github_gives_a_token_for_the_audience_that_was_asked_for() -> None:
    with serving(clouds) as stub:
        environment = runner(
            stub,
            ACTIONS_ID_TOKEN_REQUEST_URL=f"{stub.url}/github?x=1",
            ACTIONS_ID_TOKEN_REQUEST_TOKEN="jobtoken",
            PIPELINE_OIDC_AUDIENCE="https://github.com/us",
            PULUMI_BACKEND_URL="file:///state",
        )
        ready = logged_in(environment, console()[0])
    assert ready["YANDEX_KEYS_FEDERATED_TOKEN"] == OIDC
    (asked,) = stub.asked
    assert asked.path == "/github?x=1&audience=https%3A%2F%2Fgithub.com%2Fus"
    assert asked.headers["authorization"] == "Bearer jobtoken"


@pytest.mark.parametrize("in_a_file", [False, True])
def test_the_state_gets_an_ephemeral_key_for_the_same_login(tmp_path: Path, in_a_file: bool) -> None:
    (tmp_path / "token").write_text(f"{OIDC}\n")
    with serving(clouds) as stub:
        token = str(tmp_path / "token") if in_a_file else OIDC
        ready = logged_in(runner(stub, YANDEX_KEYS_FEDERATED_TOKEN=token), console()[0])
    assert ready["AWS_ACCESS_KEY_ID"] == "ajestate"
    assert ready["AWS_SECRET_ACCESS_KEY"] == "YCstatesecret"
    assert ready["AWS_SESSION_TOKEN"] == "s1.session"
    exchange, issue = stub.asked
    assert parse_qs(exchange.body.decode())["subject_token"] == [OIDC]
    assert parse_qs(exchange.body.decode())["audience"] == ["ajedeployer"]
    assert (issue.method, issue.path) == ("POST", "/iam/aws-compatibility/v1/ephemeralAccessKeys")
    assert issue.headers["authorization"] == "Bearer t1.iamtoken"
    assert issue.json() == {"sessionName": "pulumi-yandex-keys", "duration": "3600s"}


def test_what_the_login_got_is_hidden() -> None:
    out, stream = console()
    with serving(clouds) as stub:
        logged_in(runner(stub, YANDEX_KEYS_FEDERATED_TOKEN=OIDC, PULUMI_CONFIG_PASSPHRASE="the passphrase"), out)
    out.say(f"{OIDC} t1.iamtoken YCstatesecret s1.session the passphrase")
    assert stream.getvalue() == "*** *** *** *** ***\n"


@pytest.mark.parametrize(
    "given",
    [
        {"AWS_ACCESS_KEY_ID": "static", "AWS_SECRET_ACCESS_KEY": "its-secret"},
        {"AWS_PROFILE": "states"},
        {"AWS_ROLE_ARN": "arn:aws:iam::1:role/states", "AWS_WEB_IDENTITY_TOKEN_FILE": "/run/token"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/key"},
        {"PULUMI_BACKEND_URL": "file:///state"},
        {"PULUMI_BACKEND_URL": ""},
    ],
)
def test_no_key_is_issued_where_none_is_needed(given: dict[str, str]) -> None:
    with serving(clouds) as stub:
        logged_in(runner(stub, YANDEX_KEYS_FEDERATED_TOKEN=OIDC, **given), console()[0])
    assert stub.asked == []


def test_another_way_of_logging_in_is_left_alone() -> None:
    with serving(clouds) as stub:
        environment = runner(stub, YC_TOKEN="t1.given", ACTIONS_ID_TOKEN_REQUEST_URL=f"{stub.url}/github")
        assert logged_in(environment, console()[0]) == environment
    assert stub.asked == []


def test_a_job_without_the_permission_is_told_so() -> None:
    with serving(lambda _: Answer({"message": "no permission"}, status=403)) as stub:
        environment = runner(stub, ACTIONS_ID_TOKEN_REQUEST_URL=f"{stub.url}/github")
        with pytest.raises(LoginFailed, match=r"answers 403: no permission.*id-token: write"):
            logged_in(environment, console()[0])


def test_a_refused_exchange_names_the_subject_that_the_credential_must_have() -> None:
    refusal = Answer({"error": "invalid_grant", "error_description": "no such subject"}, status=400)
    says = "issuer https://issuer.example, audience https://github.com/us, subject repo:us/keys:environment:prod"
    with serving(lambda _: refusal) as stub, pytest.raises(LoginFailed, match=f"no such subject.*{says}") as raised:
        logged_in(runner(stub, YANDEX_KEYS_FEDERATED_TOKEN=OIDC), console()[0])
    assert OIDC not in str(raised.value)


def test_a_token_that_cannot_be_read_is_refused_all_the_same() -> None:
    with (
        serving(lambda _: Answer({"error": "invalid_grant"}, status=400)) as stub,
        pytest.raises(LoginFailed, match="nothing that can be read"),
    ):
        logged_in(runner(stub, YANDEX_KEYS_FEDERATED_TOKEN="not.a.token"), console()[0])


@pytest.mark.parametrize(
    "content", ["PULUMI_CONFIG_PASSPHRASE=secret\0AWS_SECRET_ACCESS_KEY=secret", "-----BEGIN PRIVATE KEY-----", ""]
)
def test_a_file_that_holds_something_else_than_a_token_is_sent_nowhere(tmp_path: Path, content: str) -> None:
    (tmp_path / "environ").write_text(content)
    with serving(clouds) as stub, pytest.raises(LoginFailed, match="names a file that holds no OIDC token") as failed:
        logged_in(runner(stub, YANDEX_KEYS_FEDERATED_TOKEN=str(tmp_path / "environ")), console()[0])
    assert stub.asked == []
    assert "secret" not in str(failed.value)


def test_a_key_in_the_place_of_a_path_is_neither_sent_nor_shown() -> None:
    out, stream = console()
    environment = {"YC_SERVICE_ACCOUNT_KEY_FILE": '{"id": "ajekey", "private_key": "PEM-of-a-test"}'}
    logged_in(environment, out)
    out.fail("prod", f"can't open {environment['YC_SERVICE_ACCOUNT_KEY_FILE']}")
    assert stream.getvalue() == "error: prod: can't open ***\n"


def test_a_refused_state_key_names_what_to_check() -> None:
    def answer(asked: Asked) -> Answer:
        return clouds(asked) if asked.path == "/oauth/token" else Answer({"message": "denied"}, status=403)

    with serving(answer) as stub, pytest.raises(LoginFailed, match=r"denied.*a role on the bucket"):
        logged_in(runner(stub, YANDEX_KEYS_FEDERATED_TOKEN=OIDC), console()[0])


def test_a_missing_account_is_named() -> None:
    with pytest.raises(LoginFailed, match="YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID is not set"):
        logged_in({"YANDEX_KEYS_FEDERATED_TOKEN": OIDC}, console()[0])


def test_a_token_is_sent_nowhere_but_over_https() -> None:
    environment = {
        "YANDEX_KEYS_FEDERATED_TOKEN": OIDC,
        "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID": "ajedeployer",
        "YANDEX_KEYS_TOKEN_EXCHANGE_URL": "http://auth.example/oauth/token",
        "PULUMI_BACKEND_URL": "s3://state",
    }
    with pytest.raises(LoginFailed, match="only https"):
        logged_in(environment, console()[0])


def test_an_sdk_gets_a_key_for_the_state_in_the_form_that_it_reads(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(OIDC)
    with serving(clouds) as stub:
        environment = runner(stub, YANDEX_KEYS_FEDERATED_TOKEN=str(tmp_path / "token"))
        printed = state_key_for_an_sdk(environment, console()[0])
    assert json.loads(printed) == {
        "Version": 1,
        "AccessKeyId": "ajestate",
        "SecretAccessKey": "YCstatesecret",
        "SessionToken": "s1.session",
        "Expiration": "2027",
    }


@pytest.mark.parametrize("name", ["YANDEX_KEYS_FEDERATED_TOKEN", "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID"])
def test_a_key_for_an_sdk_needs_a_login(name: str) -> None:
    with serving(clouds) as stub:
        environment = runner(stub, YANDEX_KEYS_FEDERATED_TOKEN=OIDC)
        del environment[name]
        with pytest.raises(LoginFailed, match=f"{name} is not set"):
            state_key_for_an_sdk(environment, console()[0])
        assert stub.asked == []
