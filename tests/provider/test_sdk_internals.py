"""Why each entry of `sdk_internals` is there; where one of these fails, that entry can go, or must follow its SDK."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pulumi
import pulumi.runtime.rpc
import pytest
import yandexcloud
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2
from yandex.cloud.resourcemanager.v1.folder_service_pb2_grpc import FolderServiceStub

from provider.yandex_keys.sdk_internals import CHANNEL_OPTIONS, SECRET_SIGNATURE, SIGNATURE_KEY
from tests.provider.endpoint_stub import listening

PROVIDER = Path(__file__).parents[2] / "provider"
BOTH = "import pulumi.provider.experimental.server, yandexcloud"


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)


def test_both_sdks_clash_as_they_come() -> None:
    done = run(BOTH)
    assert done.returncode != 0
    assert "duplicate symbol" in done.stderr


def test_both_sdks_load_after_sdk_internals() -> None:
    done = run(f"import sys; sys.path.insert(0, 'provider')\nfrom yandex_keys import sdk_internals\n{BOTH}")
    assert done.returncode == 0, done.stderr


def test_pulumi_has_no_public_name_for_its_channel_options() -> None:
    public = [name for name, value in vars(pulumi.runtime).items() if value is CHANNEL_OPTIONS and name[0] != "_"]
    assert public == []


@pytest.mark.parametrize("signature", [SIGNATURE_KEY, SECRET_SIGNATURE])
def test_pulumi_has_no_public_name_for_its_signatures(signature: str) -> None:
    public = [name for name, value in vars(pulumi.runtime.rpc).items() if value == signature and name[0] != "_"]
    assert public == []


def test_the_sdk_tells_nobody_where_it_has_found_the_services() -> None:
    assert [name for name in dir(yandexcloud.SDK) if name[0] != "_" and "endpoint" in name.lower()] == []


def test_the_sdk_looks_services_up_that_it_was_given_the_addresses_of(tmp_path: Path) -> None:
    with listening(tmp_path) as endpoint:
        given = dict.fromkeys(("iam", "resource-manager"), endpoint.address)
        authority = Path(endpoint.authority).read_bytes()
        sdk = yandexcloud.SDK(
            endpoint=endpoint.address, endpoints=given, root_certificates=authority, iam_token="t1.token"
        )
        sdk.client(FolderServiceStub)
        assert endpoint.asked == ["/yandex.cloud.endpoint.ApiEndpointService/List"]


def test_the_sdk_makes_no_login_request_for_others() -> None:
    assert [name for name in dir(yandexcloud) if "ServiceAccountAuth" in name] == []


def test_pulumi_s_own_options_of_a_component_are_none_that_a_resource_takes() -> None:
    """Where this fails, `construct` can leave the options to the SDK, and look again whether its public `Construct` does."""
    request = provider_pb2.ConstructRequest(
        aliases=[{"urn": "urn:pulumi:test::p::t::before"}], deletedWith="urn:pulumi:t::p::t::n"
    )
    options = ProviderServicer._construct_options(request)
    (alias,) = options.aliases or ()
    assert not isinstance(alias, (str, pulumi.Alias))
    assert options.deleted_with is None


@pytest.mark.parametrize("path", sorted(PROVIDER.rglob("*.py")), ids=lambda path: path.name)
def test_no_other_file_touches_a_private_name_of_an_sdk(path: Path) -> None:
    if path.name == "sdk_internals.py":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("pulumi", "yandexcloud")
        for alias in node.names
    ]
    assert [name for name in imported if "._" in name] == []
    used = [f"{ast.unparse(node)}" for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    assert [name for name in used if name.startswith(("sdk._", "yandexcloud._", "pulumi._"))] == []
    # Nor one that is inherited, by calling it or by writing another.
    inherited = {name for name in vars(ProviderServicer) if name[0] == "_" and name[:2] != "__"}
    assert "_construct" in inherited
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    written = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    assert (called | written) & inherited == set()
