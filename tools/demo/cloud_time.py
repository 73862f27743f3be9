"""The local cloud's admin calls that the story needs: its clock, its count of calls, and the machine that the consumer runs on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tools.local_stack import loopback
from tools.local_stack.local_cloud import LocalCloud

_SECONDS = 10
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
        self._post("clock", {"advance": f"{days}d"})

    def run_as(self, account_id: str) -> None:
        """From now on the metadata service gives tokens of this account, as to a machine that it is linked to."""
        self._post("metadata", {"serviceAccountId": account_id})

    def calls(self) -> int:
        """How many API calls were made: discovery and login aside, and what the consumer reads."""
        with loopback.session() as session:
            counted = session.get(f"{self.cloud.http}/admin/calls", timeout=_SECONDS).json()
        return sum(count for method, count in counted.items() if not method.startswith(_ASIDE))

    def _post(self, path: str, content: dict[str, str]) -> None:
        with loopback.session() as session:
            session.post(f"{self.cloud.http}/admin/{path}", json=content, timeout=_SECONDS).raise_for_status()
