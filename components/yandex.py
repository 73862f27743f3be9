"""The classes of pulumi-yandex that we use, imported without the warning that this import prints into every run."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # pulumi-yandex 0.13.0, the last one, asks for its own version by the deprecated pkg_resources; requirements.txt pins
    # the setuptools that still has it.
    warnings.simplefilter("ignore")
    from pulumi_yandex import (
        IamServiceAccount,
        KmsSymmetricKey,
        KmsSymmetricKeyIamBinding,
        ResourcemanagerFolderIamMember,
    )
    from pulumi_yandex._utilities import get_version

__all__ = [
    "IamServiceAccount",
    "KmsSymmetricKey",
    "KmsSymmetricKeyIamBinding",
    "ResourcemanagerFolderIamMember",
    "get_version",
]
