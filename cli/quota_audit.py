"""Whether the quotas of clouds hold what stacks have, and what they come to while overlaps last: of all stacks of a cloud together (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from cli.cloud_quotas import API_KEYS, SECRETS, SERVICE_ACCOUNTS, CloudQuotas, Quota
from cli.deployed import DeployedKey
from cli.evidence import Evidence
from cli.findings import RULES, Finding
from cli.forecast import EventKind
from cli.inventory import WORKING
from cli.quota_shares import Share, keys_at_once, most_first
from cli.words import counted


class _OfCloud:
    """What of the evidence is in one cloud. Where it isn't known what is in which, there is but one."""

    def __init__(self, evidence: Evidence, quotas: CloudQuotas) -> None:
        self._evidence = evidence
        self._folders = None if len(evidence.quotas) == 1 else quotas.folders
        self.live = Counter(it.stack for it in evidence.records if it.state in WORKING and self._holds(it.folder_id))
        """How many keys live now, by stack; under no name those of no chosen one."""
        self.keys = [key for key in evidence.keys if self._holds(key.account.folder_id if key.account else None)]

    def _holds(self, folder_id: str | None) -> bool:
        return self._folders is None or folder_id in self._folders

    def shares(self) -> Mapping[str, Sequence[Share]]:
        """What each stack takes, by the quota's name: of keys also what they are while all overlaps last."""
        accounts, keys, secrets = list[Share](), list[Share](), list[Share]()
        coming = Counter[str]()
        for key in self.keys:
            coming[key.stack] += max(_at_once(key) - self._live_of(key), 0)
        for stack in self._evidence.stacks:
            name = stack.stack
            has = sum(self._holds(it.folder_id) for it in stack.accounts.values())
            accounts.append(Share(name, has, has))
            has = sum(self._holds(it.folder_id) for it in stack.secrets.values())
            secrets.append(Share(name, has, has))
            keys.append(Share(name, self.live[name], self.live[name] + coming[name]))
        every = {SERVICE_ACCOUNTS: accounts, API_KEYS: keys, SECRETS: secrets}
        return {name: [share for share in shares if share.at_once] for name, shares in every.items()}

    def _live_of(self, key: DeployedKey) -> int:
        """How many there are of it now."""
        return 1 + sum(previous.expires_at > self._evidence.now for previous in key.state.previous)


def shares_of(evidence: Evidence, of_cloud: CloudQuotas) -> Mapping[str, Sequence[Share]]:
    """What each stack takes of the quotas of a cloud, by the quota's name."""
    return _OfCloud(evidence, of_cloud).shares()


def quota_findings(evidence: Evidence) -> Iterator[Finding]:
    """What a cloud's quotas don't hold, or won't."""
    limits = evidence.settings.limits
    for of_cloud in evidence.quotas:
        there_is = _OfCloud(evidence, of_cloud)
        shares = there_is.shares()
        yield from _peak(evidence, of_cloud, there_is)
        for name, written, kind, what in (
            (SERVICE_ACCOUNTS, limits.service_accounts, "serviceAccounts", "service account"),
            (SECRETS, limits.secrets, "secrets", "Lockbox secret"),
        ):
            quota = of_cloud.of(name)
            by_stack = {share.stack: share.has for share in shares[name]}
            there = max(sum(by_stack.values()), quota.used or 0)
            if there >= (quota.limit if written is None else written):
                setting = f"limits.{kind}"
                allowed = quota.words if written is None else f"{written:,} ({setting})"
                brought = _brought(by_stack, there)
                words = (
                    f"{counted(there, what)} are there{brought}, and the quota is {allowed}: no further one can be made"
                )
                yield _over(of_cloud, kind, words)


def _peak(evidence: Evidence, of_cloud: CloudQuotas, there_is: _OfCloud) -> Iterator[Finding]:
    """Whether the keys of all stacks of a cloud, and what else there is in it, are ever too many."""
    written = evidence.settings.limits.api_keys
    quota = of_cloud.of(API_KEYS)
    limit = quota.limit if written is None else written
    # The cloud counts what nobody looked at, too.
    live = max(there_is.live.total(), quota.used or 0)
    # Most stacks are far from it, and need not be looked ahead for.
    if live + sum(_at_once(key) - 1 for key in there_is.keys) <= limit:
        return
    urns = {key.urn for key in there_is.keys}
    by_stack = Counter({it.stack: there_is.live[it.stack] for it in evidence.stacks})
    peak, when, brought = live, evidence.now, dict(by_stack)
    for event in evidence.events():
        if event.key.urn not in urns:
            continue
        more = 0
        if event.kind is EventKind.ROTATES and event.ends_at is not None and event.ends_at > event.at:
            more = 1
        elif event.kind is EventKind.ENDS:
            more = -1
        live += more
        by_stack[event.key.stack] += more
        if live > peak:
            peak, when, brought = live, event.at, dict(by_stack)
    if peak > limit:
        known = _known(quota) if written is None else f"{written:,} (limits.apiKeys)"
        words = f"{peak:,} keys live at once on {when:%Y-%m-%d}{_brought(brought, peak)}; the quota is {known}"
        yield _over(of_cloud, "apiKeys", words)


def _at_once(key: DeployedKey) -> int:
    return keys_at_once(key.inputs.overlap, key.inputs.rotate_every)


def _brought(by_stack: Mapping[str, int], of_all: int) -> str:
    """Which stacks bring how much of it; empty where there is but one, and all is its."""
    others = of_all - sum(by_stack.values())
    if not others and sum(map(bool, by_stack.values())) < 2:
        return ""
    named = most_first(by_stack)
    if not others:
        return f" ({named})"
    return f" ({named}; {others:,} of no chosen stack)" if named else " (of no chosen stack)"


def _known(quota: Quota) -> str:
    used = f", and {quota.used:,} are there now" if quota.used is not None else ""
    return f"{quota.words}{used}"


def _over(of_cloud: CloudQuotas, what: str, words: str) -> Finding:
    subject = f"quota/{what}" if not of_cloud.cloud_id else f"quota/{of_cloud.cloud_id}/{what}"
    return Finding(RULES["quota"], RULES["quota"].severity, subject, words)
