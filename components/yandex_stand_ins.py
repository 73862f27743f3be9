"""What the component uses of pulumi-yandex's classes, where that package isn't installed: in the environment of the
plugin alone.

Of the same tokens, inputs and outputs, so that it makes no difference which of them declares a resource; a test
compares what both declare.
"""

from __future__ import annotations

from typing import Any

import pulumi


class IamServiceAccount(pulumi.CustomResource):
    """A service account."""

    def __init__(self, resource_name: str, *, opts: pulumi.ResourceOptions, **properties: Any) -> None:
        super().__init__("yandex:index/iamServiceAccount:IamServiceAccount", resource_name, _named(properties), opts)

    @property
    def folder_id(self) -> pulumi.Output[str]:
        """The folder that it is in."""
        # By its name on the wire: a class that translates names would translate those of labels as well.
        folder: pulumi.Output[str] = pulumi.get(self, "folderId")
        return folder


class ResourcemanagerFolderIamMember(pulumi.CustomResource):
    """One member's role on a folder."""

    def __init__(self, resource_name: str, *, opts: pulumi.ResourceOptions, **properties: Any) -> None:
        token = "yandex:index/resourcemanagerFolderIamMember:ResourcemanagerFolderIamMember"
        super().__init__(token, resource_name, _named(properties), opts)


class KmsSymmetricKey(pulumi.CustomResource):
    """A KMS key."""

    def __init__(self, resource_name: str, *, opts: pulumi.ResourceOptions, **properties: Any) -> None:
        super().__init__("yandex:index/kmsSymmetricKey:KmsSymmetricKey", resource_name, _named(properties), opts)


class KmsSymmetricKeyIamBinding(pulumi.CustomResource):
    """All members of a role on a KMS key."""

    def __init__(self, resource_name: str, *, opts: pulumi.ResourceOptions, **properties: Any) -> None:
        token = "yandex:index/kmsSymmetricKeyIamBinding:KmsSymmetricKeyIamBinding"
        super().__init__(token, resource_name, _named(properties), opts)


def _named(properties: dict[str, Any]) -> dict[str, Any]:
    """By the names that go over the wire."""
    named = {}
    for name, value in properties.items():
        first, *more = name.split("_")
        named[first + "".join(word.capitalize() for word in more)] = value
    return named
