"""A world with something of everything that the command line tells apart: two stacks, another state, keys made by hand; by the real engine, on a
local cloud."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.credentials import find_credentials
from provider.yandex_keys.login import Login
from tests.support.first_start import as_first_started
from tests.support.forked_python import forked_python
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

BEGINS = "2030-03-01T09:00:00Z"
DEFAULTS = {"lifetime": "90d", "rotateEvery": "30d", "overlap": "7d"}
PROD: list[dict[str, Any]] = [
    {
        "name": "translator",
        "description": "Translates support tickets",
        "owner": "support-team",
        "readers": ["self"],
        "keys": [
            {"name": "default", "uses": ["translate", "vision"]},
            {
                "name": "nightly",
                "owner": "data-team",
                "scopes": ["yc.ai.languageModels.execute"],
                "lifetime": "30d",
                "rotateEvery": "14d",
                "overlap": "3d",
                "deliver": "output",
            },
        ],
    },
    {
        "name": "webshop",
        "owner": "shop",
        "readers": ["self"],
        "roles": ["editor"],
        "keys": [
            {"name": "orders", "uses": ["functions"], "secret": "webshop-keys", "whenStillUsed": "retire"},
            {
                "name": "mailer",
                "uses": ["postbox"],
                "secret": "webshop-keys",
                "secretEntry": "smtp_password",
                "keyIdEntry": "smtp_user",
                "overlap": "1d",
            },
        ],
    },
]
# Nobody wants these replaced before a weekend, nor in the days on which the shop sells most.
WINDOWS = [{"days": ["mon", "tue", "wed", "thu"], "from": "00:00", "to": "24:00", "timezone": "UTC"}]
FREEZES = [{"from": "2030-04-24", "until": "2030-05-06", "why": "The spring sale"}]
_CALENDARS: dict[str, dict[str, Any]] = {
    "translator/default": {"freezes": FREEZES},
    "webshop/orders": {"windows": WINDOWS, "freezes": FREEZES},
}
PROD_WITH_CALENDARS: list[dict[str, Any]] = [
    {**it, "keys": [{**key, **_CALENDARS.get(f"{it['name']}/{key['name']}", {})} for key in it["keys"]]} for it in PROD
]
STAGING: list[dict[str, Any]] = [
    {"name": "translator-staging", "readers": ["self"], "keys": [{"name": "default", "uses": ["translate"]}]},
]
OTHER: list[dict[str, Any]] = [
    {"name": "somebody-else", "readers": ["self"], "keys": [{"name": "default", "uses": ["search-api"]}]},
]


class World:
    """The world, and the ways to move it on."""

    def __init__(self, folder: Path) -> None:
        self.cloud = LocalCloud(as_first_started(folder / "cloud"))
        self.cloud.admin("POST", "clock", {"now": BEGINS})
        self.stack = Stack(folder / "ours", self.cloud, "prod", python=forked_python())
        self.other = Stack(folder / "theirs", self.cloud, "other", python=forked_python())
        environment = self.cloud.environment()
        credentials = find_credentials({}, environment)
        login = Login(self.cloud.ready["endpoint"], Path(self.cloud.ready["ca"]).read_bytes(), credentials, "a test")
        self.client = Cloud(login)

    def tell(self, prod: list[dict[str, Any]]) -> None:
        """Thirty-six days: both stacks issue, prod rotates and staging is forgotten; keys are used, made by hand, adopted and left behind."""
        self.stack.write(prod, DEFAULTS)
        self.stack.up()
        self.stack.run("stack", "init", "staging")
        self.stack.name = "staging"
        self.stack.write(STAGING, DEFAULTS)
        self.stack.up()
        self.other.write(OTHER, DEFAULTS)
        self.other.up()
        self.stack.name = "prod"
        self.stack.run("stack", "select", "prod")
        self.cloud.advance("31d")
        self._make_by_hand()
        self.stack.up()
        self._leave_behind()
        self.cloud.advance("5d")
        for account, service in (("translator", "translate"), ("webshop", "functions")):
            for key in self.cloud.live_keys(account):
                self.cloud.use(service, key["secret"])

    def _make_by_hand(self) -> None:
        accounts = {it["name"]: it["id"] for it in self.cloud.state()["serviceAccounts"]}
        # No scopes and no end: what a click in the console gives.
        self.create_key(accounts["translator"], description="made in the console")
        self.create_key(
            accounts["webshop"],
            scopes=["yc.postbox.send"],
            expires_at="2030-04-03T00:00:00Z",
            description="for the migration",
        )
        made = self.client.operate(
            "ServiceAccountService/Create", {"folder_id": self.cloud.ready["folderId"], "name": "legacy-ci"}
        )
        account = made["response"]["id"]
        self.create_key(account, scopes=["yc.monitoring.manage"], description="ask Ivan")
        delta = {
            "action": "ADD",
            "access_binding": {
                "role_id": "iam.serviceAccounts.admin",
                "subject": {"id": account, "type": "serviceAccount"},
            },
        }
        self.client.operate(
            "FolderService/UpdateAccessBindings",
            {"resource_id": self.cloud.ready["folderId"], "access_binding_deltas": [delta]},
        )

    def _leave_behind(self) -> None:
        """What a run that died has left: our owner and instance, another attempt."""
        ours = max(
            self.cloud.live_keys("translator"), key=lambda key: ("[yandex-keys" in key["description"], key["createdAt"])
        )
        mark = ours["description"].rpartition(".")[0]
        self.create_key(
            ours["serviceAccountId"],
            scopes=ours["scopes"],
            expires_at="2030-04-08T09:00:00Z",
            description=f"{mark}.aaaaaaaaaa]",
        )

    def create_key(self, account_id: str, **more: Any) -> dict[str, Any]:
        """A key made by hand, as the cloud answers it, its secret included."""
        return self.client.call("ApiKeyService/Create", {"service_account_id": account_id, **more})

    def environment(self) -> dict[str, str]:
        """What `yckeys` is started with in the project's folder."""
        return {**self.stack.environment, **self.cloud.environment()}

    def secrets(self) -> list[str]:
        """Every secret that the cloud has given out."""
        return [str(key["secret"]) for key in self.cloud.state()["apiKeys"]]


@contextmanager
def world(folder: Path, prod: list[dict[str, Any]] = PROD) -> Iterator[World]:
    """The world, its story told; `prod`: the accounts of its first stack."""
    made = World(folder)
    try:
        made.tell(prod)
        yield made
    finally:
        made.cloud.stop()


@contextmanager
def small_world(folder: Path) -> Iterator[World]:
    """One stack of one account, for a test that changes it."""
    made = World(folder)
    try:
        made.stack.write(STAGING, DEFAULTS)
        made.stack.up()
        yield made
    finally:
        made.cloud.stop()
