"""The classes of pulumi-yandex that we use, imported without the warning that this import prints into every run."""

from __future__ import annotations

import copy
import warnings

import pulumi

with warnings.catch_warnings():
    # pulumi-yandex 0.13.0, the last one, asks for its own version by the deprecated pkg_resources; requirements.txt
    # pins the setuptools that still has it.
    warnings.simplefilter("ignore")
    from pulumi_yandex import (
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
