"""Which methods of the API the emulator has: all of most services, and of clouds, folders and groups what README says."""

from __future__ import annotations

import inspect

import pytest

from emulator.transport.services import Method, methods, services
from tests.emulator.local import Local

_MISSING = {
    "CloudService": {"Create", "Update", "Delete", "ListOperations"},
    "FolderService": {"Update", "ListOperations"},
}
_ONLY_GET = {"GroupService"}
"""Of which nothing else is there."""
_POLICIES = "AccessPolic"
"""Of which the emulator knows nothing."""


@pytest.fixture
def declared(local: Local) -> list[Method]:
    """Every method that the API declares of the emulator's services."""
    answering = services(local.emulator.state)
    return [method for service, answers in answering.items() for method in methods(service, answers)]


def test_every_method_is_answered_but_for_the_few_of_clouds_folders_and_groups(declared: list[Method]) -> None:
    missing: dict[str, set[str]] = {}
    got = {method.name.partition("/")[0] for method in declared if method.name.endswith("/Get") and method.answer}
    assert got >= _ONLY_GET
    for method in declared:
        service, _, name = method.name.partition("/")
        if service not in _ONLY_GET and method.answer is None and _POLICIES not in name:
            missing.setdefault(service, set()).add(name)
    assert missing == _MISSING


def test_what_answers_takes_a_request_and_its_call(declared: list[Method]) -> None:
    for method in declared:
        if method.answer is not None:
            assert len(inspect.signature(method.answer).parameters) == 2, method.name


def test_what_starts_an_operation_says_what_it_is_about_and_what_it_answers(declared: list[Method]) -> None:
    for method in declared:
        answers_operation = method.response.DESCRIPTOR.full_name == "yandex.cloud.operation.Operation"
        starts = answers_operation and not method.name.startswith("OperationService/")
        assert (method.operation_types is not None) == starts, method.name
