"""No credential of a job is shown, wherever it was put and however it is printed."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import pytest

from pipelines.console import Console
from pipelines.secrets import found_in

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----\n"
KEY = {"id": "ajekey", "service_account_id": "ajedeployer", "key_algorithm": "RSA_2048", "private_key": PEM}


def printed(text: str, **environment: str) -> str:
    """What a job with that environment prints for `text`."""
    stream = io.StringIO()
    console = Console(stream)
    for secret in found_in(environment):
        console.hide(secret)
    console.say(text)
    return stream.getvalue().removesuffix("\n")


@pytest.mark.parametrize(
    "name",
    [
        "YC_TOKEN",
        "GITLAB_TOKEN",
        "GITHUB_TOKEN",
        "CI_JOB_TOKEN",
        "CI_REGISTRY_PASSWORD",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "PULUMI_CONFIG_PASSPHRASE",
        "PULUMI_ACCESS_TOKEN",
        "YANDEX_KEYS_FEDERATED_TOKEN",
        "PREVIEW_SERVICE_ACCOUNT_KEY",
        "CHAT_WEBHOOK_URL",
        "VAULT_TOKEN",
        "VAULT_SERVER_TOKEN",
        "AZURE_CLIENT_SECRET",
        "AZURE_STORAGE_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_STORAGE_CONNECTION_STRING",
        "IDENTITY_HEADER",
        "GOOGLE_CREDENTIALS",
        "GOOGLE_OAUTH_ACCESS_TOKEN",
        "PGPASSWORD",
        "a_private_key",
    ],
)
def test_every_variable_with_a_credentials_name_is_masked(name: str) -> None:
    assert printed("it is s3cr3t/value+1.", **{name: " s3cr3t/value+1"}) == "it is ***."


def test_the_key_within_a_connection_string_is_masked_alone_as_well() -> None:
    connection = (
        "DefaultEndpointsProtocol=https;AccountName=states;AccountKey=c2VjcmV0LWtleQ==;EndpointSuffix=core.windows.net"
    )
    said = printed("states, by c2VjcmV0LWtleQ==", AZURE_STORAGE_CONNECTION_STRING=connection)
    assert said == "states, by ***"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YANDEX_KEYS_ROOT_CERTIFICATES", "/etc/ca.pem"),
        ("YANDEX_KEYS_AS_OF", "2026-12-24T03:00:00Z"),
        ("YANDEX_KEYS_TOKEN_EXCHANGE_URL", "https://auth.example/token"),
        ("AWS_ACCESS_KEY_ID", "ajeidentifier"),
        ("YC_FOLDER_ID", "b1gfolder"),
        ("MONKEY", "business"),
        ("YC_TOKEN", "short"),
    ],
)
def test_what_is_no_credential_stays_readable(name: str, value: str) -> None:
    assert printed(f"it is {value}", **{name: value}) == f"it is {value}"


def test_a_key_in_the_place_of_its_path_is_masked_line_by_line_and_its_ids_stay() -> None:
    for text in (json.dumps(KEY), json.dumps(KEY, indent=2)):
        assert printed(text, YC_SERVICE_ACCOUNT_KEY_FILE=text) in ("***", "{\n***\n***\n***\n***\n}")
        for line in (*text.splitlines(), *PEM.splitlines()):
            if len(line) > 1:
                assert printed(f"line: {line.strip()}", YC_SERVICE_ACCOUNT_KEY_FILE=text) == "line: ***"
        words = "account ajedeployer has key ajekey"
        assert printed(words, YC_SERVICE_ACCOUNT_KEY_FILE=text) == words


def test_what_a_file_holds_is_masked_and_its_path_is_not(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(KEY))
    text = printed(f"{file} holds {json.dumps(KEY)}", YC_SERVICE_ACCOUNT_KEY_FILE=str(file))
    assert text == f"{file} holds ***"
    token = tmp_path / "token"
    token.write_text("eyJhbGci.eyJzdWIi.c2ln\n")
    assert printed("eyJhbGci.eyJzdWIi.c2ln", YANDEX_KEYS_FEDERATED_TOKEN=str(token)) == "***"


def test_a_path_to_nothing_is_shown_to_whoever_mistyped_it() -> None:
    for name in ("YC_SERVICE_ACCOUNT_KEY_FILE", "YANDEX_KEYS_FEDERATED_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS"):
        assert printed("/secrets/kye.json is missing", **{name: "/secrets/kye.json"}) == "/secrets/kye.json is missing"
    assert printed("/begins+with/a/slash", AWS_SECRET_ACCESS_KEY="/begins+with/a/slash") == "***"


@pytest.mark.parametrize("around", ["", "a", "ab", "abc"])
def test_base64_of_a_secret_is_masked_wherever_it_begins(around: str) -> None:
    secret = "s3cr3t-value?>"
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(f"{around}{secret}{around}".encode()).decode()
        shown = printed(text, YC_TOKEN=secret)
        assert "***" in shown
        # At most the characters that share bits with a neighbour stay.
        assert len(shown.replace("***", "").rstrip("=")) <= 2 * (len(around) * 8 // 6 + 1)


def test_a_secret_that_is_escaped_as_json_is_masked() -> None:
    secret = 'quote" and\nnewline\u00e9'
    for ascii_only in (True, False):
        text = json.dumps({"value": secret}, ensure_ascii=ascii_only)
        assert printed(text, A_SECRET=secret) == '{"value": "***"}'


def test_the_password_of_an_address_is_masked() -> None:
    text = "https://gitlab-ci-token:job-token@gitlab.example/x.git"
    assert printed(text, CI_REPOSITORY_URL=text) == "https://gitlab-ci-token:***@gitlab.example/x.git"
    assert printed("fine", HTTPS_PROXY="http://[broken") == "fine"
