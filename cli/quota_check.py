"""Whether the quotas of clouds hold what stack files make anew, and what their stacks have already: of all stacks of a cloud together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cli.borrowed import AccountSpec, KeySpec, parse_duration
from cli.cloud_quotas import API_KEYS, SECRETS, SERVICE_ACCOUNTS, CloudQuotas, Quota, look_at_quotas
from cli.made import Made
from cli.project import Project
from cli.quota_shares import Share, keys_at_once, most_first
from cli.stack_check import Checked, FileProblem, Reporter, Weight
from cli.words import counted

if TYPE_CHECKING:
    from cli.cloud_login import Lookup

_ONE_OF: Final = {SERVICE_ACCOUNTS: "service account", API_KEYS: "key", SECRETS: "Lockbox secret"}


@dataclass(frozen=True)
class QuotaDemand:
    """A quota of a cloud, and what each stack takes of it."""

    cloud_id: str
    quota: Quota
    shares: Sequence[Share]
    unseen: int = 0
    """How many more there may be: declared, and not known to be there or not, for no state could be read."""
    why_unseen: str = ""

    @property
    def there(self) -> int:
        """How many the cloud has: what it doesn't tell, the states do for their part."""
        return max(self.quota.used or 0, sum(share.has for share in self.shares))

    def as_json(self) -> dict[str, object]:
        """The documented shape, version 1."""
        return self.quota.as_json(self.cloud_id, self.shares)


def demands(lookup: Lookup, checked: Sequence[Checked], made: Mapping[str, Made]) -> list[QuotaDemand]:
    """What the stacks of each cloud take of its quotas, `checked` those whose files can be used. Calls go by folder and cloud, not by stack.

    Raises CloudError.
    """
    folders = {folder for it in checked for folder in _folders(it)}
    found: list[QuotaDemand] = []
    for of_cloud in look_at_quotas(lookup, sorted(folders)):
        if not of_cloud.cloud_id:
            continue  # said of its folders already
        names = {folder: _account_names(lookup, folder) for folder in sorted(of_cloud.folders)}
        stacks = [_OfStack(it, made[it.stack], names) for it in checked if _folders(it) & of_cloud.folders]
        found += _demands(of_cloud, stacks)
    return found


class _OfStack:
    """What one stack declares and has in the folders of one cloud."""

    def __init__(self, checked: Checked, made: Made, names: Mapping[str, frozenset[str]]) -> None:
        assert checked.spec is not None
        self.name, self.made = checked.stack, made
        declared = [(it, it.folder_id or checked.folder_id) for it in checked.spec.accounts]
        here = [(account, folder) for account, folder in declared if folder in names]
        accounts = [account for account, _ in here]
        new = [account for account, folder in here if not names[folder] & {account.name, account.renamed_from}]
        # Where no state can be read, of an account that isn't there everything is new, and of the others nobody knows.
        known = new if made.unread else accounts
        self._unknown = [it for it in accounts if made.unread and it not in new]
        has_accounts = sum(it.folder_id in names for it in made.deployed.accounts.values())
        self.accounts = Share(self.name, has_accounts, has_accounts + len(new), len(new))
        self.keys = self._keys(known, checked.folder_id, names)
        self.secrets = self._secrets(known, names)

    def _keys(self, known: Sequence[AccountSpec], folder_id: str, names: Mapping[str, object]) -> Share:
        counts = [
            1 + len(it.state.previous)
            for it in self.made.deployed.keys
            if (it.account.folder_id if it.account else folder_id) in names
        ]
        live = [(key, self.made.live(account, key)) for account in known for key in account.keys]
        more = sum(max(_at_once(key) - count, 0) for key, count in live)
        return Share(self.name, sum(counts), sum(counts) + more, sum(not count for _, count in live))

    def _secrets(self, known: Sequence[AccountSpec], names: Mapping[str, object]) -> Share:
        has = {it.name for it in self.made.deployed.secrets.values() if it.folder_id in names}
        makes = sum(len(set(account.secrets) - has - _renamed_secrets(account)) for account in known)
        return Share(self.name, len(has), len(has) + makes, makes)

    @property
    def unknown_keys(self) -> int:
        """How many there may be at once of keys that may be new."""
        return sum(_at_once(key) for account in self._unknown for key in account.keys)

    @property
    def unknown_secrets(self) -> int:
        """How many secrets may be new."""
        return sum(len(account.secrets) for account in self._unknown)


def _demands(of_cloud: CloudQuotas, stacks: Sequence[_OfStack]) -> Iterator[QuotaDemand]:
    why = next((it.made.unread for it in stacks if it.made.unread), "")
    cloud_id = of_cloud.cloud_id
    yield QuotaDemand(cloud_id, of_cloud.of(SERVICE_ACCOUNTS), [it.accounts for it in stacks])
    for name, shares, unseen in (
        (API_KEYS, [it.keys for it in stacks], sum(it.unknown_keys for it in stacks)),
        (SECRETS, [it.secrets for it in stacks], sum(it.unknown_secrets for it in stacks)),
    ):
        yield QuotaDemand(cloud_id, of_cloud.of(name), shares, unseen, why)


def problems_of(demand: QuotaDemand, project: Project) -> Iterator[FileProblem]:
    """What a quota doesn't hold, told at the file that brings the most."""
    quota, there, what = demand.quota, demand.there, _ONE_OF[demand.quota.name]
    new = {share.stack: share.makes for share in demand.shares}
    at_once = {share.stack: share.at_once for share in demand.shares}
    makes, peak = sum(new.values()), there + sum(share.at_once - share.has for share in demand.shares)
    right = f"ask for a higher quota {quota.name} (`yc quota-manager`), or delete what nobody uses"
    has = f"cloud {demand.cloud_id} has {counted(there, what)}"
    if makes and there + makes > quota.limit:
        wrong = f"{has}, {_who_makes(new, makes)}, and the quota is {quota.words}"
        yield _reporter(project, new)("accounts", wrong, right)
    elif peak > max(quota.limit, there):
        more = f", {_who_makes(new, makes)}" if makes else ""
        shown = f" (of them {most_first(at_once)})" if len(demand.shares) > 1 else ""
        wrong = f"{has}{more}, they are up to {peak:,} while their overlaps last{shown}, and the quota is {quota.words}"
        yield _reporter(project, at_once)("accounts", wrong, right, Weight.NOTE)
    elif demand.unseen and peak + demand.unseen > quota.limit:
        wrong = (
            f"whether {counted(demand.unseen, what)} of accounts that are there will be new isn't seen "
            f"({demand.why_unseen}), and the quota is {quota.words}"
        )
        yield _reporter(project, at_once)(
            "accounts", wrong, "let the state be read, or see that the quota will do", Weight.NOTE
        )
    elif quota.unread and quota.name != SECRETS:
        # Stacks of a thousand keys, which is what a cloud allows, come nowhere near ten thousand secrets.
        wrong = f"the quota {quota.name} of cloud {demand.cloud_id} can't be read ({quota.unread})"
        yield _reporter(project, at_once)(
            "accounts", wrong, f"see that the documented {quota.limit:,} will do", Weight.NOTE
        )


def _who_makes(new: Mapping[str, int], makes: int) -> str:
    if len(new) == 1:
        return f"this file makes {makes:,} more"
    return f"the chosen stacks make {makes:,} more ({most_first(new)})"


def _reporter(project: Project, brings: Mapping[str, int]) -> Reporter:
    return Reporter(project, max(brings, key=lambda stack: (brings[stack], stack)))


def _folders(checked: Checked) -> frozenset[str]:
    assert checked.spec is not None
    return frozenset(account.folder_id or checked.folder_id for account in checked.spec.accounts) - {""}


def _at_once(key: KeySpec) -> int:
    return keys_at_once(parse_duration(key.overlap), parse_duration(key.rotate_every))


def _renamed_secrets(account: AccountSpec) -> set[str]:
    """The secrets that take another name, and aren't made anew."""
    if account.renamed_from:
        return set(account.secrets)
    return {name for key in account.keys if key.renamed_from and (name := account.secret_of(key))}


def _account_names(lookup: Lookup, folder: str) -> frozenset[str]:
    listed = lookup.listed("ServiceAccountService/List", "service_accounts", {"folder_id": folder}, f"folder {folder}")
    return frozenset(str(it.get("name")) for it in listed)
