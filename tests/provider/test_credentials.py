"""The deployer's credentials: which win, where they may go, and that a wrong one is one clear line without the secret in it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from provider.yandex_keys.credentials import find_credentials
from provider.yandex_keys.errors import ConfigurationError
from tests.pipelines.http_stub import Answer, Stub, serving

IAM_TOKEN = f"t1.{'9euelZqM' * 6}.{'a-B_' * 21}ab"
ACCOUNT = "ajedeployeraccount00"


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


OIDC = f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part({'sub': 'repo:us/keys', 'aud': 'us'})}.{'c2lnbmF0dXJl' * 4}"


@pytest.fixture(scope="module")
def key() -> str:
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return json.dumps(
        {"id": "ajekey", "service_account_id": "ajeaccount", "private_key": f"PLEASE DO NOT REMOVE\n{pem}"}
    )


@pytest.fixture
def exchange() -> Iterator[Stub]:
    """Plays the token exchange, the metadata service, or a sink that nothing may reach."""
    with serving(lambda asked: Answer({"access_token": IAM_TOKEN, "token_type": "Bearer"})) as stub:
        yield stub


def refusal(settings: dict[str, str], environment: dict[str, str] | None = None, ask: bool = False) -> str:
    """What is said of credentials that can't be used: when they are looked for, or (with `ask`) when they are used."""
    if not ask:
        with pytest.raises(ConfigurationError) as raised:
            find_credentials(settings, environment or {})
    else:
        with pytest.raises(ConfigurationError) as raised:
            asked(settings, environment or {})
    text = str(raised.value)
    assert "\n" not in text
    return text


def federated(exchange: Stub, token: str, **more: str) -> dict[str, str]:
    return {
        "YANDEX_KEYS_FEDERATED_TOKEN": token,
        "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID": ACCOUNT,
        "YANDEX_KEYS_TOKEN_EXCHANGE_URL": f"{exchange.url}/oauth/token",
        **more,
    }


def asked(settings: dict[str, str], environment: dict[str, str]) -> str:
    ask = find_credentials(settings, environment).ask
    assert ask is not None
    return ask()


class TestWhatIsFound:
    def test_settings_win_over_the_environment_and_a_token_over_a_key(self, key: str, tmp_path: Path) -> None:
        file = tmp_path / "key.json"
        file.write_text(key)
        environment = {"YC_TOKEN": "t1.env", "YC_SERVICE_ACCOUNT_KEY_FILE": str(file)}
        assert find_credentials({"token": "t1.set", "serviceAccountKey": key}, environment).iam_token == "t1.set"
        assert find_credentials({"serviceAccountKey": key}, environment).service_account_key == json.loads(key)
        assert find_credentials({}, environment).iam_token == "t1.env"
        assert find_credentials({}, {"YC_SERVICE_ACCOUNT_KEY_FILE": str(file)}).service_account_key == json.loads(key)

    def test_finding_them_makes_no_call(self, exchange: Stub) -> None:
        assert find_credentials({}, federated(exchange, OIDC)).ask is not None
        assert find_credentials({}, {"YC_METADATA_ADDR": exchange.url.removeprefix("http://")}).ask is not None
        assert exchange.asked == []

    def test_none_at_all_says_what_to_set(self) -> None:
        assert "YC_TOKEN" in refusal({}, {"YC_METADATA_ADDR": "127.0.0.1:9"}, ask=True)

    def test_a_missing_file_is_named(self) -> None:
        assert "/nowhere/key.json" in refusal({}, {"YC_SERVICE_ACCOUNT_KEY_FILE": "/nowhere/key.json"})

    def test_what_is_no_file_is_not_read(self) -> None:
        assert "it is not a file" in refusal({}, {"YC_SERVICE_ACCOUNT_KEY_FILE": "/dev/zero"})
        text = refusal(
            {}, {"YANDEX_KEYS_FEDERATED_TOKEN": "/dev/zero", "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID": "aje"}
        )
        assert "it is not a file" in text

    @pytest.mark.parametrize(
        ("broken", "said"),
        [
            ("{", "not JSON"),
            ("{}", "lacks id, service_account_id, private_key"),
            ("[]", "the key's JSON itself"),
            (
                json.dumps({"id": "a", "service_account_id": "b", "private_key": "-----BEGIN secret-part"}),
                "can't be read",
            ),
        ],
    )
    def test_a_broken_key_says_how_and_never_shows_itself(self, broken: str, said: str) -> None:
        text = refusal({"serviceAccountKey": broken})
        assert said in text
        assert "secret-part" not in text

    def test_a_token_with_spaces_is_refused_unseen(self) -> None:
        text = refusal({"token": "t1.abc def"})
        assert "not an IAM token" in text
        assert "abc" not in text


class TestWhatARequestMayChange:
    """A stack file or a program: it may hold credentials, encrypted, but neither say which file is read nor where anything goes."""

    @pytest.mark.parametrize("name", ["serviceAccountKey", "federatedToken"])
    @pytest.mark.parametrize(
        "path", ["/proc/self/environ", "~/.aws/credentials", "key.json", "file:///etc/passwd", "/home/runner/a.b.c"]
    )
    def test_no_setting_is_the_path_of_a_file(self, name: str, path: str, exchange: Stub) -> None:
        variable = "YANDEX_KEYS_FEDERATED_TOKEN" if name == "federatedToken" else "YC_SERVICE_ACCOUNT_KEY_FILE"
        environment = federated(exchange, "")
        assert f"environment variable {variable}" in refusal({name: path}, environment)
        assert exchange.asked == []

    def test_a_key_file_of_the_machine_is_not_read_for_a_setting(self, key: str, tmp_path: Path) -> None:
        file = tmp_path / "key.json"
        file.write_text(key)
        refusal({"serviceAccountKey": str(file)})
        refusal({"serviceAccountKey": str(file)})

    def test_no_setting_says_where_a_token_is_exchanged(self, exchange: Stub) -> None:
        with serving(lambda asked: Answer({})) as sink:
            settings = {"tokenExchangeUrl": sink.url, "federatedServiceAccountId": ACCOUNT}
            assert asked(settings, federated(exchange, OIDC)) == IAM_TOKEN
            assert sink.asked == []

    def test_a_token_itself_may_be_a_setting(self, exchange: Stub) -> None:
        assert asked({"federatedToken": OIDC}, federated(exchange, "")) == IAM_TOKEN


class TestTheTokenExchange:
    def test_an_oidc_token_or_its_file_becomes_an_iam_token(self, exchange: Stub, tmp_path: Path) -> None:
        file = tmp_path / "token"
        file.write_text(f"{OIDC}\n")
        for token in (OIDC, f" {OIDC}\n", str(file)):
            assert asked({}, federated(exchange, token)) == IAM_TOKEN
        assert {request.path for request in exchange.asked} == {"/oauth/token"}
        assert all(OIDC.encode() in request.body for request in exchange.asked)

    def test_a_file_that_is_renewed_is_read_again(self, exchange: Stub, tmp_path: Path) -> None:
        file = tmp_path / "token"
        file.write_text(OIDC)
        found = find_credentials({}, federated(exchange, str(file)))
        file.write_text(f"{OIDC}2")
        assert found.ask is not None
        found.ask()
        assert f"{OIDC}2".encode() in exchange.asked[-1].body

    @pytest.mark.parametrize(
        "secret",
        [
            "PULUMI_CONFIG_PASSPHRASE=hunter2",
            "AKIDsecret",
            "hunter2.hunter2.hunter2",
            f"{part([1])}.{part({})}.hunter2",
            f"{part({'typ': 'JWT'})}.{part({})}.hunter2",
            f"{part({'alg': 'RS256'})}.{part('hunter2')}.c2ln",
            f"{OIDC}.hunter2",
            f"{OIDC}\nhunter2",
        ],
    )
    def test_what_is_no_jwt_is_never_sent_nor_shown(self, secret: str, exchange: Stub, tmp_path: Path) -> None:
        file = tmp_path / "token"
        file.write_text(secret)
        for token in (secret, str(file)):
            text = refusal({}, federated(exchange, token))
            assert "hunter2" not in text
            assert "AKIDsecret" not in text
        assert exchange.asked == []

    def test_it_needs_its_account(self, exchange: Stub) -> None:
        environment = federated(exchange, OIDC, YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID="")
        assert "federatedServiceAccountId" in refusal({}, environment)

    @pytest.mark.parametrize("account", ["AQVNabcdefghijklmnopqrstuvwxyz0123456789", "a b", IAM_TOKEN])
    def test_an_account_that_is_none_is_refused_unseen(self, account: str, exchange: Stub) -> None:
        environment = federated(exchange, OIDC, YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID=account)
        text = refusal({}, environment)
        assert (
            text
            == "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID must be the id of a service account, such as ajexxxxxxxxxxxxxxxxx"
        )

    @pytest.mark.parametrize(
        "url",
        [
            "http://auth.example/oauth/token",
            "http://169.254.169.254/oauth/token",
            "auth.yandex.cloud",
            "https://somebody:else@auth.example",
            "file:///etc/passwd",
            IAM_TOKEN,
        ],
    )
    def test_it_is_asked_over_https_or_on_loopback(self, url: str, exchange: Stub) -> None:
        text = refusal({}, federated(exchange, OIDC, YANDEX_KEYS_TOKEN_EXCHANGE_URL=url))
        assert "YANDEX_KEYS_TOKEN_EXCHANGE_URL must be an address that begins with https://" in text
        assert url not in text

    def test_it_follows_no_redirect(self, exchange: Stub) -> None:
        elsewhere = Answer(status=307, headers={"Location": f"{exchange.url}/oauth/token"})
        with serving(lambda request: elsewhere) as stub:
            text = refusal({}, federated(stub, OIDC), ask=True)
        assert "HTTP 307" in text
        assert exchange.asked == []

    def test_nothing_of_the_machine_goes_along(
        self, exchange: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / ".netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password else\n")
        monkeypatch.setenv("NETRC", str(netrc))
        with serving(lambda request: Answer(status=500)) as proxy:
            environment = federated(exchange, OIDC, HTTP_PROXY=proxy.url, ALL_PROXY=proxy.url)
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.url)
            assert asked({}, environment) == IAM_TOKEN
            assert proxy.asked == []
        assert "authorization" not in exchange.asked[0].headers

    @pytest.mark.parametrize(
        "answer",
        [
            Answer({"error": "invalid_grant", "error_description": f"no credential\nfits {OIDC}"}, 400),
            Answer({"access_token": "something else"}),
            Answer({"access_token": {"t1": "x"}}),
            Answer(["t1"]),
            Answer(raw=b"<html>"),
            Answer(raw=b"[" * 60_000),
            Answer({"access_token": IAM_TOKEN}, 403),
            Answer({"access_token": IAM_TOKEN, "more": "x" * 70_000}),
        ],
    )
    def test_a_refusal_is_one_line_without_the_token(self, answer: Answer) -> None:
        with serving(lambda request: answer) as stub:
            text = refusal({}, federated(stub, OIDC), ask=True)
        assert "the token exchange at 127.0.0.1 refused the OIDC token for service account " in text
        assert OIDC not in text
        assert IAM_TOKEN not in text


class TestTheMetadataService:
    def test_its_token_is_taken(self, exchange: Stub) -> None:
        assert asked({}, {"YC_METADATA_ADDR": exchange.url.removeprefix("http://")}) == IAM_TOKEN
        (request,) = exchange.asked
        assert request.path == "/computeMetadata/v1/instance/service-accounts/default/token"
        assert request.headers["metadata-flavor"] == "Google"

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "metadata.example",
            "10.0.0.1",
            "203.0.113.7:80",
            "0.0.0.0",
            "127.1",
            "127.0.0.1/path",
            "127.0.0.1?x",
            "somebody@127.0.0.1",
            "http://127.0.0.1",
            IAM_TOKEN,
        ],
    )
    def test_it_is_at_an_address_of_this_machine_or_its_host(self, elsewhere: str) -> None:
        text = refusal({}, {"YC_METADATA_ADDR": elsewhere})
        assert (
            text
            == "YC_METADATA_ADDR must be a link-local or loopback address, perhaps with a port, such as 169.254.169.254"
        )

    def test_a_proxy_is_not_asked_for_it(self, exchange: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(lambda request: Answer({"access_token": f"{IAM_TOKEN}forged"})) as proxy:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, proxy.url)
            monkeypatch.delenv("NO_PROXY", raising=False)
            monkeypatch.delenv("no_proxy", raising=False)
            assert asked({}, {"YC_METADATA_ADDR": exchange.url.removeprefix("http://")}) == IAM_TOKEN
            assert proxy.asked == []

    @pytest.mark.parametrize("answer", [Answer({"access_token": "<html>hello</html>"}), Answer({"access_token": 7})])
    def test_what_is_no_iam_token_is_not_believed(self, answer: Answer) -> None:
        with serving(lambda request: answer) as stub:
            text = refusal({}, {"YC_METADATA_ADDR": stub.url.removeprefix("http://")}, ask=True)
        assert "not Yandex Cloud's metadata service" in text
        assert "hello" not in text

    def test_it_follows_no_redirect(self, exchange: Stub) -> None:
        with serving(lambda request: Answer(status=302, headers={"Location": exchange.url})) as stub:
            refusal({}, {"YC_METADATA_ADDR": stub.url.removeprefix("http://")}, ask=True)
        assert exchange.asked == []


KEY_TEXT = '{\n  "id": "ajekey",\n  "private_key": "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\\n"}'


class TestACredentialInTheWrongPlace:
    """It is not printed, wherever it was pasted."""

    @pytest.mark.parametrize(
        "secret",
        [
            KEY_TEXT,
            KEY_TEXT.replace("\n", ""),
            KEY_TEXT.lstrip("{\n "),
            f"'{KEY_TEXT}'",
            base64.b64encode(KEY_TEXT.encode()).decode(),
            f"/{base64.b64encode(KEY_TEXT.encode()).decode()}",
            IAM_TOKEN,
            f"/{IAM_TOKEN}",
            f"./{OIDC}",
            "AQVN0123456789abcdefghijklmnopqrstuvwxyz",
            "~/AQVN0123456789abcdefghijklmnopqrstuvwxyz",
            "y0_AgAAAAAAexampleexampleexampleexample",
            "hunter2",
        ],
    )
    @pytest.mark.parametrize("name", ["YC_SERVICE_ACCOUNT_KEY_FILE", "YANDEX_KEYS_FEDERATED_TOKEN"])
    def test_of_a_path(self, name: str, secret: str, exchange: Stub) -> None:
        text = refusal({}, federated(exchange, "") | {name: secret})
        assert not pieces(secret) & pieces(text), text
        assert exchange.asked == []

    def test_a_token_for_an_exchange_is_no_key(self) -> None:
        text = refusal({}, {"YC_SERVICE_ACCOUNT_KEY_FILE": OIDC})
        assert not pieces(OIDC) & pieces(text), text


def pieces(text: str, length: int = 7) -> set[str]:
    """Every run of that many characters, but for what our own words have as well."""
    ours = "service_account_id private_key PRIVATE environment variable"
    every, known = ({given[at : at + length] for at in range(len(given) - length + 1)} for given in (text, ours))
    return every - known
