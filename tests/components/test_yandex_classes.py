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
