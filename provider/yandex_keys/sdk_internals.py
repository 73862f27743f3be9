"""Every private name of the Pulumi SDK and of the yandexcloud SDK that the plugin touches, each with its reason.

Import this module before the first import of `pulumi`. `tests/provider/test_sdk_internals.py` fails when one of them is
no longer needed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import json_format
from google.rpc import status_pb2

# Both SDKs ship generated code that registers the message `google.rpc.Status` under a file name of their own, and
# protobuf refuses the second ("duplicate symbol", seen with pulumi 3.259 and 3.272). The messages are identical, so
# Pulumi is handed the one of googleapis-common-protos.
sys.modules.setdefault("pulumi.runtime.proto.status_pb2", status_pb2)

from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # noqa: E402
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key  # noqa: E402

if TYPE_CHECKING:
    import pulumi
    import yandexcloud
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from pulumi.provider.experimental.provider import Provider
    from pulumi.runtime.proto.provider_pb2 import ConstructRequest, ConstructResponse

CHANNEL_OPTIONS: Final = _GRPC_CHANNEL_OPTIONS
"""States of any size travel between the engine and a plugin; gRPC's own limit is 4 MB. Pulumi's SDK has no public name
for its options."""
SIGNATURE_KEY: Final = _special_sig_key
"""The key by which a value on the wire says that it is a secret, an output, an asset or a reference: what lacks it in a
message has none of them. Pulumi's SDK has no public name for it."""
SECRET_SIGNATURE: Final = _special_secret_sig
"""What stands under that key where the value is a secret. Pulumi's SDK has no public name for it."""


def addresses(sdk: yandexcloud.SDK) -> Mapping[str, str]:
    """Where discovery says that each service is, by its id. Raises grpc.RpcError.

    Looked at before a token goes there; the SDK itself looks it up when it first needs it, and tells nobody.
    """
    found: Mapping[str, str] = sdk._channels.endpoints
    return found


def with_addresses_of(found: yandexcloud.SDK, sdk: yandexcloud.SDK) -> yandexcloud.SDK:
    """`sdk`, which goes where `found` has found the services, without asking for them again.

    The SDK takes addresses of services (`endpoints`), and looks them up all the same.
    """
    sdk._channels._endpoints = dict(addresses(found))
    return sdk


def token_request(key: Mapping[str, Any], private: RSAPrivateKey, endpoint: str) -> dict[str, Any]:
    """The request of `IamTokenService/Create` by which an authorized key, whose private part is `private`, becomes an
    IAM token. Raises where that signs nothing, or wrongly.

    The SDK makes one itself for each of its channels, each with a login of its own and without a deadline.
    """
    # A third of the plugin's start are these imports, and a run with nothing to do has no use for them.
    import jwt
    from yandexcloud._auth_fabric import ServiceAccountAuth

    request = ServiceAccountAuth({**key, "private_key": private}, endpoint).get_token_request()
    # A wrong signature would be refused by the cloud, and could tell of the key that made it.
    jwt.PyJWS().decode(request.jwt, private.public_key(), algorithms=["PS256"])
    return json_format.MessageToDict(request)


async def construct(
    request: ConstructRequest,
    components: Provider,
    version: str,
    engine_address: str,
    options: Callable[[ConstructRequest], pulumi.ResourceOptions],
) -> ConstructResponse:
    """The answer to `request`, by the SDK's own servicer of components; `options` are those that
    the request asks for.

    Its public `Construct` would end the call itself and write every frame into the error that users read; what the
    request asks for it turns into options that a resource can't take (aliases) or leaves out (`deletedWith`,
    `retainOnDelete`).
    """
    # What a program loads: for the first component, and not before.
    from pulumi.provider.experimental.server import ProviderServicer

    class Servicer(ProviderServicer):
        def _construct_options(self, request: ConstructRequest) -> pulumi.ResourceOptions:  # type: ignore[override]  # the SDK's is static
            return options(request)

    return await Servicer([], version, components, engine_address)._construct(request, None)
