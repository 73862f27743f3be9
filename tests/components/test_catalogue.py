"""The catalogue covers the page that the project was made from, and what it says holds together."""

from __future__ import annotations

import re

import pytest

from components import catalogue
from components.catalogue import SERVICES, Authentication
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


def test_a_probe_goes_to_a_host_of_its_service_and_by_the_header() -> None:
    probed = [service for service in SERVICES.values() if service.probe]
    assert probed
    for service in probed:
        assert service.probe
        assert service.authentication is Authentication.API_KEY_HEADER
        assert service.probe.url.removeprefix("https://").partition("/")[0] in service.hosts


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
        Authentication.API_KEY_HEADER: gateway_services.Way.HEADER,
        Authentication.SMTP: gateway_services.Way.SMTP,
        Authentication.POSTGRESQL: gateway_services.Way.POSTGRESQL,
        Authentication.KAFKA: gateway_services.Way.KAFKA,
        Authentication.HTTP_BASIC: gateway_services.Way.SCHEMA_REGISTRY,
    }
    assert played.way == way[service.authentication]
