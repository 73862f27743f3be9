"""Whether a cloud can take what a stack file asks for: scopes, folders, the deployer's roles, rights on KMS keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, cast

from cli.borrowed import AccountSpec, BindingAnswer, Spec
from cli.cloud_access import member_of
from cli.project import Project
from cli.stack_check import Checked, FileProblem, Reporter, Weight

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


def check_in_cloud(lookup: Lookup, project: Project, checked: Checked, deployer: str) -> list[FileProblem]:
    """What the cloud lacks of what the file says. `deployer` is the id of the service account that logs in; empty where it isn't one.

    Raises CloudError where nothing can be asked.
    """
    if checked.spec is None:
        return []
    report = Reporter(project, checked.stack)
    return [
        *_scopes(lookup, checked.spec, report),
        *_folders(lookup, checked, report, deployer),
        *_kms(lookup, checked.spec, report),
    ]


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
    needed = [role for role, (asks, _) in _NEEDED.items() if any(map(asks, accounts))]
    if "lockbox.admin" in needed and "lockbox.editor" in needed:
        needed.remove("lockbox.editor")  # the one has the other
    lacks = [role for role in needed if not has & _NEEDED[role][1]]
    if lacks:
        wrong = f"the deployer {deployer} lacks {', '.join(lacks)} on folder {folder} itself"
        one = "it" if len(lacks) == 1 else "them"
        right = f"grant {one}, unless it has {one} on the cloud or by a group, which isn't seen here"
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
        may = {member_of(cast(BindingAnswer, it)) for it in listed if it.get("role_id") in _ENCRYPTS}
        for reader in account.readers:
            if reader != "self" and reader not in may:
                wrong = f"{reader} reads the secrets, and lacks {_KMS_READER} on KMS key {key_id} itself"
                right = "grant it, unless the reader has it on the folder, or by a group, which isn't seen here"
                yield report(path, wrong, right, Weight.NOTE)
