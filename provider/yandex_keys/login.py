"""Getting to the cloud: logging in and finding where its services are, with a deadline and a few tries for each
step."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import grpc

from . import sdk_internals
from .cloud import LOGIN, UNREACHED, Cloud, Connector, failure_of
from .credentials import Credentials, signing_key, unreadable_key
from .errors import CloudError, ConfigurationError
from .patience import Patience

if TYPE_CHECKING:
    import yandexcloud

# The ids, in discovery's answer, of the services that we call: these addresses are sent a token.
_SERVICE_IDS: Final = ("iam", "kms", "lockbox", "operation", "resource-manager")


@dataclass
class Login(Connector):
    """How to get to the cloud: log in, and find where its services are.

    may_answer: which addresses discovery may name for a service; root_certificates: PEM, or None for gRPC's own. step:
    what is being waited for, in words.
    """

    endpoint: str
    root_certificates: bytes | None
    credentials: Credentials
    user_agent: str
    may_answer: Callable[[str], bool] = lambda address: True
    step: str = field(default="", init=False)

    def sdk(self, patience: Patience, wait: Callable[[float], bool]) -> yandexcloud.SDK:
        """The SDK, logged in, its services found. An authorized key is exchanged for one IAM token here, rather than by
        each channel of the SDK.

        Raises ConfigurationError where the endpoint can't be reached or refuses the credentials: nothing that matters
        has been called by then.
        """
        token = self.credentials.iam_token
        if self.credentials.ask is not None:
            self.step = self.credentials.asked
            token = self.credentials.ask()
        if self.credentials.service_account_key is None:
            return self._found(patience, iam_token=token)
        key = dict(self.credentials.service_account_key)
        entry = self._found(patience, service_account_key=key)
        return sdk_internals.with_addresses_of(
            entry, self._made(patience, iam_token=self._token_for(key, entry, patience, wait))
        )

    def _token_for(
        self, key: dict[str, Any], sdk: yandexcloud.SDK, patience: Patience, wait: Callable[[float], bool]
    ) -> str:
        # `wait` ends the tries of a login that nobody waits for any more.
        hurry = replace(patience, call=patience.login_call)
        entry = Cloud(sdk, patience=hurry, wait=wait)
        self.step = f"an IAM token for {self.credentials.source}"
        try:
            request = sdk_internals.token_request(key, signing_key(key), self.endpoint)
        except Exception:  # a key whose numbers don't fit each other; what the SDK says of it may quote it
            raise unreadable_key(self.credentials.source) from None
        try:
            answer = entry.call(LOGIN, request, self.credentials.source)
        except CloudError as error:
            raise ConfigurationError(f"endpoint {self.endpoint}: {error}") from None
        return str(answer["iam_token"])

    def _made(self, patience: Patience, **credentials: Any) -> yandexcloud.SDK:
        """The SDK with these credentials; it has called nothing."""
        # A third of the plugin's start is this import, and a run with nothing to do has no use for it.
        import yandexcloud

        return yandexcloud.SDK(
            endpoint=self.endpoint,
            root_certificates=self.root_certificates,
            user_agent=self.user_agent,
            retry_policy=_Discovery(patience),
            **credentials,
        )

    def _found(self, patience: Patience, **credentials: Any) -> yandexcloud.SDK:
        """The SDK with these credentials, after its discovery, which it makes only once."""
        self.step = "the list of its services"
        sdk = self._made(patience, **credentials)
        try:
            services = sdk_internals.addresses(sdk)
        except grpc.RpcError as error:
            failure = failure_of("ApiEndpointService/List", error, f"endpoint {self.endpoint}")
            if failure.code == "DEADLINE_EXCEEDED":
                said = f"endpoint {self.endpoint}: it hasn't answered within {patience.login_call:g} s; {UNREACHED}"
                raise ConfigurationError(said) from None
            raise ConfigurationError(str(failure)) from None
        for name in _SERVICE_IDS:
            if name in services and not self.may_answer(services[name]):
                said = "it is at an address that a stack file may not choose, so nothing was sent there"
                remedy = (
                    "if it is right, set YC_ENDPOINT where `pulumi` runs, and take yandex-keys:endpoint out of the "
                    "stack"
                )
                raise ConfigurationError(f"endpoint {self.endpoint} says of the service {name} that {said}; {remedy}")
        return sdk


@dataclass(frozen=True)
class _Discovery:
    """A deadline and a few tries for the one call that the SDK makes by itself, without any: finding the services'
    addresses.

    The SDK takes gRPC's service config by the name of a retry policy.
    """

    patience: Patience

    def to_json(self) -> str:
        """The service config; it names that one service, so no other call is ever repeated behind our back."""
        tries = {
            "maxAttempts": self.patience.attempts,
            "initialBackoff": f"{self.patience.first_delay}s",
            "maxBackoff": f"{self.patience.longest_delay}s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
        }
        name = [{"service": "yandex.cloud.endpoint.ApiEndpointService"}]
        return json.dumps(
            {"methodConfig": [{"name": name, "timeout": f"{self.patience.login_call}s", "retryPolicy": tries}]}
        )
