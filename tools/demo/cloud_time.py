"""The local cloud's admin calls that the story needs: its clock, its count of calls, and the machine that the consumer runs on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tools.local_stack.local_cloud import LocalCloud

_ASIDE = ("ApiEndpointService/", "IamTokenService/", "PayloadService/")


@dataclass
class CloudTime:
    """Days since the story began, by the local cloud's clock."""

    cloud: LocalCloud
    began: datetime

    @classmethod
    def starting_now(cls, cloud: LocalCloud) -> CloudTime:
        """The story begins at the local cloud's present time."""
        return cls(cloud, datetime.fromisoformat(cloud.now()))

    def today(self) -> float:
        """How many days have passed."""
        return (datetime.fromisoformat(self.cloud.now()) - self.began).total_seconds() / 86_400

    def date(self) -> str:
        """Today, as a date."""
        return self.cloud.now()[:10]

    def pass_days(self, days: int) -> None:
        """Moves the clock."""
        self.cloud.ask("/admin/clock", {"advance": f"{days}d"})

    def run_as(self, account_id: str) -> None:
        """From now on the metadata service gives tokens of this account, as to a machine that it is linked to."""
        self.cloud.ask("/admin/metadata", {"serviceAccountId": account_id})

    def calls(self) -> int:
        """How many API calls were made: discovery and login aside, and what the consumer reads."""
        return self.cloud.calls(_ASIDE)
