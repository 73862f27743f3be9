"""Getting to the cloud: by every way, only when it is needed, once for all that need it, with a deadline, and `Cancel` ends the waiting."""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.credentials import Credentials
from provider.yandex_keys.errors import Cancelled, CloudError, ConfigurationError
from provider.yandex_keys.login import Login
from provider.yandex_keys.patience import Patience
from provider.yandex_keys.run import Session
from provider.yandex_keys.shared_work import SharedWork
from tests.pipelines.http_stub import Answer, serving
from tests.provider.emulated_cloud import EmulatedCloud
from tests.provider.endpoint_stub import listening, silent

IAM_TOKEN = f"t1.{'9euelZqM' * 6}.{'a-B_' * 21}ab"
READ = ("FolderService/Get", {"folder_id": "b1g"})


def session(environment: dict[str, str], **given: str) -> Session:
    made = Session(environment=environment)
    made.configure(given)
    return made


def refused(session: Session) -> str:
    with pytest.raises(ConfigurationError) as raised:
        session.runtime().cloud.call(*READ)
    assert "\n" not in str(raised.value)
    return str(raised.value)


class TestEveryWay:
    """The emulator plays the cloud, the token exchange and the metadata service."""

    @pytest.fixture
    def environment(self, cloud: EmulatedCloud) -> dict[str, str]:
        return {
            "YC_ENDPOINT": cloud.ready["endpoint"],
            "YANDEX_KEYS_ROOT_CERTIFICATES": cloud.ready["ca"],
            "YC_FOLDER_ID": cloud.folder_id,
        }

    @pytest.fixture
    def deployer(self, cloud: EmulatedCloud) -> str:
        return str(json.loads(Path(cloud.ready["serviceAccountKey"]).read_text())["service_account_id"])

    def test_a_key_that_signs_nothing_is_told_of_when_it_is_first_used_and_not_shown(
        self, environment: dict[str, str]
    ) -> None:
        numbers = rsa.generate_private_key(65537, 2048).private_numbers()
        odd = rsa.RSAPrivateNumbers(
            numbers.p, numbers.q, numbers.d - 2, numbers.dmp1 - 2, numbers.dmq1, numbers.iqmp, numbers.public_numbers
        ).private_key(unsafe_skip_rsa_key_validation=True)
        pem = odd.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        key = json.dumps({"id": "ajekey", "service_account_id": "ajeaccount", "private_key": pem})
        said = refused(session(environment, serviceAccountKey=key))
        assert "serviceAccountKey is not an authorized key: its private_key can't be read" in said
        assert not [line for line in pem.splitlines() if line in said]

    def works(self, environment: dict[str, str], **given: str) -> bool:
        called = session(environment, **given).runtime().cloud
        folder = environment["YC_FOLDER_ID"]
        return bool(called.call("FolderService/Get", {"folder_id": folder})["id"] == folder)

    def test_an_authorized_key(self, cloud: EmulatedCloud, environment: dict[str, str]) -> None:
        path = cloud.ready["serviceAccountKey"]
        assert self.works(environment | {"YC_SERVICE_ACCOUNT_KEY_FILE": path})
        assert self.works(environment, serviceAccountKey=Path(path).read_text())

    def test_the_services_are_looked_up_once(self, cloud: EmulatedCloud, environment: dict[str, str]) -> None:
        cloud.admin("DELETE", "calls")
        assert self.works(environment | {"YC_SERVICE_ACCOUNT_KEY_FILE": cloud.ready["serviceAccountKey"]})
        calls = cloud.admin("GET", "calls")
        assert calls == {"ApiEndpointService/List": 1, "IamTokenService/Create": 1, "FolderService/Get": 1}

    def test_the_metadata_service(self, cloud: EmulatedCloud, environment: dict[str, str], deployer: str) -> None:
        cloud.admin("POST", "metadata", {"serviceAccountId": deployer})
        address = cloud.ready["http"].removeprefix("http://")
        assert self.works(environment | {"YC_METADATA_ADDR": address})

    def test_a_federation(
        self, cloud: EmulatedCloud, environment: dict[str, str], deployer: str, tmp_path: Path
    ) -> None:
        who = {"subject": "repo:us/keys", "audience": "yandex"}
        cloud.admin("POST", "federated-credentials", {**who, "serviceAccountId": deployer})
        file = tmp_path / "token"
        file.write_text(cloud.admin("POST", "oidc-token", who)["token"])
        for token in (str(file), file.read_text()):
            federated = {
                "YANDEX_KEYS_FEDERATED_TOKEN": token,
                "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID": deployer,
                "YANDEX_KEYS_TOKEN_EXCHANGE_URL": f"{cloud.ready['http']}/oauth/token",
            }
            assert self.works(environment | federated)

    def test_a_key_that_the_cloud_refuses(self, cloud: EmulatedCloud, environment: dict[str, str]) -> None:
        key = json.loads(Path(cloud.ready["serviceAccountKey"]).read_text()) | {"id": "ajenobodyskey0000000"}
        made = session(environment, serviceAccountKey=json.dumps(key))
        text = refused(made)
        assert f"endpoint {cloud.ready['endpoint']}: " in text
        assert "UNAUTHENTICATED" in text


class TestWhatIsSaidOfIt:
    def test_refused_credentials_are_told_once_with_where_they_came_from(self, cloud: EmulatedCloud) -> None:
        made = session(
            {
                "YC_ENDPOINT": cloud.ready["endpoint"],
                "YANDEX_KEYS_ROOT_CERTIFICATES": cloud.ready["ca"],
                "YC_TOKEN": IAM_TOKEN,
            }
        )
        told = []
        for resource in ("service account shop", "service account desk"):
            with pytest.raises(CloudError) as raised:
                made.runtime().cloud.call(*READ, resource)
            told.append(made.words_of(raised.value))
        assert told[0].startswith("service account shop: FolderService/Get failed with UNAUTHENTICATED: ")
        assert told[0].endswith(
            "The deployer's credentials were refused: renew the token or the authorized key. They came from YC_TOKEN."
        )
        assert told[1] == (
            "service account desk: FolderService/Get failed with UNAUTHENTICATED as well: the credentials from YC_TOKEN"
        )
        assert IAM_TOKEN not in "".join(told)

    def test_a_host_that_is_nowhere_is_told_once(self) -> None:
        made = session({"YC_ENDPOINT": "api.nowhere.invalid:443", "YC_TOKEN": IAM_TOKEN})
        first, second = (refused(made) for _ in range(2))
        assert first == second
        assert "The endpoint can't be reached: check yandex-keys:endpoint or YC_ENDPOINT" in made.words_of(
            ConfigurationError(first)
        )
        assert made.words_of(ConfigurationError(second)) == (
            "nothing was called, for the reason that the error of another resource of this run gives"
        )


class TestOnlyWhenItIsNeeded:
    def test_a_run_that_calls_nothing_logs_in_nowhere(self, cloud: EmulatedCloud) -> None:
        with serving(lambda asked: Answer({"access_token": IAM_TOKEN})) as exchange, silent() as endpoint:
            made = session({"YC_ENDPOINT": endpoint, "YC_METADATA_ADDR": exchange.url.removeprefix("http://")})
            assert made.runtime().cloud is not None
            assert exchange.asked == []

    def test_the_login_is_made_once(self, tmp_path: Path) -> None:
        with listening(tmp_path) as endpoint, serving(lambda asked: Answer({"access_token": IAM_TOKEN})) as metadata:
            made = session(
                {
                    "YC_ENDPOINT": endpoint.address,
                    "YANDEX_KEYS_ROOT_CERTIFICATES": endpoint.authority,
                    "YC_METADATA_ADDR": metadata.url.removeprefix("http://"),
                }
            )
            cloud = made.runtime().cloud
            with ThreadPoolExecutor(16) as pool:
                asked = [pool.submit(cloud.call, *READ) for _ in range(32)]
            assert all("only listens" in str(call.exception()) for call in asked)
            assert len(metadata.asked) == 1
            assert endpoint.asked.count("/yandex.cloud.endpoint.ApiEndpointService/List") == 1
            assert set(endpoint.tokens) == {f"Bearer {IAM_TOKEN}"}


class TestWhereDiscoverySendsUs:
    """The endpoint says where its services are, and that is where the token goes."""

    @pytest.mark.parametrize("service", ["iam", "kms", "lockbox", "operation", "resource-manager"])
    @pytest.mark.parametrize(
        "address", ["evil.example:443", "iam.api.cloud.yandex.net:443", "unix:/tmp/evil", "0.0.0.0:1"]
    )
    def test_a_stacks_endpoint_sends_nobody_elsewhere(self, tmp_path: Path, service: str, address: str) -> None:
        with listening(tmp_path, {service: address}) as endpoint:
            environment = {"YANDEX_KEYS_ROOT_CERTIFICATES": endpoint.authority, "YC_TOKEN": IAM_TOKEN}
            text = refused(session(environment, endpoint=endpoint.address))
            assert f"endpoint {endpoint.address} says of the service {service}" in text
            assert "set YC_ENDPOINT" in text
            assert endpoint.tokens == []

    def test_the_environments_endpoint_may(self, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        with listening(other) as elsewhere:
            named = elsewhere.address.replace("127.0.0.1", "localhost")
            with listening(tmp_path, {"resource-manager": named}) as endpoint:
                both = Path(endpoint.authority).read_text() + Path(elsewhere.authority).read_text()
                made = session(
                    {"YC_ENDPOINT": endpoint.address, "YANDEX_KEYS_ROOT_CERTIFICATES": both, "YC_TOKEN": IAM_TOKEN}
                )
                with pytest.raises(Exception, match="only listens"):
                    made.runtime().cloud.call(*READ)
                assert elsewhere.tokens == [f"Bearer {IAM_TOKEN}"]


class TestASilentEndpoint:
    def test_says_which_it_is_and_what_to_check(self) -> None:
        with silent() as endpoint:
            made = session({"YC_ENDPOINT": endpoint, "YC_TOKEN": IAM_TOKEN})
            made.runtime().cloud.patience = Patience(login=0.2)
            text = refused(made)
            assert text == (
                f"endpoint {endpoint}: not logged in after 0.2 s, waiting for the list of its services; check yandex-keys:endpoint or YC_ENDPOINT, "
                "and the network; then run `pulumi up` again"
            )
            assert refused(made) == text

    def test_gives_up_by_itself(self) -> None:
        with silent() as endpoint:
            made = session({"YC_ENDPOINT": endpoint, "YC_TOKEN": IAM_TOKEN})
            made.runtime().cloud.patience = Patience(login_call=0.2)
            text = refused(made)
            assert f"endpoint {endpoint}: " in text
            assert "check yandex-keys:endpoint or YC_ENDPOINT" in text

    def test_of_the_exchange_too(self, tmp_path: Path) -> None:
        released = threading.Event()

        def wait(asked: Any) -> Answer:
            released.wait()
            return Answer()

        with serving(wait) as metadata:
            made = session({"YC_ENDPOINT": "127.0.0.1:9", "YC_METADATA_ADDR": metadata.url.removeprefix("http://")})
            made.runtime().cloud.patience = Patience(login=0.2)
            assert "waiting for the metadata service at 127.0.0.1" in refused(made)
            released.set()

    def test_holds_nobody_when_the_run_is_cancelled(self) -> None:
        with silent() as endpoint, ThreadPoolExecutor(16) as pool:
            made = session({"YC_ENDPOINT": endpoint, "YC_TOKEN": IAM_TOKEN})
            cloud = made.runtime().cloud
            waiting = [pool.submit(cloud.call, *READ) for _ in range(16)]
            made.cancel()
            assert all(isinstance(call.exception(), Cancelled) for call in waiting)
            with pytest.raises(Cancelled):
                cloud.call(*READ)

    def test_a_run_that_is_cancelled_before_its_first_call_logs_in_nowhere(self) -> None:
        with serving(lambda asked: Answer({"access_token": IAM_TOKEN})) as metadata:
            made = Session(environment={"YC_METADATA_ADDR": metadata.url.removeprefix("http://")})
            made.cancel()
            made.configure({})
            with pytest.raises(Cancelled):
                made.runtime().cloud.call(*READ)
            assert metadata.asked == []


class TestWorkThatIsShared:
    @pytest.fixture
    def cancelled(self) -> Future[None]:
        return Future()

    def test_everybody_gets_its_result(self, cancelled: Future[None]) -> None:
        done: list[int] = []
        go = threading.Event()

        def work() -> int:
            go.wait()
            done.append(1)
            return len(done)

        shared = SharedWork(work)
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(shared.get, 60, cancelled) for _ in range(8)]
            go.set()
            assert {call.result() for call in asked} == {1}
        assert shared.get(0, cancelled) == 1

    def test_everybody_gets_its_error(self, cancelled: Future[None]) -> None:
        def work() -> int:
            raise ConfigurationError("no")

        shared = SharedWork(work)
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="no"):
                shared.get(60, cancelled)

    def test_the_deadline_is_the_works_own(self, cancelled: Future[None]) -> None:
        go = threading.Event()
        shared = SharedWork(go.wait)
        with pytest.raises(TimeoutError):
            shared.get(0.05, cancelled)
        with pytest.raises(TimeoutError):
            shared.get(0.05, cancelled)
        go.set()
        assert shared.get(60, cancelled)

    def test_a_result_that_is_there_is_given_after_a_cancel_too(self, cancelled: Future[None]) -> None:
        shared = SharedWork(lambda: 7)
        assert shared.get(60, cancelled) == 7
        cancelled.set_result(None)
        assert shared.get(60, cancelled) == 7


def test_credentials_and_logins_show_no_secret() -> None:
    login = Login("127.0.0.1:1", None, Credentials("YC_TOKEN", iam_token=IAM_TOKEN), "agent")
    assert IAM_TOKEN not in repr(login)
    assert IAM_TOKEN not in repr(Cloud(login))
