"""What a stack file says, filled in. Fields are camelCase in the file and snake_case in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag
from pydantic.alias_generators import to_camel

from components import catalogue
from components.rule_book import key_rules, rotation_calendar
from components.spec import values as kind
from components.spec.shapes import Choice, Flag, Hundredths, Items, Status

Delivery = Literal["lockbox", "output", "both"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS_RIGHT = f"write days of {', '.join(rotation_calendar.DAYS)}, or leave `days` out for every day"


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        # A model that is part of another is built with that one, and not once more for itself.
        defer_build=True,
    )


OWNER_LABEL: Final = "owner"
"""The label that says the owner. It is the user's, and none of the mark's."""


def labels_with_owner(labels: Mapping[str, str], owner: str | None) -> dict[str, str]:
    """The labels, and the owner among them where there is one."""
    return {**labels, **({OWNER_LABEL: owner} if owner else {})}


class VerifySpec(_Model):
    """A harmless call, made with the new key before it counts."""

    url: kind.Url
    """Where to call; the new key goes along as `Authorization: Api-Key …`. `{folderId}` stands for the account's
    folder."""
    method: Annotated[Literal["GET", "HEAD", "POST"], Choice(key_rules.METHODS, "write GET, HEAD or POST")] = "GET"
    """The HTTP method."""
    expect_status: Annotated[int, Status()] = 200
    """The HTTP status that says that the key works."""
    timeout: kind.Wait = "60s"
    """How long all tries together may take, 1s to 1h: a new key isn't known to its service at once."""


Verify = Annotated[
    Annotated[bool, Flag("write true, false, or a mapping with a url"), Tag("<flag>")]
    | Annotated[VerifySpec, Tag("<call>")],
    Discriminator(lambda value: "<call>" if isinstance(value, dict | VerifySpec) else "<flag>"),
]


class WindowSpec(_Model):
    """A time of the week at which scheduled rotations may happen: while the clock of its time zone says so."""

    days: Annotated[
        tuple[Annotated[Day, Choice(rotation_calendar.DAYS, _DAYS_RIGHT)], ...], Items(_DAYS_RIGHT, least=1)
    ] = rotation_calendar.DAYS
    """The days on which it begins, by default every day."""
    begins: kind.TimeOfDay = Field(alias="from")
    """When it begins, such as "09:00"."""
    ends: kind.TimeOfDay = Field(alias="to")
    """When it ends, such as "17:00", or "24:00"; a time before `from` is on the next day."""
    timezone: kind.Timezone = "UTC"
    """A time zone of the tz database, such as Europe/Moscow."""


class FreezeSpec(_Model):
    """A time in which no scheduled rotation happens."""

    begins: kind.Moment = Field(alias="from")
    """When it begins: a day such as 2026-12-20 (from 00:00 UTC), or an RFC 3339 time."""
    until: kind.Moment
    """The first moment that is free again, written likewise."""
    why: kind.Why = ""
    """Your words, one line: they stand in previews."""


class Calendar(_Model):
    """When scheduled rotations happen. `defaults` says it for all keys, an account for its own, a key for itself."""

    spread: Annotated[int, Hundredths()] = 10
    """By how many hundredths of `rotateEvery`, 0 to 50, keys that are issued together move apart."""
    windows: Annotated[
        tuple[WindowSpec, ...],
        Items("list windows, each with from and to, or leave `windows` out", most=rotation_calendar.MOST_WINDOWS),
    ] = ()
    """When scheduled rotations may happen; any of them will do, and without any it is always. A reissue, a compromised
    key and a key that would expire wait for none, with a warning."""
    freezes: Annotated[
        tuple[FreezeSpec, ...],
        Items("list freezes, each with from and until, or leave `freezes` out", most=rotation_calendar.MOST_FREEZES),
    ] = ()
    """When scheduled rotations must not happen, whatever the windows."""


class Policy(Calendar):
    """How keys live. `defaults` says it for all of them, a key for itself."""

    lifetime: kind.Lifetime = "90d"
    """From issue to the key's own expiry, which the cloud enforces; 15m at least."""
    rotate_every: kind.Period = "30d"
    """How often a new key takes over; 15m at least. `rotateEvery + overlap` is at most `lifetime`."""
    overlap: kind.Period = "7d"
    """How long the previous key keeps working after a rotation: the time that consumers have to read the new one; 15m
    at least."""
    when_still_used: Annotated[
        Literal["extend", "retire"],
        Choice(
            ("extend", "retire"),
            "write extend (give it one more overlap, never past its lifetime) or retire (let it die)",
        ),
    ] = "extend"
    """What happens to a previous key that is still used at the end of its overlap."""
    deliver: Annotated[
        Delivery,
        Choice(
            ("lockbox", "output", "both"), "write lockbox, output or both: a key whose secret goes nowhere is of no use"
        ),
    ] = "lockbox"
    """Where the secret goes: into a Lockbox version, a secret output of the stack, or both."""
    verify: Verify = False
    """Whether a new key must make a call before it counts: `true` for the catalogue's call, or a call of your own."""


class Defaults(Policy):
    """`api-keys:defaults`: what keys take where they say nothing themselves."""

    owner: kind.Owner | None = None
    """Who answers for accounts and keys that name nobody themselves."""
    labels: kind.LabelMap = {}
    """Labels that every account has, beside its own."""
    protect: Annotated[bool, Flag()] = False
    """Whether the engine refuses to delete accounts and keys that don't say it themselves, with their secrets."""


class KeySpec(Policy):
    """One API key of an account."""

    name: kind.KeyName
    """Names the key within its account."""
    renamed_from: kind.KeyName | None = None
    """The key's name before, so that a rename keeps the key; may stay until another key gets that name."""
    description: kind.KeyDescription = ""
    """Your words; the provider adds its mark."""
    owner: kind.Owner | None = None
    """Who answers for the key, by default the account's owner."""
    labels: kind.LabelMap = {}
    """Labels beside the account's: in the key's receipt, and on its Lockbox secret where all keys of that secret have
    them."""
    uses: Annotated[tuple[kind.ServiceName, ...], Items("name a service, or leave `uses` out", least=1)] = ()
    """Services that the key is for; scopes and least-privilege roles follow from the catalogue."""
    scopes: Annotated[
        tuple[kind.Scope, ...],
        Items(
            "name a scope, or leave `scopes` out: no scope would mean the cloud's ten default ones",
            least=1,
            most=key_rules.SCOPES,
        ),
    ] = ()
    """Scopes on top of those that `uses` implies."""
    secret: kind.SecretName | None = None
    """The Lockbox secret's name, by default `<account>-<key>`. Keys of one account that name one secret share it."""
    secret_entry: kind.EntryKey = "api_key"
    """The entry of the Lockbox secret that holds the key's secret."""
    key_id_entry: kind.EntryKey = "api_key_id"
    """The entry of the Lockbox secret that holds the key's id."""
    reissue: kind.Reissue | None = None
    """A new text rotates the key now, with overlap; taking it out again rotates nothing."""
    compromised: Annotated[tuple[kind.KeyId, ...], Items("list the ids of keys that leaked")] = ()
    """Ids of keys that must stop working at once: replaced and deleted without overlap."""

    protect: Annotated[bool, Flag()] = False
    """Whether the engine refuses to delete the key and the Lockbox secret that it is delivered to, by default as the
    account says; to remove it, set this to false, run `pulumi up`, and then remove it."""

    @property
    def all_scopes(self) -> tuple[str, ...]:
        """What the key is issued with: `scopes` and what `uses` implies, sorted."""
        return tuple(sorted({*self.scopes, *catalogue.scopes_for(self.uses)}))

    @property
    def in_lockbox(self) -> bool:
        """Whether the secret is delivered to Lockbox."""
        return self.deliver in ("lockbox", "both")

    @property
    def as_output(self) -> bool:
        """Whether the secret is an output of the stack."""
        return self.deliver in ("output", "both")


class AccountSpec(Calendar):
    """One service account and its keys."""

    name: kind.AccountName
    """The service account's name, unique in the cloud."""
    renamed_from: kind.AccountName | None = None
    """The account's name before, so that a rename keeps the account and its keys; may stay until another account gets
    that name."""
    description: kind.AccountDescription = ""
    """What the account is for."""
    owner: kind.Owner | None = None
    """Who answers for the account and its keys: in receipts, findings and figures, and as the label `owner`. A change
    rotates nothing."""
    folder_id: kind.FolderId | None = None
    """The folder that the account, its roles and its secrets live in, by default the one of `yandex-keys:folderId`."""
    roles: Annotated[tuple[kind.Role, ...], Items("list roles, such as monitoring.viewer")] = ()
    """Roles on the folder, on top of those that the keys' `uses` imply."""
    readers: Annotated[tuple[kind.Reader, ...], Items("list readers, such as self")] = ()
    """Who may read the account's secrets in Lockbox: `self`, the account; `account:<name>`, another one of this file;
    or others as `serviceAccount:<id>`."""
    kms_key: kind.KmsKey = False
    """The KMS key that encrypts the account's secrets: `true` makes one and lets the readers use it; an id takes one
    that exists, and leaves its rights to you."""
    deletion_protection: Annotated[bool, Flag()] = False
    """Whether the cloud refuses to delete the account's secrets."""
    labels: kind.LabelMap = {}
    """Labels of the account's secrets and of its own KMS key."""
    listed_secrets: Annotated[
        tuple[kind.SecretName, ...], Items("list names of Lockbox secrets, such as translator-default")
    ] = Field(default=(), alias="secrets")
    """Lockbox secrets that stay though no key delivers there, or no longer: consumers move in two steps."""
    protect: Annotated[bool, Flag()] = False
    """Whether the engine refuses to delete the account, its secrets and those keys that don't say it themselves; to
    remove them, set this to false, run `pulumi up`, and then remove them."""
    keys: Annotated[tuple[KeySpec, ...], Items("list the account's keys, each with a name and what it uses")]
    """The account's API keys."""

    @property
    def all_roles(self) -> tuple[str, ...]:
        """What the account is granted: `roles` and what the keys' `uses` imply, sorted."""
        return tuple(sorted({*self.roles, *catalogue.roles_for(name for key in self.keys for name in key.uses)}))

    def secret_of(self, key: KeySpec) -> str | None:
        """The name of the Lockbox secret that `key` is delivered to, None where it goes to none."""
        return (key.secret or f"{self.name}-{key.name}") if key.in_lockbox else None

    @property
    def own_labels(self) -> dict[str, str]:
        """The labels of what belongs to no single key."""
        return labels_with_owner(self.labels, self.owner)

    def labels_of(self, secret: str) -> dict[str, str]:
        """The labels of the Lockbox secret of that name: of its keys where they agree, else of the account."""
        of_keys = [labels_with_owner(key.labels, key.owner) for key in self.keys if self.secret_of(key) == secret]
        agreed = {
            name: text
            for name, text in (of_keys[0] if of_keys else {}).items()
            if all(it.get(name) == text for it in of_keys)
        }
        return self.own_labels | agreed

    def protects(self, secret: str) -> bool:
        """Whether the engine is to refuse to delete the Lockbox secret of that name: as its keys say, and where it has
        none as the account does."""
        of_keys = [key.protect for key in self.keys if self.secret_of(key) == secret]
        return any(of_keys) if of_keys else self.protect

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the account's Lockbox secrets, each once: those that keys are delivered to, in the order of the
        keys, then those that are listed."""
        delivered = (name for key in self.keys if (name := self.secret_of(key)))
        return tuple(dict.fromkeys([*delivered, *self.listed_secrets]))


class Spec(_Model):
    """The stack file, read and filled in."""

    accounts: tuple[AccountSpec, ...]
