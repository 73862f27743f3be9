"""The classes of pulumi-yandex that we use, or ours of the same tokens where it isn't installed: in the plugin's own environment."""

from __future__ import annotations

import copy
import importlib.metadata
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pulumi


@contextmanager
def _one_version_of_pkg_resources() -> Iterator[None]:
    """Serves what pulumi-yandex 0.13.0, the last one, asks of pkg_resources as it is imported: its own version.

    setuptools has that module no more since 81, and before it prints a warning into every run.
    """
    before = sys.modules.get("pkg_resources")
    served: Any = ModuleType("pkg_resources")
    served.require = lambda name: [importlib.metadata.distribution(name)]
    sys.modules["pkg_resources"] = served
    try:
        yield
    finally:
        if before is None:
            del sys.modules["pkg_resources"]
        else:
            sys.modules["pkg_resources"] = before


try:
    with _one_version_of_pkg_resources():
        from pulumi_yandex import (
            IamServiceAccount,
            KmsSymmetricKey,
            KmsSymmetricKeyIamBinding,
            ResourcemanagerFolderIamMember,
        )
except ModuleNotFoundError as missing:
    if missing.name != "pulumi_yandex":
        raise
    from components.yandex_stand_ins import (
        IamServiceAccount,
        KmsSymmetricKey,
        KmsSymmetricKeyIamBinding,
        ResourcemanagerFolderIamMember,
    )

__all__ = [
    "IamServiceAccount",
    "KmsSymmetricKey",
    "KmsSymmetricKeyIamBinding",
    "ResourcemanagerFolderIamMember",
    "served_by",
]


def served_by(provider: pulumi.ProviderResource) -> pulumi.ProviderResource:
    """`provider`, of the package `yandex-keys`, as the provider of these classes.

    Our plugin answers for their types. The engine takes any provider for any type; it is the SDK (pulumi 3.259) that
    drops one whose `package` isn't the type's.
    """
    served = copy.copy(provider)
    served.package = "yandex"
    return served
