"""How many keys, accounts and Lockbox secrets the cloud allows, and how many it has: as it says, or as its documentation does where it doesn't."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cli.borrowed import CloudError
from cli.quota_shares import Share

if TYPE_CHECKING:
    from cli.cloud_login import Lookup

API_KEYS: Final = "iam.apiKeys.count"
SERVICE_ACCOUNTS: Final = "iam.serviceAccounts.count"
SECRETS: Final = "lockbox.secrets.count"
DOCUMENTED: Final[Mapping[str, int]] = {API_KEYS: 1000, SERVICE_ACCOUNTS: 100, SECRETS: 10_000}
"""What a cloud has from the start (IAM and Lockbox docs, "Quotas and limits")."""
_CLOUD: Final = "resource-manager.cloud"


@dataclass(frozen=True)
class Quota:
    """One quota of a cloud. `used` None: not known; `unread`: why the cloud didn't say, empty where it did or wasn't asked."""

    name: str
    limit: int
    used: int | None = None
    unread: str = ""

    @property
    def words(self) -> str:
        """The limit, and how it is known."""
        if self.unread:
            return f"{self.limit:,}, the documented one, for the cloud's own can't be read ({self.unread})"
        if self.used is None:
            return f"{self.limit:,}, the documented one"
        return f"{self.limit:,}, as the cloud says"

    def as_json(self, cloud_id: str, shares: Sequence[Share]) -> dict[str, object]:
        """The documented shape, version 1, with what the stacks of that cloud take of it."""
        return {
            "cloudId": cloud_id or None,
            "quota": self.name,
            "limit": self.limit,
            "used": self.used,
            "unread": self.unread or None,
            "stacks": [share.as_json() for share in shares],
        }


def documented(name: str, unread: str = "") -> Quota:
    """The quota as the documentation has it."""
    return Quota(name, DOCUMENTED[name], unread=unread)


@dataclass(frozen=True)
class CloudQuotas:
    """The quotas of one cloud, and the folders of it that were looked into, or that its stacks say to be in it."""

    cloud_id: str
    folders: frozenset[str] = frozenset()
    quotas: Mapping[str, Quota] = field(default_factory=dict)

    def of(self, name: str) -> Quota:
        """One of them."""
        return self.quotas.get(name) or documented(name)

    def as_json(self, shares: Mapping[str, Sequence[Share]]) -> list[dict[str, object]]:
        """The documented shape, version 1; `shares`: what the stacks take of each."""
        return [self.of(name).as_json(self.cloud_id, shares.get(name, ())) for name in DOCUMENTED]


NO_CLOUD: Final = CloudQuotas("")
"""Where no cloud was asked: what is documented counts."""


def look_at_quotas(lookup: Lookup, folders: Iterable[str]) -> list[CloudQuotas]:
    """The quotas of the clouds that hold `folders`: a call a folder, and one a quota of each cloud. A quota that can't be read is told as such."""
    by_cloud: dict[str, set[str]] = {}
    wanted: Sequence[str] = list(folders)
    for folder, cloud_id in zip(wanted, lookup.each(lambda it: _cloud_of(lookup, it), wanted), strict=True):
        by_cloud.setdefault(cloud_id, set()).add(folder)
    return [
        CloudQuotas(cloud_id, frozenset(of_cloud), {name: read(lookup, cloud_id, name) for name in DOCUMENTED})
        for cloud_id, of_cloud in by_cloud.items()
    ]


def read(lookup: Lookup, cloud_id: str, name: str) -> Quota:
    """One quota of a cloud."""
    if not cloud_id:
        return documented(name, "which cloud it is isn't known")
    request = {"resource": {"id": cloud_id, "type": _CLOUD}, "quota_id": name}
    try:
        answer = lookup.found("QuotaLimitService/Get", request, f"cloud {cloud_id}")
    except CloudError as error:
        role = ", which quota-manager.viewer on the cloud may" if error.code == "PERMISSION_DENIED" else ""
        return documented(name, f"{error.code}{role}")
    if answer is None or "limit" not in answer:
        return documented(name, "it doesn't tell this one")
    used = answer.get("usage")
    return Quota(name, int(answer["limit"]), int(used) if used is not None else 0)


def _cloud_of(lookup: Lookup, folder: str) -> str:
    found = lookup.found("FolderService/Get", {"folder_id": folder}, f"folder {folder}")
    return str((found or {}).get("cloud_id", ""))
