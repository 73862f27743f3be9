"""The pages are true where that can be seen: links lead somewhere, commands are there, settings are the models' own."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from cli.project import StackFileLoader
from components.catalogue import SERVICES, Authentication, Service
from components.settings import _SETTINGS as SETTINGS
from components.spec import AccountSpec, FreezeSpec, KeySpec, SpecError, VerifySpec, WindowSpec, parse
from provider.yandex_keys.server import TYPES
from setup.engine.places import VERSION

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        ROOT / "pipelines" / "README.md",
        ROOT / "emulator" / "README.md",
    ]
)
STACK_FILE = (ROOT / "docs" / "stack-file.md").read_text(encoding="utf-8")
REQUIRED = "required"


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def fences(page: Path, language: str) -> list[str]:
    """The blocks of a language, without the indent that they have in a list."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text_of(page), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(body) for _, body in found]


def anchors(page: Path) -> set[str]:
    """The headings, as forges make links of them."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL), re.M
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table(heading: str) -> dict[str, str]:
    """The first two cells of each row under a heading of the stack file's page."""
    section = STACK_FILE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([A-Za-z]+)` \|(.*?)\|", section, re.MULTILINE))


def default_of(model: type[BaseModel], name: str) -> str | None:
    """A setting's default as the page has it; None where only words say it."""
    (field,) = (it for key, it in model.model_fields.items() if name in (it.alias, key))
    if field.is_required():
        return REQUIRED
    if field.default is None:
        return None
    if field.default == ():
        return "`[]`"
    return f"`{json.dumps(field.default).strip(chr(34))}`" if field.default != "" else ""


def settings_of(model: type[BaseModel]) -> set[str]:
    return {str(field.alias or name) for name, field in model.model_fields.items()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), target
        if anchor:
            assert anchor in anchors(to), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_module_and_path_is_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", text_of(ROOT / "Makefile"), re.MULTILINE))
    written = text_of(page)
    named = set(re.findall(r"(?:`|^\$ )(?:QUICK=1 )?make (?:-s )?([a-z-]+)", written, re.MULTILINE))
    assert named <= targets
    for module in re.findall(r"python3? -m ((?:setup|tools|tests|pipelines|components|emulator)[\w.]*)", written):
        place = ROOT / module.replace(".", "/")
        assert place.is_dir() or place.with_suffix(".py").is_file(), module
    for path in re.findall(
        r"`((?:components|policy|tests|tools|provider|emulator|setup|stacks)/[\w./]+\.\w+)`", written
    ):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("An account", AccountSpec),
        ("A key", KeySpec),
        ("verify", VerifySpec),
        ("windows", WindowSpec),
        ("freezes", FreezeSpec),
    ],
    ids=str,
)
def test_the_tables_of_settings_are_the_models(heading: str, model: type[BaseModel]) -> None:
    rows = table(heading)
    assert rows.keys() == settings_of(model)
    for name, told in rows.items():
        default = default_of(model, name)
        assert default is None or told.strip() == default, name


def test_the_table_of_provider_settings_is_the_programs() -> None:
    assert table("Provider settings").keys() == SETTINGS


@pytest.mark.parametrize("name", ["_index.md", "installation-configuration.md"])
def test_what_a_registry_reads_of_a_page_is_yaml(name: str) -> None:
    _, head, _ = text_of(ROOT / "docs" / name).split("---\n", 2)
    assert yaml.safe_load(head).keys() == {"title", "meta_desc", "layout"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_yaml_is_yaml_and_stack_files_are_right(page: Path) -> None:
    for block in fences(page, "yaml"):
        for written in yaml.load_all(block, Loader=StackFileLoader):
            config: dict[str, Any] = written.get("config", {}) if isinstance(written, dict) else {}
            if "api-keys:accounts" in config:
                assert parse(config.get("api-keys:defaults"), config["api-keys:accounts"]).accounts
            elif isinstance(written, list):
                assert parse(None, written).accounts


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_is_python(page: Path) -> None:
    for block in fences(page, "python"):
        compile(block, str(page), "exec")


def test_mistakes_are_told_in_the_page_s_words() -> None:
    """The page's output, of this file."""
    accounts = [
        {"name": "translator", "keys": [{"name": "default", "uses": ["transalte"], "lifetime": "30d"}]},
        {
            "name": "Nightly",
            "keys": [
                {
                    "name": "default",
                    "scopes": ["yc.ai.languageModels.execute"],
                    "rotateEvery": "two weeks",
                    "colour": "red",
                }
            ],
        },
    ]
    with pytest.raises(SpecError) as told:
        parse({"lifetime": "90d", "rotateEvery": "30d", "overlap": "7d"}, accounts)
    assert str(told.value) in STACK_FILE


def test_messages_that_the_pages_quote_are_in_the_code() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("provider", "components", "setup")
        for path in (ROOT / folder).rglob("*.py")
    )
    # Long messages are written as several strings, one after the other.
    joined = re.sub(r'"\s*\n\s*f?"', "", code).replace("`", "")
    for message in (
        "THE COMPROMISED KEY ",
        " STILL WORKS: the next pulumi up",
        "and what was there before stays current",
        "ends for good on",
        "was issued for this resource as well",
        "holds fewer than two runs",
        "is no time to judge by: write one such as",
        "it only rehearses: pulumi preview takes it",
        "is over, and what has become due since is not seen by it",
        "by that no rotation is due, and none was made. Set the clock right",
        "by the cloud's clock, which is behind this machine's",
        "is kept: an interrupted run made it for this resource",
        "is taken from the environment only",
        "the endpoint is not Yandex Cloud's own",
        "The deployer's credentials were refused",
        "nothing was called, for the reason that the error of another resource of this run gives",
        "Nobody has that id",
        "The endpoint can't be reached",
        "The endpoint's certificate isn't trusted",
        "which this project is pinned to: upgrade it",
        ", but the state has seen ",
    ):
        assert message in joined, message
        shown = re.escape(message.strip(" ,").split(": the next")[0])
        assert re.search(shown, text_of(ROOT / "docs" / "troubleshooting.md").replace("`", "")), message


def test_resources_are_the_schema_s() -> None:
    written = text_of(ROOT / "docs" / "resources.md")
    schema = json.loads(text_of(ROOT / "provider" / "yandex_keys" / "schema.json"))
    for token, resource in schema["resources"].items():
        if resource.get("isComponent"):
            continue
        section = written.partition(f"\n## {token.split(':')[-1]}\n")[2].partition("\n## ")[0]
        assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == resource["properties"].keys()


@pytest.mark.parametrize(
    ("language", "file"),
    [("yaml", "Pulumi.yaml"), ("python", "__main__.py"), ("typescript", "index.ts"), ("go", "main.go")],
)
def test_the_page_of_a_language_has_the_program_that_tests_run(language: str, file: str) -> None:
    program = text_of(ROOT / "examples" / language / file)
    assert program in fences(ROOT / "docs" / f"program-{language}.md", language)


def test_the_front_page_names_every_resource() -> None:
    front = text_of(ROOT / "README.md")
    named = set(
        re.findall(r"`(\w+)`", "".join(re.findall(r"^\| .*docs/(?:resources|own-program)\.md.*$", front, re.M)))
    )
    assert {token.rpartition(":")[2] for token in TYPES} | {"ServiceAccountKeys"} <= named


def test_the_minimum_version_of_the_cli_is_the_pinned_one() -> None:
    for page in ("real-cloud.md", "troubleshooting.md"):
        assert set(re.findall(r"v\d+\.\d+\.\d+", text_of(ROOT / "docs" / page))) == {VERSION}


def test_the_services_that_the_pages_name_are_in_the_catalogue() -> None:
    for page in PAGES:
        for uses in re.findall(r"uses: \[([a-z, -]+)\]", text_of(page)):
            for name in uses.split(", "):
                assert name in SERVICES or page.name == "CHANGELOG.md", name


TRAVELS = {
    Authentication.API_KEY_HEADER: "header",
    Authentication.SMTP: "SMTP: the key's id is the user, its secret the password",
    Authentication.POSTGRESQL: "PostgreSQL: its secret is the password",
    Authentication.KAFKA: "Kafka: user `@<database>`, its secret is the password",
    Authentication.HTTP_BASIC: "HTTP basic: user `api-key`, its secret is the password",
}


def row(service: Service) -> str:
    scopes, roles = (", ".join(f"`{it}`" for it in names) for names in (service.scopes, service.roles))
    cells = [f"`{service.name}`", service.title, scopes, roles, TRAVELS[service.authentication]]
    return f"| {' | '.join(cells)} | {'yes' if service.probe else 'no'} |"


def test_the_page_of_services_is_the_catalogue() -> None:
    rows = re.findall(r"^\| `.*$", text_of(ROOT / "docs" / "services.md"), re.MULTILINE)
    assert rows == [row(service) for service in SERVICES.values()]
