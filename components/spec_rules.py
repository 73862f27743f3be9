"""The rules between fields, keys and accounts. Each looks only at what could be read, so that a slip hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from components import catalogue
from components.spec_errors import Place, Problem, did_you_mean
from components.spec_types import ACCOUNT_PREFIX, SECRET_NAME_LENGTH, account_of
from provider.yandex_keys.durations import format_duration, parse_duration
from provider.yandex_keys.key_rules import SCOPES

if TYPE_CHECKING:
    from components.spec import AccountSpec, Defaults, KeySpec, Policy
    from components.spec_reading import Reading

Named = TypeVar("Named", "AccountSpec", "KeySpec")
_SCHEDULE: Final = ("overlap", "rotateEvery", "lifetime")


def defaults_problems(default: Reading[Defaults]) -> Iterator[Problem]:
    """What is wrong between the fields of `defaults`."""
    if default.own.intersection(_SCHEDULE):
        yield from _schedule_problems(default, lambda field: "" if field in default.own else " (built in)")


def within_account(
    account: Reading[AccountSpec], keys: Sequence[Reading[KeySpec]], default: Reading[Defaults]
) -> Iterator[Problem]:
    """What is wrong between the fields of each key, and between the keys of an account."""
    for key in keys:
        # A default that can't be read is named where it stands; what follows from it is guesswork.
        if key.own.intersection(_SCHEDULE) and default.bad.isdisjoint(set(_SCHEDULE) - key.own):
            yield from _schedule_problems(key, partial(_source, key=key, default=default))
        yield from _purpose_problems(key)
        yield from _verify_problems(key)
    yield from _repeated_names(keys, "key of this account")
    yield from _rename_problems(keys, "key")
    yield from _entry_problems(account, keys)
    yield from _kept_under_an_old_name(account, keys)


def between_accounts(
    accounts: Sequence[Reading[AccountSpec]],
    keys: Sequence[Sequence[Reading[KeySpec]]],
    folder_id: str | None,
    elsewhere: Iterable[str],
) -> Iterator[Problem]:
    """What is wrong between accounts; `folder_id` is the folder of those that name none, where that is known; `elsewhere` are the names of accounts
    that readers may name as well."""
    yield from _reader_problems(accounts, elsewhere)
    yield from _repeated_names(accounts, "account")
    yield from _rename_problems(accounts, "account")
    owners: dict[tuple[str | None, str], tuple[Reading[AccountSpec], Place]] = {}
    for account, account_keys in zip(accounts, keys, strict=True):
        if not account.has("folderId"):
            continue
        for place, secret in _all_secrets(account, account_keys):
            where = (account.value.folder_id or folder_id, secret)
            owner, owners_place = owners.setdefault(where, (account, place))
            if owner is not account and owner.value.name != account.value.name:
                yield Problem(
                    place,
                    f"{secret} is a secret of {owner.value.name} already, by {owners_place}",
                    "write another name: a secret belongs to one account of its folder",
                )


def _reader_problems(accounts: Sequence[Reading[AccountSpec]], elsewhere: Iterable[str]) -> Iterator[Problem]:
    """Readers that are accounts which there are not."""
    named = {account.value.name: account.value for account in accounts if account.has("name")}
    now = {spec.renamed_from: name for name, spec in named.items() if spec.renamed_from}
    known = {*named, *elsewhere}
    for account in accounts:
        for index, reader in enumerate(account.value.readers if account.has("readers") else ()):
            other, place = account_of(reader), account.place / "readers" / index
            if account.has("name") and other == account.value.name:
                yield Problem(place, f"{reader} is the account itself", "write self")
            # An account whose name can't be read may be the one that is meant.
            elif other and other not in known and len(named) == len(accounts):
                yield Problem(
                    place, f"no account is called {other}", _reader_right(other, now, known - {account.value.name})
                )


def _reader_right(other: str, now: Mapping[str, str], known: Set[str]) -> str:
    if other in now:
        return f"it was renamed, write {ACCOUNT_PREFIX}{now[other]}"
    if not known:
        return "there are no other accounts: write self, or a kind and an id, such as serviceAccount:ajeexample"
    return did_you_mean(other, known, "accounts")


def _source(field: str, key: Reading[KeySpec], default: Reading[Defaults]) -> str:
    if field in key.own:
        return ""
    return " (from defaults)" if field in default.own and default.has(field) else " (built in)"


def _schedule_problems(reading: Reading[Policy], source: Callable[[str], str]) -> Iterator[Problem]:
    if not reading.has(*_SCHEDULE):
        return
    policy = reading.value
    lifetime, every, overlap = (parse_duration(text) for text in (policy.lifetime, policy.rotate_every, policy.overlap))
    if every + overlap <= lifetime:
        return
    field = next(field for field in _SCHEDULE if field in reading.own)
    figures = (
        f"rotateEvery {policy.rotate_every}{source('rotateEvery')} + overlap {policy.overlap}{source('overlap')} = "
        f"{format_duration(every + overlap)} is longer than lifetime {policy.lifetime}{source('lifetime')}"
    )
    yield Problem(
        reading.place / field,
        figures,
        f"shorten rotateEvery or overlap, or set lifetime to {format_duration(every + overlap)}",
    )


def _purpose_problems(key: Reading[KeySpec]) -> Iterator[Problem]:
    if not key.has("uses", "scopes"):
        return
    if not key.value.uses and not key.value.scopes:
        yield Problem(
            key.place, "says neither `uses` nor `scopes`", "add what the key is for, such as uses: [translate]"
        )
    elif (count := len(key.value.all_scopes)) > SCOPES:
        yield Problem(
            key.place / "scopes",
            f"with those of `uses` there are {count} scopes, the limit is {SCOPES}",
            "split the key",
        )


def _verify_problems(key: Reading[KeySpec]) -> Iterator[Problem]:
    uses = key.value.uses
    if not key.has("uses", "verify") or key.value.verify is not True or catalogue.probe_for(uses):
        return
    services = [catalogue.SERVICES[name] for name in uses]
    wrong = (
        f"the catalogue knows no harmless, free call for {', '.join(uses)}"
        if uses
        else "without `uses` there is no call to make"
    )
    by_header = [service for service in services if service.authentication is catalogue.Authentication.API_KEY_HEADER]
    host = next((host for service in by_header for host in service.hosts), "")
    if services and not by_header:
        right = f"write false: its keys travel by {services[0].authentication.value}, which no call of ours does"
        yield Problem(key.place / "verify", wrong, f"{right} (for a call of your own, verify: {{url: https://…}})")
    else:
        right = f"write one of your own, such as verify: {{url: https://{host or '<host>'}/…}}, or false"
        yield Problem(key.place / "verify", wrong, right)


def _repeated_names(readings: Sequence[Reading[Named]], what: str) -> Iterator[Problem]:
    for reading, first in _repeating(readings):
        yield Problem(
            reading.place / "name",
            f"{reading.value.name!r} is the name of {first.place} already",
            f"give each {what} its own name",
        )


def _repeating(readings: Sequence[Reading[Named]]) -> Iterator[tuple[Reading[Named], Reading[Named]]]:
    """Those whose name an earlier one has, each with that one."""
    first: dict[str, Reading[Named]] = {}
    for reading in readings:
        if reading.has("name") and (earlier := first.setdefault(reading.value.name, reading)) is not reading:
            yield reading, earlier


def _rename_problems(readings: Sequence[Reading[Named]], what: str) -> Iterator[Problem]:
    """Renames that the engine would refuse half-way, or carry out as nothing at all, or as a removal of live keys."""
    named = {reading.value.name: reading for reading in readings if reading.has("name")}
    renamed: dict[str, Place] = {}
    for reading in readings:
        before = reading.value.renamed_from
        if not reading.has("name", "renamedFrom") or before is None:
            continue
        place = reading.place / "renamedFrom"
        other = named.get(before)
        if before == reading.value.name:
            yield Problem(
                place, f"{before!r} is the name that the {what} has", "leave it out, or write the name before"
            )
        elif other is not None:
            swap = other.has("renamedFrom") and other.value.renamed_from == reading.value.name
            first = "two names are swapped in two steps, by a third name" if swap else "a name is taken when it is free"
            yield Problem(
                place,
                f"{before!r} is the name of {other.place} still",
                f"{first}: rename {other.place}, run `pulumi up`, then rename this one; or leave it out",
            )
        elif (elsewhere := renamed.setdefault(before, place)) != place:
            yield Problem(
                place, f"{elsewhere} says {before!r} already", f"a {what} goes on as one {what}: leave one out"
            )


def _kept_under_an_old_name(account: Reading[AccountSpec], keys: Sequence[Reading[KeySpec]]) -> Iterator[Problem]:
    """Where an account is renamed, the secret of one of its keys is kept under its old name and declared under its new one as well."""
    name, before = account.value.name, account.value.renamed_from
    if before in (None, name) or not account.has("name", "renamedFrom"):
        return
    declared = {secret: place for place, secret in _all_secrets(account, keys)}
    for secret, place in declared.items():
        new = f"{name}-{secret.removeprefix(f'{before}-')}"
        if secret.startswith(f"{before}-") and not secret.startswith(f"{name}-") and new in declared:
            yield Problem(
                place,
                f"the rename of the account makes {new} of {secret}, and both are declared",
                f"rename first, with secret: {secret} where it is to stay; then leave renamedFrom out, and move keys",
            )


def _all_secrets(account: Reading[AccountSpec], keys: Iterable[Reading[KeySpec]]) -> Iterator[tuple[Place, str]]:
    """The account's Lockbox secrets, each with the place that names it, where that can be told; one may come more than once."""
    yield from ((key.place / "secret", secret) for key, secret in _secrets(account, keys))
    if account.has("secrets"):
        yield from ((account.place / "secrets" / at, secret) for at, secret in enumerate(account.value.listed_secrets))


def _secrets(account: Reading[AccountSpec], keys: Iterable[Reading[KeySpec]]) -> Iterator[tuple[Reading[KeySpec], str]]:
    """The keys that are delivered to Lockbox, with the secret that each goes to, where that can be told."""
    for key in keys:
        named = key.value.secret is not None or (account.has("name") and key.has("name"))
        if key.has("deliver", "secret") and named and (secret := account.value.secret_of(key.value)):
            yield key, secret


def _entry_problems(account: Reading[AccountSpec], keys: Sequence[Reading[KeySpec]]) -> Iterator[Problem]:
    # Two keys of one name would share a secret and its entries by that alone.
    namesakes = [key for key, _ in _repeating(keys) if key.value.secret is None]
    owners: dict[tuple[str, str], Place] = {}
    for key, secret in _secrets(account, [key for key in keys if key not in namesakes]):
        if len(secret) > SECRET_NAME_LENGTH:
            yield Problem(
                key.place / "secret",
                f"{secret} has {len(secret)} characters, the limit is {SECRET_NAME_LENGTH}",
                "write a shorter name, such as secret: keys",
            )
        entries = {"secretEntry": key.value.secret_entry, "keyIdEntry": key.value.key_id_entry}
        taken = {
            field: owner
            for field, entry in entries.items()
            if key.has(field) and (owner := owners.setdefault((secret, entry), key.place / field)) != key.place / field
        }
        if len(taken) == 2 and key.own.isdisjoint(taken):
            own = " and ".join(f"{field}: {_own_entry(key, entry)}" for field, entry in entries.items())
            yield Problem(
                key.place / "secret",
                f"entries {' and '.join(entries.values())} of secret {secret} are taken by {' and '.join(map(str, taken.values()))}",
                f"write entries of its own, such as {own}",
            )
            continue
        for field, owner in taken.items():
            yield Problem(
                key.place / field,
                f"entry {entries[field]} of secret {secret} is taken by {owner}",
                f"write another entry, such as {_own_entry(key, entries[field])}",
            )


def _own_entry(key: Reading[KeySpec], entry: str) -> str:
    return f"{key.value.name.replace('-', '_')}_{entry}"
