"""The classes of pulumi-yandex that we use, or ours of the same tokens where it isn't installed: in the plugin's own
environment.

Each from its own module, without the package around it: that loads 200 others, which is a third of what a program does
before its first resource. Who imports pulumi_yandex beside us gets the whole, with these very classes.
"""

from __future__ import annotations

import copy
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

import pulumi

_PACKAGE: Final = "pulumi_yandex"


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


@contextmanager
def _the_rest_later() -> Iterator[None]:
    """Modules of pulumi_yandex can be imported meanwhile without the package itself, which is loaded when somebody asks
    it for a name later. Raises ModuleNotFoundError where it isn't installed."""
    if sys.modules.get(_PACKAGE):  # loaded by somebody else
        yield
        return
    # None stands for a package that isn't to be loaded.
    found = None if _PACKAGE in sys.modules else importlib.util.find_spec(_PACKAGE)
    if found is None or found.loader is None:
        raise ModuleNotFoundError(f"No module named {_PACKAGE!r}", name=_PACKAGE)
    loader, package = found.loader, importlib.util.module_from_spec(found)

    def load(name: str) -> Any:
        # `import *` asks for `__all__` first. Of other such names the interpreter asks every module.
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        del vars(package)["__getattr__"]
        loader.exec_module(package)
        return getattr(package, name)

    sys.modules[_PACKAGE] = package
    yield
    vars(package)["__getattr__"] = load


try:
    with _one_version_of_pkg_resources(), _the_rest_later():
        from pulumi_yandex.iam_service_account import IamServiceAccount
        from pulumi_yandex.kms_symmetric_key import KmsSymmetricKey
        from pulumi_yandex.kms_symmetric_key_iam_binding import KmsSymmetricKeyIamBinding
        from pulumi_yandex.resourcemanager_folder_iam_member import ResourcemanagerFolderIamMember
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
