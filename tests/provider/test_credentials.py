"""The deployer's credentials: which win, and that a wrong one is one clear line without the secret in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from provider.yandex_keys.credentials import find_credentials
from provider.yandex_keys.errors import ConfigurationError

NOWHERE = {"YC_METADATA_ADDR": "127.0.0.1:9"}


@pytest.fixture(scope="module")
def key() -> str:
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return json.dumps(
        {"id": "ajekey", "service_account_id": "ajeaccount", "private_key": f"PLEASE DO NOT REMOVE\n{pem}"}
    )


def refusal(settings: dict[str, str], environment: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as raised:
        find_credentials(settings, NOWHERE | (environment or {}))
    text = str(raised.value)
    assert "\n" not in text
    return text


def test_settings_win_over_the_environment_and_a_token_over_a_key(key: str, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(key)
    environment = {"YC_TOKEN": "t1.env", "YC_SERVICE_ACCOUNT_KEY_FILE": str(file)}
    assert find_credentials({"token": "t1.set", "serviceAccountKey": key}, environment).iam_token == "t1.set"
    assert find_credentials({"serviceAccountKey": key}, environment).service_account_key == json.loads(key)
    assert find_credentials({}, environment).iam_token == "t1.env"
    assert find_credentials({}, {"YC_SERVICE_ACCOUNT_KEY_FILE": str(file)}).service_account_key == json.loads(key)


def test_none_at_all_says_what_to_set() -> None:
    assert "YC_TOKEN" in refusal({})


def test_a_missing_file_is_named() -> None:
    assert "/nowhere/key.json" in refusal({}, {"YC_SERVICE_ACCOUNT_KEY_FILE": "/nowhere/key.json"})


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("{", "not JSON"),
        ("{}", "lacks id, service_account_id, private_key"),
        ("[]", "neither JSON nor a readable file"),
        (json.dumps({"id": "a", "service_account_id": "b", "private_key": "-----BEGIN secret-part"}), "can't be read"),
    ],
)
def test_a_broken_key_says_how_and_never_shows_itself(broken: str, said: str) -> None:
    text = refusal({"serviceAccountKey": broken})
    assert said in text
    assert "secret-part" not in text


def test_a_token_with_spaces_is_refused_unseen() -> None:
    text = refusal({"token": "t1.abc def"})
    assert "not an IAM token" in text
    assert "abc" not in text


def test_a_federated_token_needs_its_account_and_https() -> None:
    assert "federatedServiceAccountId" in refusal({"federatedToken": "a.b.c"})
    plain = {
        "federatedToken": "a.b.c",
        "federatedServiceAccountId": "aje",
        "tokenExchangeUrl": "http://auth.example/oauth/token",
    }
    assert "https://" in refusal(plain)
