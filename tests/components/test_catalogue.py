"""The catalogue covers the page that the project was made from, and what it says holds together."""

from __future__ import annotations

import re

import pytest

from components import catalogue
from components.catalogue import SERVICES, Authentication
from components.spec import SpecError, VerifySpec, parse_account
from emulator.state.role_names import KNOWN_SERVICES, ROLE_NAMES
from emulator.web import gateway_services

# The scopes that the Yandex Cloud page "API key" listed when this project was made.
PAGE_SCOPES = (
    "yc.ai.foundationModels.execute",
    "yc.ai.imageGeneration.execute",
    "yc.ai.languageModels.execute",
    "yc.ai.speechkitStt.execute",
    "yc.ai.speechkitTts.execute",
    "yc.ai.translate.execute",
    "yc.ai.vision.execute",
    "yc.monitoring.manage",
    "yc.monitoring.read",
    "yc.postbox.send",
    "yc.search-api.execute",
    "yc.serverless.containers.invoke",
    "yc.serverless.functions.invoke",
    "yc.ydb.tables.manage",
    "yc.ydb.topics.manage",
)
NEWER_SCOPES = (
    "yc.cloud-registry.artifacts.manage",
    "yc.cloud-registry.artifacts.pull",
    "yc.cloud-registry.artifacts.push",
    "yc.datasphere.community-projects.manageResource",
    "yc.logging.write",
    "yc.managed-ytsaurus.cluster.use",
    "yc.monium.logs.write",
    "yc.monium.metrics.write",
    "yc.monium.telemetry.write",
    "yc.monium.traces.write",
    "yc.schema-registry.schemas.manage",
    "yc.serverless.mcpGateways.invoke",
    "yc.serverless.workflows.execute",
    "yc.speech-sense.use",
)
# The services that the same page listed, by the names that users write.
PAGE_SERVICES = {
    "Cloud Functions": ("functions",),
    "DataSphere": ("datasphere",),
    "Monitoring": ("monitoring-read", "monitoring-manage"),
    "Postbox": ("postbox",),
    "Search API": ("search-api",),
    "Serverless Containers": ("containers",),
    "SpeechKit": ("speechkit-stt", "speechkit-tts"),
    "SpeechSense": ("speechsense",),
    "Translate": ("translate",),
    "Vision OCR": ("vision",),
    "Data Streams, Kafka API": ("data-streams-read", "data-streams-write"),
    "YDB, PostgreSQL-compatible mode": ("ydb",),
    "MetaData Hub, Schema Registry": ("schema-registry-read", "schema-registry-write"),
}
EVERY_NAME = set(SERVICES)


@pytest.mark.parametrize("scope", PAGE_SCOPES + NEWER_SCOPES)
def test_every_scope_of_the_page_and_the_newer_ones_has_a_service(scope: str) -> None:
    assert catalogue.services_for_scope(scope)


def test_no_scope_is_made_up() -> None:
    assert {scope for service in SERVICES.values() for scope in service.scopes} == {*PAGE_SCOPES, *NEWER_SCOPES}


@pytest.mark.parametrize("title", PAGE_SERVICES)
def test_every_service_of_the_page_is_known(title: str) -> None:
    assert set(PAGE_SERVICES[title]) <= EVERY_NAME


@pytest.mark.parametrize("name", sorted(EVERY_NAME))
def test_a_service_says_all_that_a_key_needs(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert service.name == name
    assert service.title
    assert service.scopes
    assert service.roles
    assert not service.docs.startswith(("http", "/"))
    assert all("://" not in host for host in service.hosts)


@pytest.mark.parametrize("name", sorted(EVERY_NAME))
def test_a_services_roles_exist(name: str) -> None:
    for role in SERVICES[name].roles:
        assert role.partition(".")[0] not in KNOWN_SERVICES or role in ROLE_NAMES


@pytest.mark.parametrize("name", sorted(EVERY_NAME))
def test_no_role_lets_a_key_do_more_than_its_service_needs(name: str) -> None:
    wide = {role for role in SERVICES[name].roles if role.endswith(("admin", ".editor"))}
    # Where the service has no narrower role that suffices.
    assert wide <= {"monitoring.editor", "ydb.editor", "schema-registry.editor", "cloud-registry.editor"}


PROBES = {
    "foundation-models": ("GET", "https://llm.api.cloud.yandex.net/v1/models"),
    "text-generation": ("GET", "https://llm.api.cloud.yandex.net/v1/models"),
    "translate": ("POST", "https://translate.api.cloud.yandex.net/translate/v2/languages"),
    "search-api": ("POST", "https://searchapi.api.cloud.yandex.net/v2/wordstat/getRegionsTree"),
    "speechsense": ("POST", "https://rest-api.speechsense.yandexcloud.net/speechsense/v1/assistants/listModels"),
    "monitoring-read": (
        "GET",
        "https://monitoring.api.cloud.yandex.net/monitoring/v2/metrics?folderId={folderId}&pageSize=1",
    ),
    "monitoring-manage": (
        "GET",
        "https://monitoring.api.cloud.yandex.net/monitoring/v2/metrics?folderId={folderId}&pageSize=1",
    ),
}


def test_these_services_have_a_harmless_free_call_that_is_documented() -> None:
    found = {name: service.probe for name, service in SERVICES.items() if service.probe}
    assert {name: (probe.method, probe.url) for name, probe in found.items()} == PROBES
    assert {probe.expect_status for probe in found.values()} == {200}
    assert all(re.fullmatch(r"[-a-z]+(/[-a-zA-Z]+)+", probe.docs) for probe in found.values())


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_goes_to_a_host_of_its_service_and_by_the_header(name: str) -> None:
    service = SERVICES[name]
    assert service.authentication is Authentication.API_KEY_HEADER
    assert PROBES[name][1].removeprefix("https://").partition("/")[0] in service.hosts


@pytest.mark.parametrize("name", sorted(EVERY_NAME))
def test_verify_true_is_a_call_or_an_error_that_shows_how_to_name_one(name: str) -> None:
    account = {"name": "account", "keys": [{"name": "key", "uses": [name], "verify": True}]}
    if name in PROBES:
        (key,) = parse_account(account).keys
        assert isinstance(key.verify, VerifySpec)
        assert (key.verify.method, key.verify.url, key.verify.expect_status) == (*PROBES[name], 200)
    else:
        with pytest.raises(SpecError) as refused:
            parse_account(account)
        (problem,) = refused.value.problems
        assert problem.path == "keys[0].verify"
        assert problem.wrong == f"the catalogue knows no harmless, free call for {name}"
        assert "verify: {url: https://" in problem.right


@pytest.mark.parametrize("scope", PAGE_SCOPES + NEWER_SCOPES)
def test_a_key_may_name_any_scope_of_the_page_or_a_service_that_has_it(scope: str) -> None:
    by_scope = {"name": "a", "scopes": [scope]}
    keys = [
        by_scope,
        *({"name": f"b{n}", "uses": [name]} for n, name in enumerate(catalogue.services_for_scope(scope))),
    ]
    assert all(scope in key.all_scopes for key in parse_account({"name": "account", "keys": keys}).keys)


def test_scopes_and_roles_are_sorted_and_named_once() -> None:
    assert catalogue.scopes_for(["vision", "translate", "vision"]) == (
        "yc.ai.translate.execute",
        "yc.ai.vision.execute",
    )
    assert catalogue.roles_for(["data-streams-write", "data-streams-read"]) == (
        "ydb.editor",
        "ydb.kafkaApi.client",
        "ydb.viewer",
    )
    assert catalogue.scopes_for([]) == catalogue.roles_for([]) == ()


def test_an_unknown_service_is_an_error() -> None:
    with pytest.raises(KeyError):
        catalogue.scopes_for(["teleport"])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("translte", ("translate",)),
        ("Vision", ("vision",)),
        ("speechkit", ("speechkit-stt", "speechkit-tts")),
        ("monitoring", ("monitoring-read", "monitoring-manage")),
        ("zzzzzz", ()),
    ],
)
def test_a_slip_is_told_what_was_meant(written: str, meant: tuple[str, ...]) -> None:
    assert catalogue.nearest(written) == meant


def test_every_general_word_leads_to_services() -> None:
    for words in catalogue._GENERAL_WORDS.values():
        assert set(words) <= EVERY_NAME
    assert not EVERY_NAME & set(catalogue._GENERAL_WORDS)


def test_the_gateway_plays_the_same_services() -> None:
    assert set(gateway_services.SERVICES) == EVERY_NAME


@pytest.mark.parametrize("name", sorted(EVERY_NAME))
def test_a_key_declared_for_a_service_is_what_the_gateway_asks_for(name: str) -> None:
    service, played = SERVICES[name], gateway_services.SERVICES[name]
    assert set(service.scopes) & set(played.scopes)
    assert all(set(service.roles) & group for group in played.roles)
    way = {
        Authentication.API_KEY_HEADER: gateway_services.Authentication.HEADER,
        Authentication.SMTP: gateway_services.Authentication.SMTP,
        Authentication.POSTGRESQL: gateway_services.Authentication.POSTGRESQL,
        Authentication.KAFKA: gateway_services.Authentication.KAFKA,
        Authentication.HTTP_BASIC: gateway_services.Authentication.SCHEMA_REGISTRY,
    }
    assert played.authentication == way[service.authentication]
