"""What a workspace's pod of the Pulumi Kubernetes Operator runs, with the environment and the files that our objects give it."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from setup.engine.places import REPOSITORY
from tests.end_to_end.example_program import ExampleProgram
from tests.end_to_end.object_storage import KEY, ObjectStorage, storing
from tests.end_to_end.pipeline_runner import Runner
from tests.support.local_cloud import LocalCloud
from tests.support.pulumi import engine

FOLDER = REPOSITORY / "pipelines" / "kubernetes"
AGENT = Path(__file__).with_name("operator_agent.py")
SUBJECT, AUDIENCE = "system:serviceaccount:api-keys:api-keys-prod", "https://issuer.example/cluster"
CONFIG = {
    "api-keys:defaults": {"lifetime": "90d", "rotateEvery": "30d", "overlap": "7d"},
    "api-keys:accounts": [{"name": "translator", "keys": [{"name": "default", "uses": ["translate"]}]}],
}


def the_object(file: str, kind: str, name: str) -> Any:
    (found,) = (
        it
        for it in yaml.safe_load_all((FOLDER / file).read_text(encoding="utf-8"))
        if it and it["kind"] == kind and it["metadata"]["name"] == name
    )
    return found


class Pod(Runner):
    """The pod of the stack `prod`: a clone where the operator's init container has put it, and what the object mounts and sets."""

    def __init__(self, directory: Path, cloud: LocalCloud, storage: ObjectStorage) -> None:
        super().__init__(directory, cloud)
        self.storage = storage
        self.spec = the_object("stacks.yaml", "Stack", "api-keys-prod")["spec"]
        self.root = directory / "root"
        cloud.admin(
            "POST",
            "federated-credentials",
            {"serviceAccountId": self.deployer, "subject": SUBJECT, "audience": AUDIENCE},
        )
        for file, text in the_object("access.yaml", "ConfigMap", "state-login")["data"].items():
            self.place(self.mounted("state-login") / file, text.replace("/share/workspace", str(self.clone)))
        at_home = self.environment
        keys = {
            "AWS_ACCESS_KEY_ID": KEY["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": KEY["secret"],
            "AWS_SESSION_TOKEN": KEY["sessionToken"],
        }
        self.environment = {**at_home, **keys, "PULUMI_BACKEND_URL": storage.backend_url}
        self.init(CONFIG, by_passphrase=True)
        self.environment = at_home
        self._leave_an_environment_to_install_into()

    def place(self, path: Path, text: str) -> None:
        """A file of the container's file system, which lies in a folder of the test's."""
        real = self.real(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_text(text, encoding="utf-8")

    def real(self, path: Path | str) -> Path:
        return self.root / str(path).lstrip("/")

    def mounted(self, volume: str) -> Path:
        (container,) = self.spec["workspaceTemplate"]["spec"]["podTemplate"]["spec"]["containers"]
        (mount,) = (it for it in container["volumeMounts"] if it["name"] == volume)
        return Path(mount["mountPath"])

    def variables(self) -> dict[str, str]:
        """The container's environment: what the object sets, and what only a test needs, of where the cloud is."""
        secrets = {("passphrase-prod", "passphrase"): self.environment["PULUMI_CONFIG_PASSPHRASE"]}
        given = {
            name: it["literal"]["value"]
            if it["type"] == "Literal"
            else secrets[it["secret"]["name"], it["secret"]["key"]]
            for name, it in self.spec["envRefs"].items()
        }
        at_place = {name: str(self.real(value)) if value.startswith("/") else value for name, value in given.items()}
        filled = {
            name: self.deployer if value.startswith("<id of the deployer") else value
            for name, value in at_place.items()
        }
        ready = self.cloud.ready
        return {
            "PATH": self.environment["PATH"],
            "HOME": str(self.directory),
            "PULUMI_HOME": self.environment["PULUMI_HOME"],
            "PULUMI_BACKEND_URL": self.storage.backend_url,
            **filled,
            "PIPELINE_IAM_URL": self.storage.url,
            "YC_ENDPOINT": ready["endpoint"],
            "YC_FOLDER_ID": ready["folderId"],
            "YC_CLOUD_ID": ready["cloudId"],
            "YANDEX_KEYS_ROOT_CERTIFICATES": ready["ca"],
            "YANDEX_KEYS_TOKEN_EXCHANGE_URL": f"{ready['http']}/oauth/token",
            "YANDEX_KEYS_AS_OF": self.cloud.now(),
            # A test reaches no registry: what there is to install is there. The official host installs tools of pip's besides.
            **({"PIP_NO_INDEX": "1"} if engine().origin == "built" else {}),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def turn(self) -> dict[str, int]:
        """One run, as the operator's agent makes it; what it changed."""
        token = self.cloud.admin("POST", "oidc-token", {"subject": SUBJECT, "audience": AUDIENCE})["token"]
        self.place(self.mounted("yandex-cloud-token") / "token", token)
        done = subprocess.run(
            [sys.executable, str(AGENT), self.spec["stack"]],
            cwd=self.clone,
            env=self.variables(),
            check=False,
            capture_output=True,
            text=True,
        )
        self.log += [*done.stdout.splitlines(), *done.stderr.splitlines()]
        assert done.returncode == 0, done.stderr
        changes: dict[str, int] = json.loads(done.stdout)
        return {what: count for what, count in changes.items() if what != "same"}

    def _leave_an_environment_to_install_into(self) -> None:
        """What `pulumi install` would make, with the tests' own packages in view, so that it finds all but what it packs itself."""
        environment = self.clone / ".venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
        (packages,) = environment.glob("lib/python*/site-packages")
        (packages / "of-the-tests.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")


@pytest.fixture
def pod(tmp_path: Path, cloud: LocalCloud) -> Iterator[Pod]:
    with storing() as storage:
        yield Pod(tmp_path, cloud, storage)


def test_keys_come_up_and_rotate_at_one_commit_with_no_key_stored_anywhere(pod: Pod, cloud: LocalCloud) -> None:
    """`continueResyncOnCommitMatch` runs the same commit again; that is all that a rotation needs."""
    assert pod.turn()["create"] > 0
    assert list(pod.clone.glob(".venv/lib/python*/site-packages/pulumi_yandex")), "`pulumi install` installed nothing"
    (first,) = cloud.live_keys("translator")
    assert pod.turn() == {}
    cloud.advance("31d")
    assert pod.turn() == {"update": 1}
    assert len(cloud.live_keys("translator")) == 2
    cloud.advance("8d")
    pod.turn()
    (second,) = cloud.live_keys("translator")
    assert second["id"] != first["id"]
    # The state lies in Object Storage; each key for it was issued to who showed the pod's own token.
    assert "resources" in pod.storage.state_of("prod")
    assert pod.storage.iam_tokens
    assert pod.storage.refused == []
    assert not [name for name in pod.storage.objects if "/locks/" in name]
    log = "\n".join(pod.log)
    shown = [KEY["secret"], KEY["sessionToken"], first["secret"], second["secret"], *pod.storage.iam_tokens]
    assert [secret for secret in shown if secret in log] == []


def test_a_pod_whose_token_opens_nothing_says_what_the_federation_must_name(pod: Pod) -> None:
    token = pod.cloud.admin("POST", "oidc-token", {"subject": "system:serviceaccount:x:y", "audience": AUDIENCE})[
        "token"
    ]
    pod.place(pod.mounted("yandex-cloud-token") / "token", token)
    done = subprocess.run(
        [sys.executable, "-S", "-m", "pipelines", "state-key"],
        cwd=pod.clone,
        env=pod.variables(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "subject system:serviceaccount:x:y" in done.stdout
    assert token not in done.stdout + done.stderr


class ProgramObject(ExampleProgram):
    """The project that the operator writes of the Program: its program as it is, with the plugin of this clone for the package's address."""

    def __init__(self, directory: Path, cloud: LocalCloud) -> None:
        super().__init__("yaml", directory, cloud)
        written = the_object("program.yaml", "Program", "mailer-keys")["program"]
        project = yaml.safe_load((directory / "Pulumi.yaml").read_text())
        assert written.keys() == {"packages", "resources", "outputs"}
        project |= {name: written[name] for name in ("resources", "outputs")}
        (directory / "Pulumi.yaml").write_text(yaml.safe_dump(project))


def test_a_program_s_keys_come_up_and_a_pod_that_is_made_anew_finds_them(tmp_path: Path, cloud: LocalCloud) -> None:
    program = ProgramObject(tmp_path / "program", cloud)
    assert "issued key" in program.up()
    assert len(cloud.live_keys("mailer")) == 1
    # A new pod has no stack file: the salt that `pulumi stack init` wrote lay in the old one.
    (program.directory / "Pulumi.test.yaml").unlink()
    program.run("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes", "--stack", "test")
