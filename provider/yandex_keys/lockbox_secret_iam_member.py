"""`yandex-keys:index:LockboxSecretIamMember`: a role on a Lockbox secret, for those who read it."""

from __future__ import annotations

from .access_binding import AccessBinding, bound_to


class LockboxSecretIamMember(AccessBinding):
    """The verbs of one member's role on a Lockbox secret."""

    token = "yandex-keys:index:LockboxSecretIamMember"
    service = "SecretService"
    noun = "Lockbox secret"
    fields = bound_to("secretId")
