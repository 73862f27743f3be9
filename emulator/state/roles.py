"""What each role allows on the resources that the emulator has.

Roles and what they include: the role reference of Yandex Cloud's documentation. A permission is named
`service.resource.verb`; a role lists permissions, `service.resource.*` and `*` standing for all that begin so.
Roles of the services that take API keys allow nothing here; the gateway asks for them by name.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from emulator.state.role_names import KNOWN_SERVICES, ROLE_NAMES

_LOOK: Final = ("get", "list", "listOperations", "listVersions", "listAccessBindings")
_FOLDER: Final = ("resource-manager.folders.get", "resource-manager.clouds.get")
_RESOURCES: Final = (
    *("iam.serviceAccounts", "iam.apiKeys", "iam.keys", "resource-manager.clouds", "resource-manager.folders"),
    *("lockbox.secrets", "kms.keys"),
)


def _each(resources: tuple[str, ...], verbs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{resource}.{verb}" for resource in resources for verb in verbs)


_SECRET_EDITS: Final = (
    *("create", "update", "delete", "activate", "deactivate", "addVersion", "setCurrentVersion"),
    *("scheduleVersionDestruction", "cancelVersionDestruction"),
)
_KMS_EDITS: Final = ("create", "update", "rotate", "encrypt", "decrypt")
_KEY_EDITS: Final = ("create", "update", "delete")
_QUOTAS: Final = ("quota-manager.quotaLimits.get",)
_VIEW: Final = (*_each(_RESOURCES, _LOOK), "operations.get", *_QUOTAS)
_EDIT: Final = (
    *_VIEW,
    *_each(("iam.serviceAccounts", "iam.apiKeys", "iam.keys"), _KEY_EDITS),
    *_each(("resource-manager.clouds", "resource-manager.folders"), _KEY_EDITS),
    *_each(("lockbox.secrets",), _SECRET_EDITS),
    *_each(("kms.keys",), _KMS_EDITS),
)
_IAM_VIEW: Final = (*_each(("iam.serviceAccounts", "iam.apiKeys", "iam.keys"), _LOOK), *_FOLDER)
_MANAGER_VIEW: Final = _each(("resource-manager.clouds", "resource-manager.folders"), _LOOK)
_MANAGER_EDIT: Final = (*_MANAGER_VIEW, *_each(("resource-manager.clouds", "resource-manager.folders"), _KEY_EDITS))
_LOCKBOX_VIEW: Final = (*_each(("lockbox.secrets",), _LOOK), *_FOLDER)
_LOCKBOX_EDIT: Final = (*_LOCKBOX_VIEW, *_each(("lockbox.secrets",), _SECRET_EDITS))
_KMS_VIEW: Final = (*_each(("kms.keys",), _LOOK), *_FOLDER)
_KMS_EDIT: Final = (*_KMS_VIEW, *_each(("kms.keys",), _KMS_EDITS))

ROLES: Final[dict[str, tuple[str, ...]]] = {
    "admin": ("*",),
    "editor": _EDIT,
    "viewer": _VIEW,
    "auditor": _VIEW,
    "iam.admin": ("iam.*", *_FOLDER),
    "iam.editor": (*_IAM_VIEW, *_each(("iam.serviceAccounts", "iam.apiKeys", "iam.keys"), _KEY_EDITS)),
    "iam.viewer": _IAM_VIEW,
    "iam.auditor": _IAM_VIEW,
    "iam.serviceAccounts.admin": ("iam.serviceAccounts.*", "iam.apiKeys.*", "iam.keys.*", *_FOLDER),
    "iam.serviceAccounts.apiKeyAdmin": ("iam.apiKeys.*",),
    "iam.serviceAccounts.authorizedKeyAdmin": ("iam.keys.*",),
    "iam.serviceAccounts.keyAdmin": ("iam.apiKeys.*", "iam.keys.*"),
    "iam.serviceAccounts.tokenCreator": ("iam.serviceAccounts.createToken",),
    "iam.serviceAccounts.user": ("iam.serviceAccounts.get", "iam.serviceAccounts.list", *_FOLDER),
    "organization-manager.viewer": ("organization-manager.users.get", "organization-manager.groups.get"),
    "resource-manager.admin": ("resource-manager.*",),
    "resource-manager.editor": _MANAGER_EDIT,
    "resource-manager.viewer": _MANAGER_VIEW,
    "resource-manager.auditor": _MANAGER_VIEW,
    "resource-manager.clouds.owner": ("*",),
    "resource-manager.clouds.member": ("resource-manager.clouds.get",),
    "lockbox.admin": ("lockbox.*", *_FOLDER),
    "lockbox.editor": _LOCKBOX_EDIT,
    "lockbox.viewer": _LOCKBOX_VIEW,
    "lockbox.auditor": _LOCKBOX_VIEW,
    "lockbox.payloadViewer": ("lockbox.payloads.get", *_FOLDER),
    "kms.admin": ("kms.*", *_FOLDER),
    "kms.editor": _KMS_EDIT,
    "kms.viewer": _KMS_VIEW,
    "kms.auditor": _KMS_VIEW,
    "quota-manager.viewer": (*_QUOTAS, "resource-manager.clouds.get"),
    "quota-manager.requestOperator": (*_QUOTAS, "resource-manager.clouds.get"),
    "kms.keys.encrypter": ("kms.keys.encrypt",),
    "kms.keys.decrypter": ("kms.keys.decrypt",),
    "kms.keys.encrypterDecrypter": ("kms.keys.encrypt", "kms.keys.decrypt"),
}


def is_known(role: str) -> bool:
    """Whether there is such a role. Of services whose roles aren't all listed here, every name is taken."""
    return role in ROLES or role in ROLE_NAMES or ("." in role and role.split(".", maxsplit=1)[0] not in KNOWN_SERVICES)


def every_role() -> list[str]:
    """The ids of all roles that are listed."""
    return sorted({*ROLES, *ROLE_NAMES})


@cache
def allows(role: str, permission: str) -> bool:
    """Whether the role includes the permission."""
    granted = ROLES.get(role, ())
    if permission in granted or "*" in granted:
        return True
    return any(item.endswith(".*") and permission.startswith(item[:-1]) for item in granted)
