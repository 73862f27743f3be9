"""What we answer for of the package `yandex` has every input and output that pulumi-yandex's own classes have, under the same names."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any

import pulumi
import pytest

from components import yandex
from provider.yandex_keys.access_binding import AccessBinding, FolderIamMember, KmsSymmetricKeyIamBinding
from provider.yandex_keys.folder_resource import FolderResource
from provider.yandex_keys.kms_symmetric_key import KmsSymmetricKey
from provider.yandex_keys.service_account import ServiceAccount

ANSWERED: list[tuple[FolderResource | AccessBinding, Any, str]] = [
    (handler, sys.modules[theirs.__module__], theirs.__name__)
    for handler, theirs in (
        (ServiceAccount(), yandex.IamServiceAccount),
        (FolderIamMember(), yandex.ResourcemanagerFolderIamMember),
        (KmsSymmetricKey(), yandex.KmsSymmetricKey),
        (KmsSymmetricKeyIamBinding(), yandex.KmsSymmetricKeyIamBinding),
    )
]


def on_the_wire(arguments: type) -> set[str]:
    """The camelCase names of everything that the constructor of an input type takes."""
    names = [name for name in inspect.signature(arguments).parameters if name != "__self__"]
    return {re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name) for name in names}


def outputs_of(resource: type[pulumi.CustomResource]) -> set[str]:
    """The camelCase names of a resource class's own getters."""
    getters = [name for name, member in vars(resource).items() if isinstance(member, property)]
    return {re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name) for name in getters}


@pytest.mark.parametrize(("handler", "module", "name"), ANSWERED, ids=[name for _, _, name in ANSWERED])
class TestEachType:
    def test_takes_exactly_the_inputs_of_the_args_class(
        self, handler: FolderResource | AccessBinding, module: Any, name: str
    ) -> None:
        assert {field.name for field in handler.fields} == on_the_wire(getattr(module, f"{name}Args"))

    def test_has_exactly_the_properties_of_the_state_class(
        self, handler: FolderResource | AccessBinding, module: Any, name: str
    ) -> None:
        outputs = handler.outputs if isinstance(handler, FolderResource) else ()
        ours = {*(field.name for field in handler.fields), *outputs}
        assert ours == on_the_wire(getattr(module, f"_{name}State")) == outputs_of(getattr(module, name))

    def test_requires_what_the_args_class_requires(
        self, handler: FolderResource | AccessBinding, module: Any, name: str
    ) -> None:
        parameters = inspect.signature(getattr(module, f"{name}Args")).parameters.values()
        theirs = {item.name for item in parameters if item.default is inspect.Parameter.empty} - {"__self__"}
        assert {field.proto for field in handler.fields if field.required} == theirs

    def test_has_the_token_under_which_the_class_registers(
        self, handler: FolderResource | AccessBinding, module: Any, name: str
    ) -> None:
        assert f"'{handler.token}'" in inspect.getsource(getattr(module, name)._internal_init)
