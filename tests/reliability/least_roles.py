"""The deployer's roles: those of the table of docs/real-cloud.md are enough for a full life, and none of them can be left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from setup.engine.places import REPOSITORY
from tests.reliability import programs
from tests.reliability.bench import Bench
from tests.reliability.programs import key
from tests.reliability.scene import Scene
from tests.reliability.small_engine import Declaration, Held, SmallStack
from tools.local_stack.account_tokens import token_for

_ROW: Final = re.compile(
    r"^\| (?P<what>[^|]+) \| `(?P<role>[a-z][-.a-zA-Z]+)`[^|]* \| (?P<place>the folder|each account) \|$", re.MULTILINE
)
_KMS: Final = "yandex:index/kmsSymmetricKey:KmsSymmetricKey"
_EDITOR, _ADMIN, _KEYS_ONLY, _KMS_ADMIN = (
    "lockbox.editor",
    "lockbox.admin",
    "iam.serviceAccounts.apiKeyAdmin",
    "kms.admin",
)


@dataclass(frozen=True)
class Deployer:
    """Roles on the folder, whether it makes accounts (or only keys of one that is there), grants readers, makes KMS keys."""

    name: str
    roles: frozenset[str]
    makes_accounts: bool = True
    readers: bool = False
    kms: bool = False


def documented() -> dict[str, str]:
    """Role to place, as the table of docs/real-cloud.md has them."""
    text = (REPOSITORY / "docs" / "real-cloud.md").read_text(encoding="utf-8")
    return {row["role"]: row["place"] for row in _ROW.finditer(text)}


def deployers() -> list[Deployer]:
    """Who needs what, by the table of docs/real-cloud.md."""
    roles = set(documented())
    accounts = frozenset(roles - {_KEYS_ONLY, _ADMIN, _KMS_ADMIN})
    return [
        Deployer("accounts, roles, secrets and keys", accounts),
        Deployer("… and readers", accounts - {_EDITOR} | {_ADMIN}, readers=True),
        Deployer("… and KMS keys", accounts | {_KMS_ADMIN}, kms=True),
        Deployer("only keys of accounts that exist", frozenset({_KEYS_ONLY, _EDITOR}), makes_accounts=False),
    ]


def flaws(bench: Bench, deployer: Deployer) -> list[str]:
    """What is wrong with the roles of `deployer`: too few for a life, or more than it takes."""
    wrong = [f"{deployer.name}: {error}" for error in _life(bench, deployer, deployer.roles)]
    for left_out in sorted(deployer.roles):
        errors = _life(bench, deployer, deployer.roles - {left_out})
        if not errors:
            wrong.append(f"{deployer.name}: {left_out} isn't needed")
        elif "PERMISSION_DENIED" not in errors[0] or "Grant the deployer" not in errors[0]:
            wrong.append(f"{deployer.name}, without {left_out}: {errors[0]}")
    return wrong


def _life(bench: Bench, deployer: Deployer, roles: Iterable[str]) -> list[str]:
    """Issue, rotation, scopes, refresh, compromised, delete, with exactly `roles`; the errors of the first command that fails."""
    scene = Scene(bench)
    folder = bench.ready["folderId"]
    account = _made(bench, f"{scene.case}-deployer")
    ground: dict[str, Held] = {}
    if not deployer.makes_accounts:
        scene.up()
        ground = dict(scene.stack.resources)
    for role in roles:
        on_account = role == _KEYS_ONLY
        service = "ServiceAccountService" if on_account else "FolderService"
        _bind(bench, service, ground["account"].id if on_account else folder, role, account)
    stack = bench.stack(None, "reliability", YC_TOKEN=token_for(bench.cloud.running, account))
    errors = _lived(scene, deployer, stack, ground)
    cleaner = bench.stack()
    cleaner.state.provider_id = stack.state.provider_id
    cleaner.state.resources = [*ground.values(), *stack.state.resources]
    scene.must(cleaner.destroy())
    bench.by_hand("ServiceAccountService/Delete", {"service_account_id": account})
    return errors


def _lived(scene: Scene, deployer: Deployer, stack: SmallStack, ground: Mapping[str, Held]) -> list[str]:
    def program(**inputs: Any) -> list[Declaration]:
        if ground:
            made = {name: {"id": held.id} for name, held in ground.items()}
            declared = key(**inputs)
            return [Declaration("key", programs.KEY, lambda _: declared.inputs(made))]
        whole = scene.program(key(**inputs))
        if not deployer.readers:
            whole = [declared for declared in whole if declared.name != "reader"]
        if deployer.kms:
            whole.insert(0, Declaration("kms", _KMS, lambda _: {"name": scene.case}))
        return whole

    def commands() -> Iterable[Any]:
        yield stack.up(program())
        scene.bench.advance("31d")
        yield stack.up(program())
        yield stack.up(program(scopes=[*programs.MORE_SCOPES]))
        yield stack.refresh()
        compromised = [stack.resources["key"].values["keyId"]]
        yield stack.up(program(scopes=[*programs.MORE_SCOPES], compromised=compromised))
        scene.bench.advance("8d")
        yield stack.up(program(scopes=[*programs.MORE_SCOPES], compromised=compromised))
        yield stack.destroy()

    return next((outcome.errors for outcome in commands() if outcome.failed), [])


def _made(bench: Bench, name: str) -> str:
    request = {"folder_id": bench.ready["folderId"], "name": name}
    return str(bench.by_hand("ServiceAccountService/Create", request)["response"]["id"])


def _bind(bench: Bench, service: str, resource_id: str, role: str, account: str) -> None:
    subject = {"type": "serviceAccount", "id": account}
    delta = {"action": "ADD", "access_binding": {"role_id": role, "subject": subject}}
    request = {"resource_id": resource_id, "access_binding_deltas": [delta]}
    bench.by_hand(f"{service}/UpdateAccessBindings", request)
