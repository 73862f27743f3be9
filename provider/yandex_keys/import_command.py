"""The whole `pulumi import` that takes a thing of the cloud over into a stack (pure)."""

from __future__ import annotations

import shlex
from typing import Final

_COMPONENT: Final = "yandex-keys:index:ServiceAccountKeys"


def import_command(token: str, urn: str, resource_id: str, provider_urn: str) -> str:
    """The command, for a shell, by which `resource_id` becomes the resource `urn` of type `token`.

    Without the parent it would get another URN; without the provider the engine would look for a plugin of the type's
    own package. Code is made for types of a known schema alone. An import protects what it takes, unless told
    otherwise.
    """
    name = urn.split("::", 3)[3]
    words = ["pulumi", "import", token, name, resource_id]
    for option, to in (("parent", _parent(urn)), ("provider", provider_urn)):
        if to:
            # The word before the URN is the command's own for it; the resource's name stands for the resource itself.
            words += [f"--{option}", f"{option if option != name else f'its-{option}'}={to}"]
    return shlex.join([*words, "--generate-code=false", "--protect=false"])


def _parent(urn: str) -> str:
    """The parent's URN; empty where the resource has none.

    A URN has its parents' types, but no names. Our component's is that of each child, up to the first slash; of any
    other nobody knows.
    """
    stack, project, types, name = urn.split("::", 3)
    parents, _, _ = types.rpartition("$")
    if not parents:
        return ""
    parent = name.partition("/")[0] if parents.rpartition("$")[2] == _COMPONENT else "PARENT"
    return f"{stack}::{project}::{parents}::{parent}"
