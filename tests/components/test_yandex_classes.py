"""The classes of pulumi-yandex load without setuptools, and where they are lacking ours declare the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from components import yandex, yandex_stand_ins
from components.service_account_keys import ServiceAccountKeys
from tests.components.declared import Declared, run

CLASSES = ("IamServiceAccount", "ResourcemanagerFolderIamMember", "KmsSymmetricKey", "KmsSymmetricKeyIamBinding")
ACCOUNT: Mapping[str, Any] = {
    "name": "translator",
    "description": "Translates support tickets",
    "folderId": "b1gfolder",
    "kmsKey": True,
    "labels": {"team_name": "support"},
    "readers": ["self", "serviceAccount:ajereader"],
    "roles": ["monitoring.viewer"],
    "protect": True,
    "keys": [{"name": "default", "uses": ["translate"]}],
}
WITHOUT = "import sys; sys.modules[{module!r}] = None\nimport warnings; warnings.simplefilter('error')\nfrom components import yandex\n"


def declared() -> Declared:
    return run(lambda: ServiceAccountKeys("translator", ACCOUNT))


def comparable(request: Any) -> dict[str, Any]:
    """All that the engine is told of a resource, but where in which program, and by which release of which package."""
    aside = ("version", "sourcePosition", "stackTrace", "packageRef")
    told = {field.name: value for field, value in request.ListFields() if field.name not in aside}
    # Sets, which the SDK sends in the order in which their parts were known.
    told["dependencies"] = sorted(request.dependencies)
    told["propertyDependencies"] = {name: sorted(of.urns) for name, of in request.propertyDependencies.items()}
    return told


def test_ours_declare_what_pulumi_yandex_s_declare(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = declared()
    for name in CLASSES:
        assert getattr(yandex, name).__module__.startswith("pulumi_yandex.")
        monkeypatch.setattr(yandex, name, getattr(yandex_stand_ins, name))
    ours = declared()
    assert {kind for kind, _ in ours.requests} >= set(CLASSES)
    assert ours.inputs == theirs.inputs
    assert {which: comparable(it) for which, it in ours.requests.items()} == {
        which: comparable(it) for which, it in theirs.requests.items()
    }
    assert ours.outputs["translator"] == theirs.outputs["translator"]


def loaded(module: str) -> str:
    program = (
        WITHOUT.format(module=module) + "print(yandex.IamServiceAccount.__module__, 'pkg_resources' in sys.modules)"
    )
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def test_pulumi_yandex_loads_without_setuptools_and_without_a_warning() -> None:
    assert loaded("setuptools") == "pulumi_yandex.iam_service_account False"


def test_without_pulumi_yandex_ours_stand_in() -> None:
    assert loaded("pulumi_yandex") == "components.yandex_stand_ins False"


def printed(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def test_of_pulumi_yandex_only_the_modules_of_those_classes_load() -> None:
    program = "import sys\nfrom components import yandex\nprint(*sorted(name for name in sys.modules if name.startswith('pulumi_yandex.')))"
    modules = ("_utilities", "iam_service_account", "kms_symmetric_key", "kms_symmetric_key_iam_binding")
    assert printed(program).split() == [f"pulumi_yandex.{it}" for it in (*modules, "resourcemanager_folder_iam_member")]


SAME = "from components import yandex\n{imported}\nprint(all(it is getattr(yandex, it.__name__) for it in ({used},)), {other}.__name__)"


@pytest.mark.parametrize(
    ("imported", "used", "other"),
    [
        (
            "import pulumi_yandex as it",
            "it.IamServiceAccount, it.kms_symmetric_key.KmsSymmetricKey",
            "it.YdbDatabaseServerless",
        ),
        (
            "from pulumi_yandex import IamServiceAccount, YdbDatabaseServerless",
            "IamServiceAccount",
            "YdbDatabaseServerless",
        ),
        ("from pulumi_yandex import *", "KmsSymmetricKeyIamBinding", "YdbDatabaseServerless"),
        ("import pulumi_yandex.vpc_network", "pulumi_yandex.IamServiceAccount", "pulumi_yandex.VpcNetwork"),
    ],
)
def test_a_program_that_imports_pulumi_yandex_as_well_has_the_whole_with_the_same_classes(
    imported: str, used: str, other: str
) -> None:
    assert printed(SAME.format(imported=imported, used=used, other=other)) == f"True {other.rpartition('.')[2]}"


def test_a_program_that_imported_pulumi_yandex_before_has_the_same_classes() -> None:
    before = (
        "import importlib.metadata, sys, types\nit = sys.modules['pkg_resources'] = types.ModuleType('pkg_resources')\n"
        "it.require = lambda name: [importlib.metadata.distribution(name)]\nimport pulumi_yandex as theirs\n"
    )
    assert (
        printed(before + SAME.format(imported="", used="theirs.KmsSymmetricKey", other="theirs.VpcNetwork"))
        == "True VpcNetwork"
    )
