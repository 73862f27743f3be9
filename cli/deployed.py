"""The keys of a stack, and what belongs to them, as its state has them (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cli.borrowed import Inputs, State, inputs_of, owner_of, state_of
from cli.engine import Stack
from cli.exit_codes import CouldNotLook

_COMPONENT: Final = "yandex-keys:index:ServiceAccountKeys"
_KEY: Final = "yandex-keys:index:ApiKey"
_SECRET: Final = "yandex-keys:index:LockboxSecret"
_READER: Final = "yandex-keys:index:LockboxSecretIamMember"
_ACCOUNT: Final = "yandex:index/iamServiceAccount:IamServiceAccount"
_ROLE: Final = "yandex:index/resourcemanagerFolderIamMember:ResourcemanagerFolderIamMember"
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The name by which the engine marks what is no plain value in a state: a secret, among others."""


@dataclass(frozen=True)
class Account:
    """A service account that a stack declares. roles: those that the stack grants it on its folder; owner: who answers for it, if anybody.

    component_urn: of the component that declares it, the parent of its keys; provider_urn: of the provider resource that serves them.
    """

    account_id: str
    name: str
    folder_id: str
    roles: frozenset[str] = frozenset()
    component_urn: str = ""
    provider_urn: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Secret:
    """A Lockbox secret that a stack declares. readers: members that the stack lets read it."""

    secret_id: str
    name: str
    folder_id: str
    readers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DeployedKey:
    """One `ApiKey` of a stack. `inputs` is what is wanted of it, as of the last `pulumi up`; `owner_mark` is what marks keys that are made for it.

    owner: who answers for it, if anybody; account_name and name: as the stack file has them, where the resource is named as our component names it.
    """

    stack: str
    urn: str
    account_name: str
    name: str
    inputs: Inputs
    state: State
    owner_mark: str
    account: Account | None = None
    secret: Secret | None = None
    owner: str = ""

    @property
    def path(self) -> str:
        """`account/key`, as the receipts name it."""
        return f"{self.account_name}/{self.name}"


@dataclass(frozen=True)
class Deployed:
    """A stack's accounts, secrets and keys."""

    stack: str
    accounts: Mapping[str, Account] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    keys: Sequence[DeployedKey] = ()


def deployed(stack: Stack) -> Deployed:
    """What `stack` holds. A key whose life has only begun (a run died in its first step) is left out: it is in no state to be judged.

    Raises CouldNotLook where a key's state is of a form that isn't known.
    """
    of_type: dict[str, list[Mapping[str, Any]]] = {}
    for resource in stack.resources:
        if not resource.get("delete"):
            of_type.setdefault(str(resource.get("type")), []).append(resource)
    # As the components were told them; a key that a program declares by itself has none.
    told = {str(resource["urn"]): resource.get("inputs") or {} for resource in of_type.get(_COMPONENT, ())}
    roles: dict[str, set[str]] = {}
    for member in (_outputs(resource) for resource in of_type.get(_ROLE, ())):
        roles.setdefault(_text(member, "member").removeprefix("serviceAccount:"), set()).add(_text(member, "role"))
    readers: dict[str, set[str]] = {}
    for member in (_outputs(resource) for resource in of_type.get(_READER, ())):
        readers.setdefault(_text(member, "secretId"), set()).add(_text(member, "member"))
    accounts = {
        str(resource["id"]): Account(
            str(resource["id"]),
            _text(values, "name"),
            _text(values, "folderId"),
            frozenset(roles.get(str(resource["id"]), ())),
            str(resource.get("parent", "")),
            str(resource.get("provider", "")).rpartition("::")[0],
            _text(told.get(str(resource.get("parent")), {}), "owner"),
        )
        for resource, values in ((it, _outputs(it)) for it in of_type.get(_ACCOUNT, ()))
    }
    secrets = {
        str(resource["id"]): Secret(
            str(resource["id"]),
            _text(values, "name"),
            _text(values, "folderId"),
            frozenset(readers.get(str(resource["id"]), ())),
        )
        for resource, values in ((it, _outputs(it)) for it in of_type.get(_SECRET, ()))
    }
    keys = [
        _key(stack.name, resource, accounts, secrets, told)
        for resource in of_type.get(_KEY, ())
        if "keyId" in _outputs(resource)
    ]
    return Deployed(stack.name, accounts, secrets, sorted(keys, key=lambda key: key.path))


def _key(
    stack: str,
    resource: Mapping[str, Any],
    accounts: Mapping[str, Account],
    secrets: Mapping[str, Secret],
    told: Mapping[str, Mapping[str, object]],
) -> DeployedKey:
    urn = str(resource["urn"])
    properties = _plain(_outputs(resource))
    try:
        state = state_of(properties)
        # The inputs lack what an import hasn't been told yet; the state has every input.
        inputs = inputs_of({**properties, **_plain(resource.get("inputs") or {})})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        named = f"{type(error).__name__} {error}" if isinstance(error, KeyError) else type(error).__name__
        raise CouldNotLook(
            f"stack {stack}: the state of {urn} isn't understood ({named}): was it written by another version? Run `pulumi up` once"
        ) from None
    account = accounts.get(inputs.service_account_id)
    resource_name = urn.split("::", 3)[3]
    component, _, name = resource_name.partition("/")
    secret = secrets.get(inputs.lockbox.secret_id) if inputs.lockbox else None
    provider_id = str(resource.get("provider", "")).rpartition("::")[2]
    owners = told.get(str(resource.get("parent")), {}).get("owners")
    return DeployedKey(
        stack,
        urn,
        account.name if account else component if name else inputs.service_account_id,
        name or resource_name,
        inputs,
        state,
        owner_of(provider_id, urn),
        account,
        secret,
        _text(owners, name) if isinstance(owners, Mapping) else "",
    )


def _outputs(resource: Mapping[str, object]) -> Mapping[str, object]:
    outputs = resource.get("outputs")
    return outputs if isinstance(outputs, Mapping) else {}


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    """`values` without what is encrypted (the secret of a key that is an output): nothing here has any use for it."""
    return {name: value for name, value in values.items() if not (isinstance(value, Mapping) and _SIGNATURE in value)}


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""
