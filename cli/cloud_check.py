"""Whether a cloud can take what a stack file asks for: scopes, folders, the deployer's roles, rights on KMS keys, quotas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cli.borrowed import AccountSpec, KeySpec, Spec, parse_duration
from cli.cloud_quotas import API_KEYS, SERVICE_ACCOUNTS, Quota, look_at_quotas
from cli.project import Project
from cli.stack_check import Checked, FileProblem, Reporter, Weight
from cli.words import counted

if TYPE_CHECKING:
    from cli.cloud_login import Lookup

_KMS_READER: Final = "kms.keys.encrypterDecrypter"
_ENCRYPTS: Final = frozenset({_KMS_READER, "kms.admin", "kms.editor", "admin", "editor"})
# What the deployer needs (docs/real-cloud.md), with the roles that include it.
_NEEDED: Final[dict[str, tuple[Callable[[AccountSpec], bool], frozenset[str]]]] = {
    "iam.serviceAccounts.admin": (
        lambda account: True,
        frozenset({"iam.serviceAccounts.admin", "iam.admin", "iam.editor", "editor", "admin"}),
    ),
    "resource-manager.admin": (
        lambda account: bool(account.all_roles),
        frozenset({"resource-manager.admin", "admin"}),
    ),
    "lockbox.editor": (
        lambda account: bool(account.secrets) and not account.readers,
        frozenset({"lockbox.editor", "lockbox.admin", "editor", "admin"}),
    ),
    "lockbox.admin": (
        lambda account: bool(account.secrets) and bool(account.readers),
        frozenset({"lockbox.admin", "admin"}),
    ),
    "kms.admin": (lambda account: account.kms_key is True, frozenset({"kms.admin", "admin"})),
}


@dataclass(frozen=True)
class Made:
    """The keys that a stack's state has, as `account/key`; `unread`: why that isn't known, else empty."""

    paths: frozenset[str] = frozenset()
    unread: str = ""

    def has(self, account: AccountSpec, key: KeySpec) -> bool:
        """Whether that key is one of them, by its names or those of before."""
        accounts, keys = {account.name, account.renamed_from}, {key.name, key.renamed_from}
        return any(f"{of}/{name}" in self.paths for of in accounts for name in keys)


def check_in_cloud(lookup: Lookup, project: Project, checked: Checked, deployer: str, made: Made) -> list[FileProblem]:
    """What the cloud lacks of what the file says. `deployer` is the id of the service account that logs in; empty where it isn't one.

    Raises CloudError where nothing can be asked.
    """
    if checked.spec is None:
        return []
    report = Reporter(project, checked.stack)
    found = [
        *_scopes(lookup, checked.spec, report),
        *_folders(lookup, checked, report, deployer),
        *_kms(lookup, checked.spec, report),
        *_quotas(lookup, checked, report, made),
    ]
    return sorted(found, key=lambda it: (it.line, it.path))


def _scopes(lookup: Lookup, spec: Spec, report: Reporter) -> Iterator[FileProblem]:
    known = {str(scope) for scope in lookup.listed("ApiKeyService/ListScopes", "scopes", {}, "the scopes of API keys")}
    for at, account in enumerate(spec.accounts):
        for number, key in enumerate(account.keys):
            for scope in key.all_scopes:
                if scope not in known:
                    named = "scopes" if scope in key.scopes else "uses"
                    wrong = f"the cloud doesn't list the scope {scope}"
                    right = "see `yc iam api-key list-scopes`; a scope that it doesn't know is refused"
                    yield report(f"accounts[{at}].keys[{number}].{named}", wrong, right)


def _folders(lookup: Lookup, checked: Checked, report: Reporter, deployer: str) -> Iterator[FileProblem]:
    assert checked.spec is not None
    folders: dict[str, list[tuple[int, AccountSpec]]] = {}
    for at, account in enumerate(checked.spec.accounts):
        folders.setdefault(account.folder_id or checked.folder_id, []).append((at, account))
    for folder, accounts in sorted(folders.items()):
        own = next((at for at, account in accounts if account.folder_id), None)
        path = f"accounts[{own}].folderId" if own is not None else "yandex-keys:folderId"
        if not folder:
            yield report(
                path, "no folder is named", "set yandex-keys:folderId, YC_FOLDER_ID, or folderId of the account"
            )
            continue
        if lookup.found("FolderService/Get", {"folder_id": folder}, f"folder {folder}") is None:
            yield report(path, f"the cloud has no folder {folder}", "`yc resource-manager folder list` shows them")
            continue
        if deployer:
            yield from _roles(lookup, folder, [account for _, account in accounts], deployer, path, report)


def _roles(
    lookup: Lookup, folder: str, accounts: list[AccountSpec], deployer: str, path: str, report: Reporter
) -> Iterator[FileProblem]:
    listed = lookup.listed(
        "FolderService/ListAccessBindings", "access_bindings", {"resource_id": folder}, f"folder {folder}"
    )
    has = {str(it["role_id"]) for it in listed if it.get("subject", {}).get("id") == deployer}
    for role, (asks, enough) in _NEEDED.items():
        if any(map(asks, accounts)) and not has & enough:
            wrong = f"the deployer {deployer} lacks {role} on folder {folder} itself"
            right = "grant it, unless it has the role on the cloud or by a group, which isn't seen here"
            yield report(path, wrong, right, Weight.NOTE)


def _kms(lookup: Lookup, spec: Spec, report: Reporter) -> Iterator[FileProblem]:
    for at, account in enumerate(spec.accounts):
        if isinstance(account.kms_key, bool):
            continue
        path, key_id = f"accounts[{at}].kmsKey", account.kms_key
        if lookup.found("SymmetricKeyService/Get", {"key_id": key_id}, f"KMS key {key_id}") is None:
            yield report(path, f"the cloud has no KMS key {key_id}", "`yc kms symmetric-key list` shows them")
            continue
        listed = lookup.listed(
            "SymmetricKeyService/ListAccessBindings", "access_bindings", {"resource_id": key_id}, f"KMS key {key_id}"
        )
        may = {_member(it) for it in listed if it.get("role_id") in _ENCRYPTS}
        for reader in account.readers:
            if reader != "self" and reader not in may:
                wrong = f"{reader} reads the secrets, and lacks {_KMS_READER} on KMS key {key_id} itself"
                right = "grant it, unless the reader has it on the folder, or by a group, which isn't seen here"
                yield report(path, wrong, right, Weight.NOTE)


def _quotas(lookup: Lookup, checked: Checked, report: Reporter, made: Made) -> Iterator[FileProblem]:
    """Whether what the file makes anew fits: accounts that the cloud lacks, keys that the state lacks."""
    assert checked.spec is not None
    folders = sorted({account.folder_id or checked.folder_id for account in checked.spec.accounts} - {""})
    for of_cloud in look_at_quotas(lookup, folders):
        if not of_cloud.cloud_id:
            continue  # said of its folders already
        here = [it for it in checked.spec.accounts if (it.folder_id or checked.folder_id) in of_cloud.folders]
        accounts = list(_new_accounts(lookup, checked.spec, checked.folder_id, of_cloud.folders))
        unseen = [] if not made.unread else [key for it in here if it not in accounts for key in it.keys]
        keys = [key for it in (accounts if made.unread else here) for key in it.keys if not made.has(it, key)]
        there, more = of_cloud.of(SERVICE_ACCOUNTS), len(accounts)
        yield from _over(there, more, more, "service account", of_cloud.cloud_id, report)
        quota, at_once = of_cloud.of(API_KEYS), sum(map(_at_once, keys))
        yield from _over(quota, len(keys), at_once, "key", of_cloud.cloud_id, report)
        if unseen and (quota.used or 0) + at_once + sum(map(_at_once, unseen)) > quota.limit:
            wrong = (
                f"whether {counted(len(unseen), 'key')} of accounts that are there will be new isn't seen "
                f"({made.unread}), and the quota is {quota.words}"
            )
            yield report("accounts", wrong, "let the state be read, or see that the quota will do", Weight.NOTE)


def _at_once(key: KeySpec) -> int:
    """How many a key counts for while its overlaps last, as an audit reckons it: itself, and those of before that work on."""
    return 1 - (-parse_duration(key.overlap) // parse_duration(key.rotate_every))


def _new_accounts(lookup: Lookup, spec: Spec, folder_id: str, folders: frozenset[str]) -> Iterator[AccountSpec]:
    """The accounts that are declared in one of the folders and aren't there yet, by their name or the one before."""
    for folder in sorted(folders):
        request = {"folder_id": folder}
        listed = lookup.listed("ServiceAccountService/List", "service_accounts", request, f"folder {folder}")
        there = {str(it.get("name")) for it in listed}
        for account in spec.accounts:
            if (account.folder_id or folder_id) == folder and not there & {account.name, account.renamed_from}:
                yield account


def _over(quota: Quota, new: int, at_once: int, what: str, cloud_id: str, report: Reporter) -> Iterator[FileProblem]:
    """`new`: what is made; `at_once`: how many that are while overlaps last."""
    right = f"ask for a higher quota {quota.name} (`yc quota-manager`), or delete what nobody uses"
    there = quota.used or 0
    if new and there + new > quota.limit:
        wrong = (
            f"cloud {cloud_id} has {counted(there, what)}, this file makes {new:,} more, and the quota is {quota.words}"
        )
        yield report("accounts", wrong, right)
    elif new and there + at_once > quota.limit:
        wrong = (
            f"cloud {cloud_id} has {counted(there, what)}, this file makes {new:,} more, which are {at_once:,} in their overlaps, "
            f"and the quota is {quota.words}"
        )
        yield report("accounts", wrong, right, Weight.NOTE)
    elif quota.unread:
        wrong = f"the quota {quota.name} of cloud {cloud_id} can't be read ({quota.unread})"
        yield report("accounts", wrong, f"see that the documented {quota.limit:,} will do", Weight.NOTE)


def _member(listed: Mapping[str, Any]) -> str:
    subject = listed.get("subject", {})
    return f"{subject.get('type', '')}:{subject.get('id', '')}"
