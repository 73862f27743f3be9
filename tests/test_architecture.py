"""Who may import whom: one way for the data, and nothing flows back but outputs."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = ("components", "provider", "emulator", "cli", "third_party", "setup", "tools", "pipelines", "policy")
ROOMS = (*SHIPPED, "tests")
# Room -> what of the other rooms it may import. `components` judges a stack file by the provider's own rules of an API key, so that there is one rule
# book: what the stack file accepts, the provider accepts. These modules are pure, and load nothing.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "provider": (),
    "third_party": (),
    "components": (
        "provider.yandex_keys.as_of",
        "provider.yandex_keys.durations",
        "provider.yandex_keys.key_rules",
        "provider.yandex_keys.marks",
        "provider.yandex_keys.rotation_calendar",
    ),
    "emulator": ("provider.yandex_keys.limits",),
    "cli": ("components.spec", "components.catalogue", "components.stack_schema", "provider.yandex_keys"),
    # Setting up is the same on a runner as at a desk.
    "pipelines": ("setup", "provider.yandex_keys.as_of"),
    # Policies judge by how a duration is written and by what a service implies, and take both in one place.
    "policy": ("components.catalogue", "provider.yandex_keys.durations"),
    "setup": ("third_party.pulumi_yandex.packing",),
    # The others are started by their commands, as a user would. Benchmarks drive a stack as the tests do.
    # The SDK generator writes the component into the schema; the benchmark drives the stack that tests drive.
    "tools": ("setup", "components.package_schema", "tests.support"),
}
CLOUD_SDK = ("yandex", "yandexcloud")
CONSTRUCT = ROOT / "provider" / "yandex_keys" / "component.py"
"""`Construct` makes the component of programs in other languages, which lives in `components`."""


def imports(path: Path) -> Iterator[str]:
    """The absolute names of what a file imports, `from a import b` as `a.b`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(room: str) -> list[Path]:
    return sorted(path for path in (ROOT / room).rglob("*.py") if ".venv" not in path.parts)


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_no_other_room_but_what_it_may(room: str) -> None:
    foreign = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(room)
        for name in imports(path)
        if name.split(".")[0] in ROOMS and name.split(".")[0] != room and not name.startswith(MAY_IMPORT[room])
        if path != CONSTRUCT or not name.startswith("components.")
    ]
    assert foreign == []


def test_setting_up_needs_the_standard_library_alone() -> None:
    """Nothing is installed before it has run; the language host runs in the environment."""
    before = [path for path in files("setup") if "language_host" not in path.parts]
    packing = ROOT / "third_party" / "pulumi_yandex" / "packing.py"
    known = sys.stdlib_module_names | {"setup", "third_party"}
    roots = {(path.name, name.split(".")[0]) for path in [*before, packing] for name in imports(path)}
    assert [(path, root) for path, root in sorted(roots) if root not in known] == []


def test_components_and_the_program_never_load_the_cloud_sdk() -> None:
    paths = [*files("components"), ROOT / "__main__.py"]
    assert not [path for path in paths for name in imports(path) if name.split(".")[0] in CLOUD_SDK]


def test_policies_take_the_projects_rules_in_one_place() -> None:
    foreign = ("components.", "provider.")
    assert {path.name for path in files("policy") for name in imports(path) if name.startswith(foreign)} == {
        "project_rules.py"
    }


def test_components_take_the_providers_rules_in_one_place() -> None:
    assert {path.name for path in files("components") for name in imports(path) if name.startswith("provider.")} == {
        "rule_book.py"
    }


def test_nothing_in_components_is_imported_late() -> None:
    for path in files("components"):
        functions = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if _is_function(node)]
        assert not [
            path for node in functions for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)
        ]


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def test_the_provider_knows_the_cloud_sdk_where_it_calls_and_logs_in_and_in_its_rule_book() -> None:
    knowing = {path.stem for path in files("provider") for name in imports(path) if name.split(".")[0] in CLOUD_SDK}
    assert knowing <= {"api_services", "cloud", "login", "sdk_internals", "limits"}


def test_no_files_need_each_other_in_a_circle() -> None:
    """Neither within a room nor between rooms. Imports inside functions and for types alone count as well: neither hides a circle."""
    modules = {module_of(path): path for room in SHIPPED for path in files(room)}
    needs = {module: needed(path, modules.keys()) - {module} for module, path in modules.items()}
    while free := {module for module, others in needs.items() if not others}:
        needs = {module: others - free for module, others in needs.items() if module not in free}
    assert needs == {}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def needed(path: Path, modules: Set[str]) -> set[str]:
    """Which of the modules a file imports. A package counts where something of its own is taken from it, not where a module in it is."""
    package = path.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            source = ".".join([*above, *([node.module] if node.module else [])])
            named = [f"{source}.{alias.name}" for alias in node.names]
            found |= {name if name in modules else source for name in named}
    return found & modules


def test_files_of_the_provider_need_none_of_a_floor_above() -> None:
    """The floors are those of the page's table; what is on no floor yet is needed by none that is."""
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = page.partition("| floor |")[2].partition("\n\n")[0]
    floors = [re.findall(r"`([\w/]+)`", row) for row in table.splitlines()[2:]]
    floor_of = {
        f"provider.yandex_keys.{name.replace('/', '.')}": number for number, row in enumerate(floors) for name in row
    }
    modules = {module_of(path): path for path in files("provider")}
    assert floor_of.keys() <= modules.keys()
    upward = [
        f"{module} needs {other}"
        for module, number in floor_of.items()
        for other in needed(modules[module], modules.keys()) - {"provider.yandex_keys"}
        if floor_of.get(other, -1) < number
    ]
    assert upward == []


def test_what_a_file_imports_is_seen() -> None:
    file = ROOT / "provider" / "yandex_keys" / "api_key" / "handler.py"
    assert {"provider.yandex_keys.api_key.rotation", "provider.yandex_keys.errors", "provider.yandex_keys.fields"} <= (
        needed(file, {module_of(path) for path in files("provider")})
    )


def test_the_command_line_takes_what_it_needs_of_other_rooms_through_one_file() -> None:
    """And the cloud's client through one more, which is loaded where it is needed."""
    foreign = {
        path.name for path in files("cli") for name in imports(path) if name.startswith(("components", "provider"))
    }
    assert foreign == {"borrowed.py", "cloud_login.py"}


def test_the_decision_is_pure() -> None:
    pure = (
        "api_key/rotation",
        "api_key/schedule",
        "api_key/state",
        "api_key/inputs",
        "key_rules",
        "rotation_calendar",
        "marks",
        "durations",
        "times",
    )
    impure = ("os", "time", "random", "secrets", "socket", "requests", "grpc", "pulumi", "threading", "pathlib")
    for name in pure:
        path = ROOT / "provider" / "yandex_keys" / f"{name}.py"
        assert not [found for found in imports(path) if found.split(".")[0] in impure], name
        text = path.read_text(encoding="utf-8")
        assert not [word for word in (".now(", "uuid1(", "uuid4(") if word in text], name


def test_what_the_page_names_of_the_code_is_there() -> None:
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    code = {path: path.read_text(encoding="utf-8") for room in (*SHIPPED, "tests") for path in files(room)}
    paths = [f"/{path.relative_to(ROOT)}" for path in code]
    named = set(re.findall(r"[\w/]*\w\.py\b", page))
    assert {name for name in named if not any(path.endswith(f"/{name}") for path in paths)} == set()
    missing = [
        f"{kind}.{method}"
        for kind, method in re.findall(r"`([A-Z]\w+)\.(?!yaml)([a-z_]\w*)`", page)
        if not any(f"class {kind}" in text and f"def {method}(" in text for text in code.values())
    ]
    assert missing == []
