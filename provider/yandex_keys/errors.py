"""What can go wrong, as a tree.

YandexKeysError
├── ConfigurationError      the provider's settings or credentials
├── InvalidInput            property paths, each with what is wrong with it
├── Cancelled               the user asked to stop
├── PartialFailure          something exists, but it isn't all that was asked for
├── VerificationFailed      the service refused a new key
└── CloudError              a call that the cloud refused, or whose answer was lost
    ├── NotFound
    └── AlreadyExists

The text of an error is one or more plain sentences for the user; no error ever holds a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

AMBIGUOUS: Final = frozenset(
    {"UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "CANCELLED", "ABORTED", "DATA_LOSS"}
)
"""Codes after which a call may or may not have taken effect: the answer, not the call, is what is known to be lost."""

NEVER_TOOK_EFFECT: Final = frozenset({"INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION"})
"""What the cloud answers about the request itself, or about what it is for. Any other refusal may come from something
behind the call that has already done its work: quotas and rights are checked in more places than one."""


Problem = tuple[str, str]
"""A property path, and what is wrong there and what would be right."""


class YandexKeysError(Exception):
    """The root of all errors of this provider."""


class ConfigurationError(YandexKeysError):
    """The provider's settings or credentials can't be used; nothing was called."""


class Cancelled(YandexKeysError):
    """The run was asked to stop; the next `pulumi up` continues."""

    def __init__(self) -> None:
        super().__init__("stopped, as asked; the next `pulumi up` continues")


class VerificationFailed(YandexKeysError):
    """The service that a new key is for refused it."""


class InvalidInput(YandexKeysError):
    """Inputs that can't be used; `problems` says all that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(f"{path}: {reason}" for path, reason in problems))
        self.problems = list(problems)


class PartialFailure(YandexKeysError):
    """A create or update that got half-way: the engine is told what exists, so that the next `up` continues.

    `resource_id` and `state` are what the state file is to hold; `reasons` is what the user reads.
    """

    def __init__(self, resource_id: str, state: Mapping[str, Any], reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.resource_id = resource_id
        self.state = dict(state)
        self.reasons = list(reasons)


class CloudError(YandexKeysError):
    """A refused or unanswered call.

    code: the name of the gRPC code, e.g. `PERMISSION_DENIED`; call: e.g. `ApiKeyService/Create`; request_id: what
    Yandex Cloud's support asks for.
    """

    def __init__(self, call: str, code: str, message: str, request_id: str = "", resource: str = "") -> None:
        self.call, self.code, self.message, self.request_id, self.resource = call, code, message, request_id, resource
        where = f"{resource}: " if resource else ""
        trace = f" (request id {request_id})" if request_id else ""
        advice = remedy(call, code, message)
        self.uncertain = False
        """True where even a look at the cloud could not tell whether the call took effect."""
        self.operation: Mapping[str, Any] | None = None
        """The operation that reports this error or hasn't ended in time, where the call itself was answered."""
        super().__init__(
            f"{where}{call} failed with {code}: {message.rstrip('.')}{trace}." + (f" {advice}" if advice else "")
        )

    def saying(self, message: str) -> Self:
        """This error in other words than the cloud's `message`; of the same kind."""
        return type(self)(self.call, self.code, message, self.request_id, self.resource)

    def advising(self, advice: str) -> Self:
        """This error with `advice` after the cloud's own words."""
        return self.saying(f"{self.message.rstrip('.')}; {advice}")

    @property
    def ambiguous(self) -> bool:
        """True where the call may have taken effect although it failed."""
        return self.code in AMBIGUOUS


class NotFound(CloudError):
    """What the call is about doesn't exist (any more)."""


class AlreadyExists(CloudError):
    """The name is taken."""


def cloud_error(call: str, code: str, message: str, request_id: str = "", resource: str = "") -> CloudError:
    """The error of the tree that fits `code`."""
    kind = {"NOT_FOUND": NotFound, "ALREADY_EXISTS": AlreadyExists}.get(code, CloudError)
    return kind(call, code, message, request_id, resource)


# The roles that a deployer needs for each service's calls: Yandex Cloud's access control pages, and the table of
# docs/real-cloud.md.
_ROLES: Final = {
    "ApiKeyService": (
        "iam.serviceAccounts.apiKeyAdmin on the service account, or iam.serviceAccounts.admin on the folder"
    ),
    "ServiceAccountService": "iam.serviceAccounts.admin on the folder",
    "FolderService": "resource-manager.admin on the folder",
    "GroupService": "organization-manager.viewer on the organization",
    "UserAccountService": "organization-manager.viewer on the organization",
    "QuotaLimitService": "quota-manager.viewer on the cloud",
    "SymmetricKeyService": "kms.admin on the folder",
    "SecretService": "lockbox.editor on the folder (lockbox.admin to grant access to a secret)",
}


def remedy(call: str, code: str, message: str) -> str:
    """What the user can do about a failed call, in one sentence; empty where only the cloud's own words help."""
    service = call.partition("/")[0]
    if code == "PERMISSION_DENIED":
        if "policy" in message.lower():
            return "An organization policy forbids it, whatever the roles: ask the organization's administrator."
        return f"Grant the deployer {_ROLES.get(service, 'the role that this call needs')}."
    if "hostname verification" in message.lower():
        return (
            "The endpoint's certificate is for another host: check yandex-keys:endpoint or YC_ENDPOINT, and what "
            "stands between here and there."
        )
    if "CERTIFICATE" in message.upper() or "handshake" in message.lower():
        return (
            "The endpoint's certificate isn't trusted: set the environment variable YANDEX_KEYS_ROOT_CERTIFICATES to "
            "its authority."
        )
    # gRPC's resolvers say "DNS resolution failed" or "errors resolving api.example:443: … Domain name not found".
    if code == "UNAVAILABLE" and any(word in message.lower() for word in ("connect", "resolution", "resolving")):
        return (
            "The endpoint can't be reached: check yandex-keys:endpoint or YC_ENDPOINT, and the network; then run "
            "`pulumi up` again."
        )
    if code == "UNAUTHENTICATED":
        return "The deployer's credentials were refused: renew the token or the authorized key."
    if code == "RESOURCE_EXHAUSTED":
        return (
            "A quota or rate limit is reached: free what is not needed, or ask for a higher quota in the cloud's "
            "quota page."
        )
    if code == "NOT_FOUND" and call.endswith("/UpdateAccessBindings") and "subject" in message.lower():
        return "Nobody has that id: correct it under `readers` (in a program: `member`), then run `pulumi up` again."
    if code == "ALREADY_EXISTS":
        return "The name is taken: choose another one, or adopt what exists with `pulumi import`."
    if code in AMBIGUOUS:
        return "Run `pulumi up` again: it finishes what was begun."
    return ""
