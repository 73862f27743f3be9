"""The scopes of API keys that the cloud knows, and the ten that a key gets when none are asked for."""

from __future__ import annotations

from typing import Final

KNOWN_SCOPES: Final = (
    "yc.ai.foundationModels.execute",
    "yc.ai.imageGeneration.execute",
    "yc.ai.languageModels.execute",
    "yc.ai.speechkitStt.execute",
    "yc.ai.speechkitTts.execute",
    "yc.ai.translate.execute",
    "yc.ai.vision.execute",
    "yc.cloud-registry.artifacts.manage",
    "yc.cloud-registry.artifacts.pull",
    "yc.cloud-registry.artifacts.push",
    "yc.datasphere.community-projects.manageResource",
    "yc.logging.write",
    "yc.managed-ytsaurus.cluster.use",
    "yc.monitoring.manage",
    "yc.monitoring.read",
    "yc.monium.logs.write",
    "yc.monium.metrics.write",
    "yc.monium.telemetry.write",
    "yc.monium.traces.write",
    "yc.postbox.send",
    "yc.schema-registry.schemas.manage",
    "yc.search-api.execute",
    "yc.serverless.containers.invoke",
    "yc.serverless.functions.invoke",
    "yc.serverless.mcpGateways.invoke",
    "yc.serverless.workflows.execute",
    "yc.speech-sense.use",
    "yc.ydb.tables.manage",
    "yc.ydb.topics.manage",
)

DEFAULT_SCOPES: Final = (
    "yc.ai.imageGeneration.execute",
    "yc.ai.languageModels.execute",
    "yc.ai.speechkitStt.execute",
    "yc.ai.speechkitTts.execute",
    "yc.ai.translate.execute",
    "yc.ai.vision.execute",
    "yc.monitoring.manage",
    "yc.search-api.execute",
    "yc.serverless.containers.invoke",
    "yc.serverless.functions.invoke",
)
