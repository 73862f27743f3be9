"""`yandex:index/resourcemanagerFolderIamMember:ResourcemanagerFolderIamMember`: a role on a folder, as pulumi-yandex 0.13.0 shapes it."""

from __future__ import annotations

from .access_binding import AccessBinding, bound_to
from .input_fields import Seconds
from .resource import Properties, Runtime


class FolderIamMember(AccessBinding):
    """The verbs of one member's role on a folder.

    `sleepAfter`: how many seconds to wait after the role was granted, for it to spread. It says nothing of the binding, so it changes in place.
    """

    token = "yandex:index/resourcemanagerFolderIamMember:ResourcemanagerFolderIamMember"
    service = "FolderService"
    noun = "folder"
    fields = (*bound_to("folderId"), Seconds("sleepAfter"))

    def create(self, urn: str, inputs: Properties, runtime: Runtime) -> tuple[str, Properties]:
        made = super().create(urn, inputs, runtime)
        if inputs.get("sleepAfter"):
            # A run that is cancelled meanwhile has its binding all the same.
            runtime.cloud.wait(float(inputs["sleepAfter"]))
        return made
