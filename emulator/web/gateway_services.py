"""The services that take API keys, as the gateway plays them: which scope, which roles, and how the key travels.

Scopes: the Yandex Cloud page on API keys, and `ListScopes` of newer docs. Roles: each service's page on access
management; broader roles that include the one asked for are taken as well. Where the documentation is silent the line
says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

RoleGroups = tuple[frozenset[str], ...]


class Authentication(StrEnum):
    """How a key travels to a service; what isn't HTTP there is HTTP Basic here, with the same user and password."""

    HEADER = "Authorization: Api-Key <secret>"
    SMTP = "SMTP AUTH, here HTTP Basic: user = key id, password = secret"
    POSTGRESQL = "PostgreSQL password, here HTTP Basic: any user, password = secret"
    KAFKA = "Kafka SASL/PLAIN, here HTTP Basic: user = @<database>, password = secret"
    SCHEMA_REGISTRY = "HTTP Basic: user = api-key, password = secret"


@dataclass(frozen=True)
class GatewayService:
    """One service."""

    name: str
    scopes: tuple[str, ...]
    """A key with any of them is let in."""
    roles: RoleGroups
    """The account needs one role of each group."""
    authentication: Authentication = Authentication.HEADER


_ALL_AI: Final = "yc.ai.foundationModels.execute"
_AI_USERS: Final = ("languageModels", "imageGeneration", "speechkit-stt", "speechkit-tts", "translate", "vision")


def _one_of(*roles: str, view: bool = False) -> RoleGroups:
    """One group: these roles, or the ones that hold for everything."""
    return (frozenset({*roles, "editor", "admin", *(("viewer",) if view else ())}),)


def _within(service: str, *roles: str) -> RoleGroups:
    """One group: these roles of a service, or its `editor` or `admin`."""
    return _one_of(*(f"{service}.{role}" for role in (*roles, "editor", "admin")))


def _ai(name: str, scope: str, role: str) -> GatewayService:
    return GatewayService(name, (f"yc.ai.{scope}.execute", _ALL_AI), _within("ai", f"{role}.user"))


_MONITORING_READ: Final = GatewayService(
    "monitoring-read",
    ("yc.monitoring.read", "yc.monitoring.manage"),
    _one_of("monitoring.viewer", "monitoring.editor", "monitoring.admin", view=True),
)
_MONITORING_MANAGE: Final = GatewayService(
    "monitoring-manage", ("yc.monitoring.manage",), _one_of("monitoring.editor", "monitoring.admin")
)
# Kafka needs the right to come in by that protocol, and a right on the topics.
_KAFKA: Final = frozenset({"ydb.kafkaApi.client", "ydb.admin", "admin"})
_TOPICS: Final = ("yc.ydb.topics.manage",)
_STREAMS_READ: Final = GatewayService(
    "data-streams-read",
    _TOPICS,
    (_KAFKA, *_one_of("ydb.viewer", "ydb.editor", "ydb.admin", "yds.viewer", "yds.editor", "yds.admin", view=True)),
    Authentication.KAFKA,
)
_STREAMS_WRITE: Final = GatewayService(
    "data-streams-write",
    _TOPICS,
    (_KAFKA, *_one_of("ydb.editor", "ydb.admin", "yds.writer", "yds.editor", "yds.admin")),
    Authentication.KAFKA,
)
_SCHEMAS: Final = ("yc.schema-registry.schemas.manage",)
_SCHEMAS_READ: Final = GatewayService(
    "schema-registry-read",
    _SCHEMAS,
    _one_of("schema-registry.viewer", "schema-registry.editor", "schema-registry.admin", view=True),
    Authentication.SCHEMA_REGISTRY,
)
_SCHEMAS_WRITE: Final = GatewayService(
    "schema-registry-write",
    _SCHEMAS,
    _one_of("schema-registry.editor", "schema-registry.admin"),
    Authentication.SCHEMA_REGISTRY,
)
_REGISTRY: Final = "yc.cloud-registry.artifacts"

_ALL: Final = (
    GatewayService(
        "foundation-models", (_ALL_AI,), _within("ai", "assistants.editor", *(f"{u}.user" for u in _AI_USERS))
    ),
    _ai("text-generation", "languageModels", "languageModels"),
    _ai("image-generation", "imageGeneration", "imageGeneration"),
    _ai("speechkit-stt", "speechkitStt", "speechkit-stt"),
    _ai("speechkit-tts", "speechkitTts", "speechkit-tts"),
    _ai("translate", "translate", "translate"),
    _ai("vision", "vision", "vision"),
    _MONITORING_READ,
    _MONITORING_MANAGE,
    GatewayService("postbox", ("yc.postbox.send",), _within("postbox", "sender"), Authentication.SMTP),
    GatewayService("search-api", ("yc.search-api.execute",), _within("search-api", "webSearch.user", "executor")),
    GatewayService(
        "containers",
        ("yc.serverless.containers.invoke",),
        _within("serverless-containers", "containerInvoker"),
    ),
    GatewayService("functions", ("yc.serverless.functions.invoke",), _within("functions", "functionInvoker")),
    # The documentation names no role for the PostgreSQL mode: changing tables is what ydb.editor is for.
    GatewayService("ydb", ("yc.ydb.tables.manage",), _within("ydb"), Authentication.POSTGRESQL),
    _STREAMS_READ,
    _STREAMS_WRITE,
    GatewayService("speechsense", ("yc.speech-sense.use",), _within("speech-sense", "data.viewer", "data.editor")),
    # Silent as well: a developer of a community's project is who runs things in it.
    GatewayService(
        "datasphere",
        ("yc.datasphere.community-projects.manageResource",),
        _within("datasphere.community-projects", "developer"),
    ),
    _SCHEMAS_READ,
    _SCHEMAS_WRITE,
    GatewayService("logging", ("yc.logging.write",), _within("logging", "writer")),
    GatewayService("workflows", ("yc.serverless.workflows.execute",), _within("serverless.workflows", "executor")),
    GatewayService(
        "cloud-registry-pull",
        (f"{_REGISTRY}.pull", f"{_REGISTRY}.manage"),
        _within("cloud-registry", "artifacts.puller", "artifacts.pusher"),
    ),
    GatewayService(
        "cloud-registry-push",
        (f"{_REGISTRY}.push", f"{_REGISTRY}.manage"),
        _within("cloud-registry", "artifacts.pusher"),
    ),
    GatewayService("cloud-registry-manage", (f"{_REGISTRY}.manage",), _within("cloud-registry")),
    GatewayService("ytsaurus", ("yc.managed-ytsaurus.cluster.use",), _within("managed-ytsaurus", "user")),
    *(
        GatewayService(
            f"monium-{kind}",
            tuple(sorted({f"yc.monium.{kind}.write", "yc.monium.telemetry.write"})),
            _within("monium", f"{kind}.writer", "telemetry.writer"),
        )
        for kind in ("logs", "metrics", "traces", "telemetry")
    ),
    GatewayService("mcp-gateways", ("yc.serverless.mcpGateways.invoke",), _within("serverless.mcpGateways", "invoker")),
)

SERVICES: Final = {service.name: service for service in _ALL}
"""Every service by its name in the path."""

_BY_METHOD: Final = {
    "monitoring": (_MONITORING_READ, _MONITORING_MANAGE),
    "data-streams": (_STREAMS_READ, _STREAMS_WRITE),
    "schema-registry": (_SCHEMAS_READ, _SCHEMAS_WRITE),
}
"""Services where reading asks for less: the first on GET and HEAD, the second otherwise."""


_BY_HOST: Final = {
    "functions.yandexcloud.net": "functions",
    "llm.api.cloud.yandex.net": "text-generation",
    "monitoring.api.cloud.yandex.net": "monitoring",
    "ocr.api.cloud.yandex.net": "vision",
    "rest-api.speechsense.yandexcloud.net": "speechsense",
    "searchapi.api.cloud.yandex.net": "search-api",
    "stt.api.cloud.yandex.net": "speechkit-stt",
    "translate.api.cloud.yandex.net": "translate",
    "tts.api.cloud.yandex.net": "speechkit-tts",
}
"""Services by the host that they have in Yandex Cloud: `/services/<host>/<path>` is `https://<host>/<path>`."""


def service_called(name: str, method: str) -> GatewayService | None:
    """The service that a request of that HTTP method to that name, or to that host, means; None when there is none."""
    name = _BY_HOST.get(name, name)
    if name in _BY_METHOD:
        read, write = _BY_METHOD[name]
        return read if method in ("GET", "HEAD") else write
    return SERVICES.get(name)


def names() -> list[str]:
    """Every name that can be called."""
    return sorted([*SERVICES, *_BY_METHOD])
