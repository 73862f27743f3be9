"""`ServiceAccountKeys`: one service account with its roles, its Lockbox secrets and its API keys.

Its children, and so their URNs, are named after the component's own name; nothing but a rename moves them:

| child | name |
|---|---|
| service account, own KMS key | `<name>` |
| role on the folder | `<name>/<role>` |
| readers of the own KMS key | `<name>/readers` |
| API key | `<name>/<key>` |
| Lockbox secret `<account>-<key>`, whether a key of that name delivers there or not | `<name>/<key>` |
| any other Lockbox secret | `<name>/secret/<secret>` |
| reader of a secret | `<the secret's name>/<reader>` |

A rename that the stack file tells (`renamedFrom`) is an alias of each: nothing is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import pulumi

from components import yandex
from components.debug_lines import withhold_values
from components.frames import without_frames
from components.refusal import Refusal
from components.rule_book import ACCOUNT_NAME, rotation_calendar
from components.settings import stack_provider
from components.spec import AccountSpec, KeySpec, SpecError, VerifySpec, parse_account
from components.spec.values import ACCOUNT_PREFIX, account_of
from pulumi_yandex_keys import (
    ApiKey,
    ApiKeyArgs,
    FreezeArgs,
    LockboxArgs,
    LockboxSecret,
    LockboxSecretArgs,
    LockboxSecretIamMember,
    LockboxSecretIamMemberArgs,
    VerifyArgs,
    WindowArgs,
)

READER_ROLE: Final = "lockbox.payloadViewer"
KMS_READER_ROLE: Final = "kms.keys.encrypterDecrypter"
FOLDER_ID: Final = "{folderId}"
"""Stands in a verifying call's address for the account's folder."""


class Reader(Protocol):
    """An account whose service account may read the secrets of another; a `ServiceAccountKeys` is one."""

    @property
    def service_account_id(self) -> pulumi.Output[str]: ...
    @property
    def renamed_from(self) -> str | None:
        """The account's name before."""


class ServiceAccountKeys(pulumi.ComponentResource):
    """A service account and its API keys, as one account of the stack file says it.

    `account` is a mapping as in the stack file, or an AccountSpec; `defaults` is what `api-keys:defaults` would be;
    `folder_id` is the folder where the account names none, by default the provider's; `accounts` are the others that
    its `readers` may name as `account:<name>`. `opts` are the component's own; without a provider of `yandex-keys`
    among them or its parent's, the stack's own settings count. All children have that one provider, pulumi-yandex's
    types too.

    Raises Refusal, a SpecError, which has every problem with `account` at once, before anything is declared; a program
    that lets it through ends with its lines alone.
    """

    service_account_id: pulumi.Output[str]
    receipts: Mapping[str, pulumi.Output[dict[str, str | dict[str, str]]]]
    """By the key's name, what people and consumers ask for, no secret among it: `keyId`, `maskedSecret`, `expiresAt`,
    `nextRotationAt`, where the secret is in Lockbox `lockboxSecretId` and `secretEntry`, and `owner` and `labels` where
    the key has them."""
    secrets: Mapping[str, pulumi.Output[str | None]]
    """By the key's name: the secrets of keys that are delivered as outputs; always Pulumi secrets."""

    @without_frames()
    def __init__(
        self,
        name: str,
        account: AccountSpec | Mapping[str, Any],
        *,
        defaults: Mapping[str, Any] | None = None,
        folder_id: pulumi.Input[str] | None = None,
        accounts: Mapping[str, Reader] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        withhold_values()
        self._accounts = accounts or {}
        given = account if isinstance(account, AccountSpec) else dict(account)
        try:
            spec = parse_account(given, defaults, accounts=self._accounts)
        except SpecError as error:
            raise Refusal(error.problems, f"the account of {name}") from None
        renamed = [pulumi.Alias(name=spec.renamed_from)] if spec.renamed_from else []
        merged = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=renamed))
        # Inputs, for the engine to tell while keys change whose they are: receipts come when all is done.
        owners = {key.name: key.owner for key in spec.keys if key.owner}
        told = {**({"owner": spec.owner} if spec.owner else {}), **({"owners": owners} if owners else {})} or None
        super().__init__("yandex-keys:index:ServiceAccountKeys", name, told, merged)
        self._own_provider = self.get_provider("yandex-keys:index:ApiKey") or stack_provider()
        self._yandex_provider = yandex.served_by(self._own_provider)
        self._name = name
        self._spec = spec
        self.renamed_from = spec.renamed_from
        self._folder_id = spec.folder_id or folder_id
        self.service_account = yandex.IamServiceAccount(
            name,
            name=spec.name,
            description=spec.description or None,
            folder_id=self._folder_id,
            # Names are unique in the cloud: the old account has to go before one of its name can be made elsewhere.
            opts=self._yandex_child(delete_before_replace=True, protect=spec.protect),
        )
        self.service_account_id = self.service_account.id
        self._kms_reader_bindings: list[pulumi.Resource] = []
        self._reader_bindings: dict[str, list[pulumi.Resource]] = {}
        self._kms_key_id = self._declare_kms_key()
        self.lockbox_secrets = {
            secret: self._declare_secret(secret, before) for secret, before in self._former_secret_children().items()
        }
        roles = [self._declare_role(role) for role in spec.all_roles]
        self.api_keys = {key.name: self._declare_key(key, roles) for key in spec.keys}
        self.receipts = {key.name: self._receipt(key) for key in spec.keys}
        self.secrets = {
            key.name: pulumi.Output.secret(self.api_keys[key.name].secret) for key in spec.keys if key.as_output
        }
        self.register_outputs(
            {"serviceAccountId": self.service_account_id, "receipts": self.receipts, "secrets": self.secrets}
        )

    def _child(self, *, before: Sequence[str] = (), **options: Any) -> pulumi.ResourceOptions:
        """The options of a child; `before` are names that it had."""
        aliases = [pulumi.Alias(name=name) for name in before]
        return pulumi.ResourceOptions(parent=self, **{"provider": self._own_provider, "aliases": aliases, **options})

    def _yandex_child(self, **options: Any) -> pulumi.ResourceOptions:
        """The options of a child of one of pulumi-yandex's types."""
        return self._child(provider=self._yandex_provider, **options)

    def _declare_role(self, role: str) -> pulumi.Resource:
        member: pulumi.Resource = yandex.ResourcemanagerFolderIamMember(
            f"{self._name}/{role}",
            # The folder that the account is in, whichever of stack file, settings and environment named it.
            folder_id=self.service_account.folder_id,
            role=role,
            member=self._member("self"),
            opts=self._yandex_child(),
        )
        return member

    def _member(self, reader: str) -> pulumi.Input[str]:
        account = self if reader == "self" else self._account(reader)
        return pulumi.Output.concat("serviceAccount:", account.service_account_id) if account else reader

    def _account(self, reader: str) -> Reader | None:
        """The account that a reader names, None where it names something else."""
        return self._accounts[account_of(reader)] if account_of(reader) else None

    def _declare_kms_key(self) -> pulumi.Input[str] | None:
        if not isinstance(self._spec.kms_key, bool):
            return self._spec.kms_key
        if not self._spec.kms_key or not self._spec.secrets:
            return None
        key = yandex.KmsSymmetricKey(
            self._name,
            name=self._spec.name,
            description=f"Encrypts the Lockbox secrets of {self._spec.name}",
            folder_id=self._folder_id,
            default_algorithm="AES_256",
            labels=self._spec.own_labels or None,
            opts=self._yandex_child(depends_on=[self.service_account], protect=self._spec.protect),
        )
        if self._spec.readers:
            # Who reads a secret under its own KMS key has to use that key as well (Lockbox docs, "Access management").
            # The key is ours alone, so owning the whole list of this role's members takes nothing from anybody.
            binding = yandex.KmsSymmetricKeyIamBinding(
                f"{self._name}/readers",
                symmetric_key_id=key.id,
                role=KMS_READER_ROLE,
                members=[self._member(reader) for reader in self._spec.readers],
                opts=self._yandex_child(),
            )
            self._kms_reader_bindings.append(binding)
        key_id: pulumi.Output[str] = key.id
        return key_id

    def _secret_child(self, secret: str) -> str:
        """The child's name of the Lockbox secret `secret`: it follows from that name alone, so that nothing else that
        changes replaces it."""
        word = secret.removeprefix(f"{self._spec.name}-")
        if word != secret and re.fullmatch(ACCOUNT_NAME, word, re.ASCII):
            return f"{self._name}/{word}"
        return f"{self._name}/secret/{secret}"

    def _former_secret_children(self) -> dict[str, list[str]]:
        """By secret, the names that its child may have had before a rename."""
        spec, keys = self._spec, {key.name for key in self._spec.keys}
        own, before = f"{spec.name}-", f"{spec.renamed_from}-"
        possible: list[tuple[str, str]] = []
        for secret in spec.secrets:
            if spec.renamed_from and secret.startswith(before) and not secret.startswith(own):
                # The account is renamed and the secret is not. The component's own alias makes the old account's child
                # of this one.
                possible.append((secret, f"{self._name}/{secret.removeprefix(before)}"))
            elif secret.removeprefix(own) not in keys:
                # So it was called while no key had that name.
                possible.append((secret, f"{self._name}/secret/{secret}"))
        for key in spec.keys:
            if key.renamed_from and spec.secret_of(key) == f"{own}{key.name}":
                possible.append((f"{own}{key.name}", f"{self._name}/{key.renamed_from}"))
        # Two resources of one alias are an error of the engine's, and so is an alias of what is declared itself.
        taken = {self._secret_child(secret) for secret in spec.secrets}
        former: dict[str, list[str]] = {secret: [] for secret in spec.secrets}
        for secret, child in possible:
            if child not in taken:
                taken.add(child)
                former[secret].append(child)
        return former

    def _declare_secret(self, secret: str, before: Sequence[str]) -> LockboxSecret:
        name = self._secret_child(secret)
        declared = LockboxSecret(
            name,
            LockboxSecretArgs(
                name=secret,
                folder_id=self._folder_id,
                description=f"API keys of service account {self._spec.name}",
                labels=self._spec.labels_of(secret) or None,
                kms_key_id=self._kms_key_id,
                deletion_protection=self._spec.deletion_protection,
            ),
            # Where the account's name is somebody else's, nothing is made beside it.
            opts=self._child(before=before, depends_on=[self.service_account], protect=self._spec.protects(secret)),
        )
        bindings = self._reader_bindings[secret] = []
        for reader in self._spec.readers:
            known_as = [reader, *self._former_names(reader)]
            _, *formerly = [f"{child}/{each}" for child in (name, *before) for each in known_as]
            binding = LockboxSecretIamMember(
                f"{name}/{reader}",
                LockboxSecretIamMemberArgs(secret_id=declared.id, role=READER_ROLE, member=self._member(reader)),
                opts=self._child(before=formerly),
            )
            bindings.append(binding)
        return declared

    def _former_names(self, reader: str) -> list[str]:
        """What the reader was called before its account was renamed."""
        account = self._account(reader)
        return [f"{ACCOUNT_PREFIX}{account.renamed_from}"] if account and account.renamed_from else []

    def _declare_key(self, key: KeySpec, roles: Sequence[pulumi.Resource]) -> ApiKey:
        return ApiKey(
            f"{self._name}/{key.name}",
            ApiKeyArgs(
                service_account_id=self.service_account_id,
                scopes=list(key.all_scopes),
                description=key.description or None,
                lifetime=key.lifetime,
                rotate_every=key.rotate_every,
                overlap=key.overlap,
                spread=key.spread,
                windows=[
                    WindowArgs(days=list(it.days), from_=it.begins, to=it.ends, timezone=it.timezone)
                    for it in key.windows
                ]
                or None,
                freezes=[
                    FreezeArgs(
                        from_=rotation_calendar.as_written(it.begins),
                        until=rotation_calendar.as_written(it.until),
                        why=it.why,
                    )
                    for it in key.freezes
                ]
                or None,
                reissue=key.reissue,
                compromised=list(key.compromised) or None,
                when_still_used=key.when_still_used,
                lockbox=self._lockbox(key),
                expose_secret=key.as_output,
                verify=self._verify(key.verify),
            ),
            # A key without its account's roles works nowhere: verifying it would fail, and so would its first consumer.
            # And one that nobody may read is of no use: a reader that doesn't exist is heard of before a key is issued,
            # and where `protect` refuses a key's end, its readers keep what they read (the engine deletes what depends
            # on others first, and stops there).
            opts=self._child(
                before=[f"{self._name}/{key.renamed_from}"] if key.renamed_from else [],
                depends_on=[*roles, *self._readers_of(key)],
                protect=key.protect,
            ),
        )

    def _readers_of(self, key: KeySpec) -> list[pulumi.Resource]:
        """What lets the readers of the key's Lockbox secret read it."""
        name = self._spec.secret_of(key)
        return [*self._reader_bindings[name], *self._kms_reader_bindings] if name else []

    def _lockbox(self, key: KeySpec) -> LockboxArgs | None:
        secret = self._secret(key)
        if secret is None:
            return None
        return LockboxArgs(secret_id=secret.id, secret_entry=key.secret_entry, key_id_entry=key.key_id_entry)

    def _secret(self, key: KeySpec) -> LockboxSecret | None:
        name = self._spec.secret_of(key)
        return self.lockbox_secrets[name] if name else None

    def _verify(self, call: bool | VerifySpec) -> VerifyArgs | None:
        if isinstance(call, bool):
            return None
        url: pulumi.Input[str] = call.url
        if FOLDER_ID in call.url:
            # The folder that the account is in, whichever of stack file, settings and environment named it.
            url = self.service_account.folder_id.apply(lambda folder_id: call.url.replace(FOLDER_ID, folder_id))
        return VerifyArgs(url=url, method=call.method, expect_status=call.expect_status, timeout=call.timeout)

    def _receipt(self, key: KeySpec) -> pulumi.Output[dict[str, str | dict[str, str]]]:
        api_key, secret = self.api_keys[key.name], self._secret(key)
        shown: dict[str, pulumi.Input[str] | dict[str, str]] = {
            "keyId": api_key.key_id,
            "maskedSecret": api_key.masked_secret,
            "expiresAt": api_key.expires_at,
            "nextRotationAt": api_key.next_rotation_at,
        }
        if secret:
            shown |= {"lockboxSecretId": secret.id, "secretEntry": key.secret_entry}
        if key.owner:
            shown["owner"] = key.owner
        if key.labels:
            shown["labels"] = dict(key.labels)
        return pulumi.Output.all(**shown)
