"""The services that take API keys: what each asks of a key and of its account. A starting point, never a closed list.

Scopes and services: the Yandex Cloud page "API key" (`iam/concepts/authorization/api-key`); roles: each service's page
"Access management" (`<service>/security`). What no such page says outright carries a question mark and is advisory: the
cloud's own `ListScopes` and its role reference decide.

Probes: a service has one where its documentation shows a call that changes nothing, is not charged for, needs no body,
and is open to a key with no more than the service's own scope and roles. The others have none, and why is known: a key
of Functions, Containers, MCP gateways, YTsaurus or Workflows opens what has an address or an id of the user's own;
SpeechKit, Vision OCR and image generation answer nothing that isn't paid for or doesn't begin with work of the user's
(what they say of an operation that there isn't is not documented); Cloud Logging and Monium are written to, and by
gRPC; the API of Cloud Registry takes IAM tokens alone; whether DataSphere's scope opens a listing isn't said; and keys
of Postbox, YDB, Data Streams and the Schema Registry don't travel in the header.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, Literal


class Authentication(enum.Enum):
    """How a key's secret travels to the service."""

    API_KEY_HEADER = "api-key-header"
    """HTTP or gRPC header `Authorization: Api-Key <secret>`."""
    SMTP = "smtp"
    """SMTP login: the user is the key's id, the password its secret; so consumers need both entries."""
    POSTGRESQL = "postgresql"
    """PostgreSQL password."""
    KAFKA = "kafka"
    """Kafka SASL_SSL/PLAIN on port 9093: the user is `@<database>`, the password the secret."""
    HTTP_BASIC = "http-basic"
    """HTTP basic: the user is `api-key`, the password the secret."""


@dataclass(frozen=True)
class Probe:
    """A harmless call, free of charge, that succeeds only with a working key; how `verify: true` is carried out.

    `{folderId}` in `url` stands for the account's folder. `docs` is where the call is described, a path below
    https://yandex.cloud/en/docs/.
    """

    url: str
    method: Literal["GET", "HEAD", "POST"]
    expect_status: int
    docs: str


@dataclass(frozen=True)
class Service:
    """One way to use a key, as the user names it under `uses`.

    `roles` are the least that the account needs, granted on the folder. `docs` is a path below
    https://yandex.cloud/en/docs/.
    """

    name: str
    title: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    authentication: Authentication
    hosts: tuple[str, ...]
    docs: str
    probe: Probe | None = None


_HEADER: Final = Authentication.API_KEY_HEADER


_MODELS: Final = Probe(
    # Lists the models that the account may use. The official SDK calls it with `Api-Key` as well
    # (`yandex-ai-studio-sdk`, `_chat/base_function.py`).
    "https://llm.api.cloud.yandex.net/v1/models",
    "GET",
    200,
    "ai-studio/models/listModels",
)
_METRICS: Final = Probe(
    # Lists the folder's metrics, one of them; what is charged for are metric values (`monitoring/pricing`), and there
    # are none in it.
    "https://monitoring.api.cloud.yandex.net/monitoring/v2/metrics?folderId={folderId}&pageSize=1",
    "GET",
    200,
    "monitoring/api-ref/MetricsMeta/listMetrics",
)


def _api(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}.api.cloud.yandex.net" for name in names)


_AI: Final = (
    Service(
        "foundation-models",
        "AI Studio: all AI services",
        ("yc.ai.foundationModels.execute",),
        # Assistants need `ai.assistants.editor` on top (?): it may create and delete, so it is left for `roles`.
        (
            "ai.imageGeneration.user",
            "ai.languageModels.user",
            "ai.speechkit-stt.user",
            "ai.speechkit-tts.user",
            "ai.translate.user",
            "ai.vision.user",
        ),
        _HEADER,
        _api("llm", "stt", "tts", "translate", "ocr", "assistant"),
        "ai-studio/security",
        _MODELS,
    ),
    Service(
        "text-generation",
        "AI Studio: text generation",
        ("yc.ai.languageModels.execute",),
        ("ai.languageModels.user",),
        _HEADER,
        _api("llm"),
        "ai-studio/security",
        _MODELS,
    ),
    Service(
        "image-generation",
        "AI Studio: image generation",
        ("yc.ai.imageGeneration.execute",),
        ("ai.imageGeneration.user",),
        _HEADER,
        _api("llm"),
        "ai-studio/security",
    ),
    Service(
        "speechkit-stt",
        "SpeechKit: recognition",
        ("yc.ai.speechkitStt.execute",),
        ("ai.speechkit-stt.user",),
        _HEADER,
        _api("stt", "transcribe"),
        "speechkit/security",
    ),
    Service(
        "speechkit-tts",
        "SpeechKit: synthesis",
        ("yc.ai.speechkitTts.execute",),
        ("ai.speechkit-tts.user",),
        _HEADER,
        _api("tts"),
        "speechkit/security",
    ),
    Service(
        "translate",
        "Translate",
        ("yc.ai.translate.execute",),
        ("ai.translate.user",),
        _HEADER,
        _api("translate"),
        "translate/api-ref/authentication",
        # Lists the languages; `folderId` is asked of user accounts only. Whether a POST without a body is taken: ?
        Probe(
            "https://translate.api.cloud.yandex.net/translate/v2/languages", "POST", 200, "translate/operations/list"
        ),
    ),
    Service(
        "vision",
        "Vision OCR",
        ("yc.ai.vision.execute",),
        ("ai.vision.user",),
        _HEADER,
        _api("ocr"),
        "vision/api-ref/authentication",
    ),
    Service(
        "speechsense",
        "SpeechSense",
        ("yc.speech-sense.use",),
        # Uploading needs `speech-sense.data.editor`. The role counts on the SpeechSense space or project, which live in
        # the organization; whether one granted on the folder reaches them: ?
        ("speech-sense.data.viewer",),
        _HEADER,
        ("api.speechsense.yandexcloud.net", "rest-api.speechsense.yandexcloud.net"),
        "speechsense/api-ref/authentication",
        Probe(  # lists the models of assistants, which are the same for everybody
            "https://rest-api.speechsense.yandexcloud.net/speechsense/v1/assistants/listModels",
            "POST",
            200,
            "speechsense/api-ref/Assistants/listModels",
        ),
    ),
    Service(
        "search-api",
        "Search API",
        ("yc.search-api.execute",),
        # Version 1 of the API asks for `search-api.executor` and its GET puts the key into the URL: not offered.
        ("search-api.webSearch.user",),
        _HEADER,
        _api("searchapi"),
        "search-api/operations/auth",
        Probe(  # lists the regions that can be searched; what is charged for are search requests (`search-api/pricing`)
            "https://searchapi.api.cloud.yandex.net/v2/wordstat/getRegionsTree",
            "POST",
            200,
            "search-api/operations/wordstat-getregiontree",
        ),
    ),
    Service(
        "datasphere",
        "DataSphere",
        ("yc.datasphere.community-projects.manageResource",),
        # Counts on the project or community, which live in the organization; whether one granted on the folder reaches
        # them: ?
        ("datasphere.community-projects.developer",),
        _HEADER,
        _api("datasphere"),
        "datasphere/api-ref/authentication",
    ),
    Service(
        "mcp-gateways",
        "AI Studio: MCP gateways",
        ("yc.serverless.mcpGateways.invoke",),
        # Gateways to servers outside ask for `serverless.mcpGateways.anonymousInvoker` on top (?).
        ("serverless.mcpGateways.invoker",),
        _HEADER,
        (),  # each gateway has its own name
        "ai-studio/concepts/mcp-hub",
    ),
)

_SERVERLESS_AND_OPERATIONS: Final = (
    Service(
        "functions",
        "Cloud Functions",
        ("yc.serverless.functions.invoke",),
        ("functions.functionInvoker",),
        _HEADER,
        ("functions.yandexcloud.net",),
        "functions/operations/function/auth",
    ),
    Service(
        "containers",
        "Serverless Containers",
        ("yc.serverless.containers.invoke",),
        ("serverless-containers.containerInvoker",),
        _HEADER,
        ("<container id>.containers.yandexcloud.net",),
        "serverless-containers/operations/auth",
    ),
    Service(
        "workflows",
        "Workflows",
        ("yc.serverless.workflows.execute",),
        ("serverless.workflows.executor",),  # reading an execution's state may need `serverless.workflows.viewer` (?)
        _HEADER,
        _api("serverless-workflows"),  # ?
        "serverless-integrations/security",
    ),
    Service(
        "monitoring-read",
        "Monitoring: read",
        ("yc.monitoring.read",),
        ("monitoring.viewer",),
        _HEADER,
        _api("monitoring"),
        "monitoring/api-ref/authentication",
        _METRICS,
    ),
    Service(
        "monitoring-manage",
        "Monitoring: read and write",
        ("yc.monitoring.manage",),
        ("monitoring.editor",),
        _HEADER,
        _api("monitoring"),
        "monitoring/api-ref/authentication",
        _METRICS,
    ),
    Service(
        "logging",
        "Cloud Logging: write",
        ("yc.logging.write",),
        ("logging.writer",),
        _HEADER,
        _api("ingester.logging"),  # ?
        "logging/api-ref/authentication",
    ),
    *(
        Service(
            f"monium-{kind}",
            f"Monium: write {kind}",
            (f"yc.monium.{kind}.write",),
            (f"monium.{kind}.writer",),
            _HEADER,
            _api("ingest.monium"),  # ?
            "monium/security",
        )
        for kind in ("logs", "metrics", "traces", "telemetry")
    ),
    Service(
        "postbox",
        "Postbox",
        ("yc.postbox.send",),
        ("postbox.sender",),
        Authentication.SMTP,
        ("postbox.cloud.yandex.net",),
        "postbox/operations/send-email",
    ),
)

_DATA: Final = (
    Service(
        "ydb",
        "YDB in PostgreSQL-compatible mode",
        ("yc.ydb.tables.manage",),
        ("ydb.editor",),  # ?
        Authentication.POSTGRESQL,  # ?
        (),  # each database has its own name
        "ydb/operations/connection",
    ),
    Service(
        "data-streams-read",
        "Data Streams by the Kafka API: read",
        ("yc.ydb.topics.manage",),
        ("ydb.kafkaApi.client", "ydb.viewer"),
        Authentication.KAFKA,
        (),  # each database has its own name
        "data-streams/kafkaapi/auth",
    ),
    Service(
        "data-streams-write",
        "Data Streams by the Kafka API: read and write",
        ("yc.ydb.topics.manage",),
        ("ydb.editor", "ydb.kafkaApi.client"),
        Authentication.KAFKA,
        (),  # each database has its own name
        "data-streams/kafkaapi/auth",
    ),
    Service(
        "schema-registry-read",
        "Schema Registry of MetaData Hub: read",
        ("yc.schema-registry.schemas.manage",),
        ("schema-registry.viewer",),
        Authentication.HTTP_BASIC,
        (),  # each namespace has its own name
        "metadata-hub/operations/connect-to-namespace",
    ),
    Service(
        "schema-registry-write",
        "Schema Registry of MetaData Hub: read and write",
        ("yc.schema-registry.schemas.manage",),
        ("schema-registry.editor",),
        Authentication.HTTP_BASIC,
        (),  # each namespace has its own name
        "metadata-hub/operations/connect-to-namespace",
    ),
    *(
        Service(
            f"cloud-registry-{verb}",
            f"Cloud Registry: {verb} artifacts",
            (f"yc.cloud-registry.artifacts.{verb}",),
            (role,),
            _HEADER,  # ? (package managers may ask for it as a password)
            ("registry.yandexcloud.net",),  # ?
            "cloud-registry/security",
        )
        for verb, role in (
            ("pull", "cloud-registry.artifacts.puller"),
            ("push", "cloud-registry.artifacts.pusher"),
            ("manage", "cloud-registry.editor"),  # ?
        )
    ),
    Service(
        "ytsaurus",
        "Managed Service for YTsaurus",
        ("yc.managed-ytsaurus.cluster.use",),
        ("managed-ytsaurus.user",),
        _HEADER,
        (),  # each cluster has its own name
        "managed-ytsaurus/api-ref/authentication",
    ),
)

ALL: Final[tuple[Service, ...]] = (*_AI, *_SERVERLESS_AND_OPERATIONS, *_DATA)
