"""What an audit judges: the stacks, and what the cloud says where it was looked into, and how it is said of which thing (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cli.audit_settings import AuditSettings
from cli.cloud_access import NO_ACCESS, Access
from cli.cloud_keys import NOTHING, CloudView
from cli.cloud_quotas import NO_CLOUD, CloudQuotas
from cli.deployed import Deployed, DeployedKey
from cli.findings import RULES, Finding, Place
from cli.forecast import Event
from cli.inventory import KeyRecord
from cli.stack_file_lines import StackFileLines


@dataclass(frozen=True)
class Evidence:
    """All that an audit judges. `events` looks ahead to the horizon; run_every and lines are by stack; files names each stack's file."""

    stacks: Sequence[Deployed]
    records: Sequence[KeyRecord]
    events: Callable[[], Sequence[Event]]
    now: datetime
    run_every: Mapping[str, timedelta]
    settings: AuditSettings
    cloud: CloudView = NOTHING
    access: Access = NO_ACCESS
    lines: Mapping[str, StackFileLines] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    is_whole: bool = False
    """Whether every stack was read and the cloud looked into: what isn't found then isn't there."""
    quotas: Sequence[CloudQuotas] = (NO_CLOUD,)

    @property
    def keys(self) -> Iterator[DeployedKey]:
        """The keys of all stacks."""
        return (key for stack in self.stacks for key in stack.keys)

    def place(self, stack: str, account: str, key: str = "", setting: str = "") -> Place | None:
        """Where the stack's file says it; None where it doesn't."""
        line = self.lines[stack].of(account, key, setting) if stack in self.lines else None
        return Place(self.files[stack], line) if line is not None else None

    def of_key(self, key: DeployedKey, rule: str, why: str, setting: str = "", key_id: str = "") -> Finding:
        """A finding about a declared key."""
        return Finding(
            RULES[rule],
            RULES[rule].severity,
            f"{key.stack}/{key.path}",
            why,
            key.stack,
            key.account_name,
            key.name,
            key_id or key.state.key_id,
            key.owner,
            self.place(key.stack, key.account_name, key.name, setting),
        )

    def of_record(self, record: KeyRecord, rule: str, why: str) -> Finding:
        """A finding about a key of the inventory."""
        subject = f"{record.stack}/{record.path}" if record.stack else f"{record.account}/{record.key_id}"
        place = self.place(record.stack, record.account, record.key) or self._account_place(record.account_id)
        return Finding(
            RULES[rule],
            RULES[rule].severity,
            subject,
            why,
            record.stack,
            record.account,
            record.key,
            record.key_id,
            record.owner,
            place,
        )

    def of_account(self, rule: str, stack: str, account_id: str, name: str, why: str, setting: str = "") -> Finding:
        """A finding about an account."""
        subject = f"{stack}/{name}" if stack else name
        place, owner = self._account_place(account_id), self._account_owner(account_id)
        return Finding(RULES[rule], RULES[rule].severity, subject, why, stack, name, owner=owner, place=place)

    def _account_owner(self, account_id: str) -> str:
        return next((it.accounts[account_id].owner for it in self.stacks if account_id in it.accounts), "")

    def _account_place(self, account_id: str) -> Place | None:
        for stack in self.stacks:
            account = stack.accounts.get(account_id)
            if account is not None:
                return self.place(stack.stack, account.name)
        return None
