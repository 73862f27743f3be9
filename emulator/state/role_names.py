"""The roles of the services whose roles are all listed: from the role reference of Yandex Cloud's documentation."""

from __future__ import annotations

from typing import Final

_BY_SERVICE: Final[dict[str, str]] = {
    "ai": (
        "admin auditor editor viewer assistants.admin assistants.auditor assistants.editor assistants.viewer "
        "datasets.admin datasets.auditor datasets.editor datasets.user datasets.viewer guardrails.admin "
        "guardrails.auditor guardrails.editor guardrails.user guardrails.viewer imageGeneration.user "
        "languageModels.user models.admin models.auditor models.editor models.user models.viewer playground.user "
        "speechkit-stt.user speechkit-tts.user translate.user vision.user"
    ),
    "cloud-registry": "admin auditor editor viewer artifacts.puller artifacts.pusher artifacts.scanner",
    "datasphere": (
        "admin user communities.admin communities.developer communities.editor communities.viewer "
        "community-projects.admin community-projects.developer community-projects.editor community-projects.viewer"
    ),
    "functions": "admin auditor editor viewer functionInvoker mdbProxiesUser",
    "iam": (
        "admin auditor editor viewer serviceAccounts.accessKeyAdmin serviceAccounts.admin serviceAccounts.apiKeyAdmin "
        "serviceAccounts.authorizedKeyAdmin serviceAccounts.ephemeralAccessKeyAdmin "
        "serviceAccounts.federatedCredentialEditor serviceAccounts.federatedCredentialViewer serviceAccounts.keyAdmin "
        "serviceAccounts.tokenCreator serviceAccounts.user userAccounts.refreshTokenRevoker "
        "userAccounts.refreshTokenViewer workloadIdentityFederations.admin workloadIdentityFederations.auditor "
        "workloadIdentityFederations.editor workloadIdentityFederations.user workloadIdentityFederations.viewer"
    ),
    "kms": (
        "admin auditor editor viewer asymmetricEncryptionKeys.decrypter asymmetricEncryptionKeys.publicKeyViewer "
        "asymmetricSignatureKeys.publicKeyViewer asymmetricSignatureKeys.signer keys.decrypter keys.encrypter "
        "keys.encrypterDecrypter keys.user"
    ),
    "lockbox": "admin auditor editor viewer payloadViewer",
    "logging": "admin editor viewer reader writer",
    "managed-ytsaurus": "admin auditor editor user viewer",
    "monitoring": "admin editor viewer",
    "monium": (
        "admin auditor editor viewer alerts.editor alerts.viewer channels.editor channels.viewer contextLinks.editor "
        "contextLinks.viewer dashboards.editor dashboards.viewer escalationPolicies.editor escalationPolicies.viewer "
        "escalations.editor escalations.viewer logErrorLabels.editor logErrorLabels.viewer logs.reader logs.writer "
        "metrics.reader metrics.writer mutes.editor mutes.viewer quickLinks.editor quickLinks.viewer "
        "serviceLevelObjectives.editor serviceLevelObjectives.viewer shards.editor shards.viewer telemetry.reader "
        "telemetry.writer traces.reader traces.writer"
    ),
    "postbox": "admin auditor editor viewer messages.reader sender statistics.reader",
    "quota-manager": "requestOperator viewer",
    "resource-manager": "admin auditor editor viewer clouds.member clouds.owner",
    "schema-registry": "admin auditor editor viewer",
    "search-api": "admin auditor editor viewer executor webSearch.user",
    "serverless": (
        "containers.admin containers.editor containers.invoker containers.viewer eventrouter.admin eventrouter.auditor "
        "eventrouter.editor eventrouter.supplier eventrouter.viewer functions.admin functions.invoker mcpGateways.admin "
        "mcpGateways.anonymousInvoker mcpGateways.auditor mcpGateways.editor mcpGateways.invoker mcpGateways.viewer "
        "mdbProxies.user workflows.admin workflows.auditor workflows.editor workflows.executor workflows.viewer"
    ),
    "serverless-containers": "admin auditor editor viewer containerInvoker",
    "speech-sense": "admin auditor editor viewer data.editor data.viewer spaces.creator",
    "ydb": "admin auditor editor viewer kafkaApi.client",
    "yds": "admin auditor editor viewer writer",
}

KNOWN_SERVICES: Final = frozenset(_BY_SERVICE)
"""Services of which a role that isn't listed doesn't exist."""

ROLE_NAMES: Final = frozenset(f"{service}.{name}" for service, names in _BY_SERVICE.items() for name in names.split())
