"""One component of a program in any language: made by the class that this project's own program uses, in the SDK's own
servicer of components.

Imported by `construct.py` when the first component is asked for: it loads what a program loads.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pulumi
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import ConstructRequest, ConstructResponse, Provider
from pulumi.resource import DependencyProviderResource, DependencyResource
from pulumi.runtime import rpc
from pulumi.runtime.proto import alias_pb2, provider_pb2
from pulumi.runtime.stack import ResourceRegistrationFailed

from components.service_account_keys import ServiceAccountKeys
from components.spec import SpecError, parse_account

from . import sdk_internals
from .errors import InvalidInput, YandexKeysError
from .properties import is_unknown, plain
from .version import VERSION

TOKEN: Final = "yandex-keys:index:ServiceAccountKeys"
# The one input that decides nothing but where things are: it may be another resource's output.
_FOLDER: Final = "folderId"
_NOT_KNOWN: Final = (
    "not known yet, and it decides which resources there are: write a value that a preview knows, or declare that resource by itself, "
    "such as a reader by LockboxSecretIamMember"
)
_SECRET: Final = (
    "a secret, and nothing there is one: write it in plain text or leave it out; the state would hold it in plain text"
)
# A stack file has a list of accounts; here there is one, and its fields are the component's own inputs.
_ACCOUNT: Final = re.compile(r"\baccounts\[0\]\.")


async def construct(
    request: provider_pb2.ConstructRequest, provider_urn: str, provider_id: str, engine_address: str
) -> provider_pb2.ConstructResponse:
    """The answer to `request`. See `construct.Constructions`."""
    own = DependencyProviderResource(f"{provider_urn}::{provider_id or rpc.UNKNOWN}")
    try:
        return await sdk_internals.construct(
            request, _Components(), VERSION, engine_address, lambda request: _options(request, own)
        )
    except ResourceRegistrationFailed:
        # With `--continue-on-error`; without, the engine ends the run.
        raise YandexKeysError("not all of it could be made; the errors of its resources say why") from None


def _options(request: provider_pb2.ConstructRequest, own: pulumi.ProviderResource) -> pulumi.ResourceOptions:
    """What the request asks for; one provider serves all children, the one that the engine asks."""
    return pulumi.ResourceOptions(
        aliases=[_alias(alias) for alias in request.aliases],
        deleted_with=DependencyResource(request.deletedWith) if request.deletedWith else None,
        depends_on=[DependencyResource(urn) for urn in request.dependencies],
        parent=DependencyResource(request.parent) if request.parent else None,
        # Not asked of the parent: the SDK knows no more of it than its URN.
        protect=request.protect,
        providers={"yandex-keys": own},
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
    )


class _Components(Provider):
    async def construct(self, request: ConstructRequest) -> ConstructResponse:
        if request.resource_type != TOKEN:
            raise InvalidInput([("", f"{request.resource_type} is no component of this provider; it has {TOKEN}")])
        made = declare(request.name, request.inputs, request.options)
        secrets: pulumi.Output[Any] = pulumi.Output.from_input(made.secrets)
        outputs = {
            "serviceAccountId": made.service_account_id,
            "receipts": pulumi.Output.from_input(made.receipts),
            # One secret: of secrets within a plain value YAML programs see nothing.
            "secrets": pulumi.Output.secret(secrets),
        }
        depends: dict[str, list[pulumi.Resource]] = {}
        state = PropertyValue.unmarshal_map(await rpc.serialize_properties(outputs, depends))
        urns = {name: {str(await it.urn.future()) for it in resources} for name, resources in depends.items()}
        return ConstructResponse(
            str(await made.urn.future()),
            {name: value.with_dependencies(urns.get(name, ())) for name, value in state.items()},
            urns,
        )


def declare(name: str, inputs: Mapping[str, PropertyValue], options: pulumi.ResourceOptions) -> ServiceAccountKeys:
    """The component of an account that is given as `inputs`. Raises InvalidInput, which has every problem, before
    anything is declared."""
    given = dict(inputs)
    folder_id = _output(given.pop(_FOLDER)) if _is_output(given.get(_FOLDER)) else None
    if problems := [problem for field, value in given.items() for problem in _unusable(value, field)]:
        raise InvalidInput(problems)
    try:
        account = parse_account(plain(given))
    except SpecError as error:
        raise InvalidInput(
            [(_ACCOUNT.sub("", it.path), _ACCOUNT.sub("", f"{it.wrong}: {it.right}")) for it in error.problems]
        ) from None
    return ServiceAccountKeys(name, account, folder_id=folder_id, opts=options)


def _is_output(value: PropertyValue | None) -> bool:
    return value is not None and bool(
        value.is_secret or value.dependencies or is_unknown(plain({"it": value}).get("it"))
    )


def _output(value: PropertyValue) -> pulumi.Output[str]:
    """The value as a program has it: with what it depends on, and maybe not known yet."""
    bare = plain({"it": value}).get("it")
    resources = {DependencyResource(urn) for urn in value.dependencies}
    known = not is_unknown(bare)
    return pulumi.Output(_done(resources), _done(bare if known else None), _done(known), _done(value.is_secret))


def _done(value: Any) -> asyncio.Future[Any]:
    future = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


def _unusable(value: PropertyValue, path: str) -> Iterator[tuple[str, str]]:
    if value.is_secret:
        yield path, _SECRET
    elif isinstance(value.value, Mapping):
        for name, item in value.value.items():
            yield from _unusable(item, f"{path}.{name}")
    elif isinstance(value.value, (list, tuple)):
        for at, item in enumerate(value.value):
            yield from _unusable(item, f"{path}[{at}]")
    elif is_unknown(plain({"it": value}).get("it")):
        yield path, _NOT_KNOWN


def _alias(alias: alias_pb2.Alias) -> pulumi.Alias | str:
    if alias.WhichOneof("alias") == "urn":
        return str(alias.urn)
    spec = alias.spec
    told: dict[str, Any] = {"name": spec.name, "type_": spec.type, "stack": spec.stack, "project": spec.project}
    told = {name: it for name, it in told.items() if it}
    if spec.WhichOneof("parent") == "parentUrn":
        told["parent"] = spec.parentUrn
    elif spec.noParent:
        told["parent"] = pulumi.ROOT_STACK_RESOURCE
    return pulumi.Alias(**told)
