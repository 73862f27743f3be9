"""The rules between fields, keys and accounts. Each looks only at what could be read, so that a slip hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar

from components import catalogue
from components.rule_book import LABELS, SECRET_NAME_LENGTH, durations, key_rules, rotation_calendar
from components.spec.models import (
    OWNER_LABEL,
    AccountSpec,
    Calendar,
    Defaults,
    FreezeSpec,
    KeySpec,
    Policy,
    WindowSpec,
    labels_with_owner,
)
from components.spec.problems import Place, Problem, did_you_mean
from components.spec.reading import PartlyRead
from components.spec.values import ACCOUNT_PREFIX, account_of

Named = TypeVar("Named", AccountSpec, KeySpec)
Answered = TypeVar("Answered", AccountSpec, KeySpec, Defaults)
Item = TypeVar("Item", WindowSpec, FreezeSpec)
_SCHEDULE: Final = ("overlap", "rotateEvery", "lifetime")
_CALENDAR: Final = ("windows", "freezes")


def within_defaults(default: PartlyRead[Defaults], run_every: timedelta | None) -> Iterator[Problem]:
    """What is wrong between the fields of `defaults`; `run_every` is how often the stack is run, where that is
    known."""
    if default.written.intersection(_SCHEDULE):
        yield from _schedule_problems(default, lambda field: "" if field in default.written else " (built in)")
    yield from _label_problems(default, [default])
    yield from _calendar_problems(default)
    if own := _first_of(_CALENDAR, default):
        yield from _unmet(default, default.place / own, run_every)


def within_account(
    account: PartlyRead[AccountSpec],
    keys: Sequence[PartlyRead[KeySpec]],
    default: PartlyRead[Defaults],
    run_every: timedelta | None,
) -> Iterator[Problem]:
    """What is wrong between the fields of each key, and between the keys of an account."""
    yield from _label_problems(account, [account, default])
    yield from _calendar_problems(account)
    yield from _unmet_calendars(account, keys, default, run_every)
    for key in keys:
        yield from _label_problems(key, [key, account, default])
        yield from _calendar_problems(key)
        # A default that can't be read is named where it stands; what follows from it is guesswork.
        if key.written.intersection(_SCHEDULE) and default.unreadable.isdisjoint(set(_SCHEDULE) - key.written):
            yield from _schedule_problems(key, partial(_source, key=key, default=default))
        yield from _purpose_problems(key)
        yield from _verify_problems(key)
    yield from _repeated_names(keys, "key of this account")
    yield from _rename_problems(keys, "key")
    yield from _entry_problems(account, keys)
    yield from _kept_under_an_old_name(account, keys)


def between_accounts(
    accounts: Sequence[tuple[PartlyRead[AccountSpec], Sequence[PartlyRead[KeySpec]]]],
    folder_id: str | None,
    others: Iterable[str] = (),
) -> Iterator[Problem]:
    """What is wrong between accounts, each with its keys; `folder_id` is the folder of those that name none, where that
    is known, and `others` are the names of further accounts that may be readers."""
    alone = [account for account, _ in accounts]
    yield from _reader_problems(alone, others)
    yield from _repeated_names(alone, "account")
    yield from _rename_problems(alone, "account")
    owners: dict[tuple[str | None, str], tuple[PartlyRead[AccountSpec], Place]] = {}
    for account, keys in accounts:
        if not account.knows("folderId"):
            continue
        for place, secret in _all_secrets(account, keys):
            where = (account.spec.folder_id or folder_id, secret)
            owner, owners_place = owners.setdefault(where, (account, place))
            if owner is not account and owner.spec.name != account.spec.name:
                yield Problem(
                    place,
                    f"{secret} is a secret of {owner.spec.name} already, by {owners_place}",
                    "write another name: a secret belongs to one account of its folder",
                )


def _reader_problems(accounts: Sequence[PartlyRead[AccountSpec]], others: Iterable[str]) -> Iterator[Problem]:
    """Readers that are accounts which there are not."""
    named = {account.spec.name: account.spec for account in accounts if account.knows("name")}
    now = {spec.renamed_from: name for name, spec in named.items() if spec.renamed_from}
    known = {*named, *others}
    for account in accounts:
        for index, reader in enumerate(account.spec.readers if account.knows("readers") else ()):
            other, place = account_of(reader), account.place / "readers" / index
            if account.knows("name") and other == account.spec.name:
                yield Problem(place, f"{reader} is the account itself", "write self")
            # An account whose name can't be read may be the one that is meant.
            elif other and other not in known and len(named) == len(accounts):
                yield Problem(
                    place, f"no account is called {other}", _reader_right(other, now, known - {account.spec.name})
                )


def _reader_right(other: str, now: Mapping[str, str], known: Set[str]) -> str:
    if other in now:
        return f"it was renamed, write {ACCOUNT_PREFIX}{now[other]}"
    if not known:
        return "there are no other accounts: write self, or a kind and an id, such as serviceAccount:ajeexample"
    return did_you_mean(other, known, "accounts")


def _source(field: str, key: PartlyRead[KeySpec], default: PartlyRead[Defaults]) -> str:
    if field in key.written:
        return ""
    return " (from defaults)" if field in default.written and default.knows(field) else " (built in)"


def _schedule_problems(policy: PartlyRead[Policy], source: Callable[[str], str]) -> Iterator[Problem]:
    if not policy.knows(*_SCHEDULE):
        return
    spec = policy.spec
    lifetime, every, overlap = (
        durations.parse_duration(text) for text in (spec.lifetime, spec.rotate_every, spec.overlap)
    )
    if every + overlap <= lifetime:
        return
    field = next(field for field in _SCHEDULE if field in policy.written)
    figures = (
        f"rotateEvery {spec.rotate_every}{source('rotateEvery')} + overlap {spec.overlap}{source('overlap')} = "
        f"{durations.format_duration(every + overlap)} is longer than lifetime {spec.lifetime}{source('lifetime')}"
    )
    yield Problem(
        policy.place / field,
        figures,
        f"shorten rotateEvery or overlap, or set lifetime to {durations.format_duration(every + overlap)}",
    )


def _label_problems(
    it: PartlyRead[Answered], answering: Sequence[PartlyRead[KeySpec] | PartlyRead[AccountSpec] | PartlyRead[Defaults]]
) -> Iterator[Problem]:
    """Labels that clash with the owner, or are too many with what is inherited. `answering`: itself, and what is over
    it."""
    if "labels" not in it.written or not all(each.knows("owner", "labels") for each in answering):
        return
    owner = next((each.spec.owner for each in answering if each.spec.owner), None)
    written = it.spec.labels.get(OWNER_LABEL)
    if owner and written not in (None, owner):
        yield Problem(
            it.place / "labels" / OWNER_LABEL,
            f"{written!r} isn't the owner, {owner!r}",
            "take the label out, for `owner` sets it",
        )
    inherited = {name for each in answering for name in labels_with_owner(each.spec.labels, each.spec.owner)}
    if len(it.spec.labels) <= LABELS < len(inherited):
        yield Problem(
            it.place / "labels",
            f"with what is inherited and the owner there are {len(inherited)} labels, the limit is {LABELS}",
            "take some out",
        )


def _calendar_problems(calendar: PartlyRead[Calendar]) -> Iterator[Problem]:
    """Windows that are never open, and freezes that end before they begin."""
    if "windows" in calendar.written and calendar.knows("windows"):
        yield from _refused(calendar.place / "windows", calendar.spec.windows, _window)
    if "freezes" in calendar.written and calendar.knows("freezes"):
        yield from _refused(calendar.place / "freezes", calendar.spec.freezes, _freeze)


def _refused(place: Place, items: Iterable[Item], read: Callable[[Item], object]) -> Iterator[Problem]:
    for index, item in enumerate(items):
        try:
            read(item)
        except ValueError as error:
            wrong, _, right = str(error).partition(": write ")
            yield Problem(place / index, wrong, f"write {right}")


def _window(spec: WindowSpec) -> rotation_calendar.Window:
    return rotation_calendar.window_of(frozenset(spec.days), spec.begins, spec.ends, spec.timezone)


def _freeze(spec: FreezeSpec) -> rotation_calendar.Freeze:
    return rotation_calendar.freeze_of(spec.begins, spec.until, spec.why)


def _first_of(fields: Iterable[str], policy: PartlyRead[Calendar]) -> str | None:
    return next((field for field in fields if field in policy.written), None)


def _unmet_calendars(
    account: PartlyRead[AccountSpec],
    keys: Sequence[PartlyRead[KeySpec]],
    default: PartlyRead[Defaults],
    run_every: timedelta | None,
) -> Iterator[Problem]:
    """What is wrong with the calendar of each key; what many keys take from the account is named once."""
    told: set[Place] = set()
    for key in keys:
        # What can't be read is named where it stands.
        if not account.knows(*_CALENDAR) or not default.unreadable.isdisjoint({*_SCHEDULE, *_CALENDAR} - key.written):
            continue
        own, shared = _first_of((*_CALENDAR, *_SCHEDULE), key), _first_of(_CALENDAR, account)
        if own is None and shared is None:
            continue  # as in the defaults, where they are looked at
        place = key.place / own if own else account.place / str(shared)
        if place not in told:
            told.add(place)
            yield from _unmet(key, place, run_every)


def _unmet(policy: PartlyRead[Policy], place: Place, run_every: timedelta | None) -> Iterator[Problem]:
    """A calendar that runs can't follow while a key waits."""
    if run_every is None or not policy.knows(*_SCHEDULE, *_CALENDAR):
        return
    spec = policy.spec
    lifetime, every, overlap = (
        durations.parse_duration(text) for text in (spec.lifetime, spec.rotate_every, spec.overlap)
    )
    try:
        calendar = rotation_calendar.Calendar(tuple(map(_window, spec.windows)), tuple(map(_freeze, spec.freezes)))
    except ValueError:
        return
    # Where even a schedule without a calendar doesn't fit, that is what is said.
    if every + overlap <= lifetime and (
        unmet := key_rules.calendar_problem(lifetime, every, overlap, calendar, run_every)
    ):
        yield Problem(place, *unmet)


def _purpose_problems(key: PartlyRead[KeySpec]) -> Iterator[Problem]:
    if not key.knows("uses", "scopes"):
        return
    if not key.spec.uses and not key.spec.scopes:
        yield Problem(
            key.place, "says neither `uses` nor `scopes`", "add what the key is for, such as uses: [translate]"
        )
    elif (count := len(key.spec.all_scopes)) > key_rules.SCOPES:
        yield Problem(
            key.place / "scopes",
            f"with those of `uses` there are {count} scopes, the limit is {key_rules.SCOPES}",
            "split the key",
        )


def _verify_problems(key: PartlyRead[KeySpec]) -> Iterator[Problem]:
    uses = key.spec.uses
    if not key.knows("uses", "verify") or key.spec.verify is not True or catalogue.probe_for(uses):
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


def _repeated_names(named_things: Sequence[PartlyRead[Named]], what: str) -> Iterator[Problem]:
    for each, first in _repeating(named_things):
        yield Problem(
            each.place / "name",
            f"{each.spec.name!r} is the name of {first.place} already",
            f"give each {what} its own name",
        )


def _repeating(named_things: Sequence[PartlyRead[Named]]) -> Iterator[tuple[PartlyRead[Named], PartlyRead[Named]]]:
    """Those whose name an earlier one has, each with that one."""
    first: dict[str, PartlyRead[Named]] = {}
    for each in named_things:
        if each.knows("name") and (earlier := first.setdefault(each.spec.name, each)) is not each:
            yield each, earlier


def _rename_problems(named_things: Sequence[PartlyRead[Named]], what: str) -> Iterator[Problem]:
    """Renames that the engine would refuse half-way, or carry out as nothing at all, or as a removal of live keys."""
    named = {each.spec.name: each for each in named_things if each.knows("name")}
    renamed: dict[str, Place] = {}
    for each in named_things:
        before = each.spec.renamed_from
        if not each.knows("name", "renamedFrom") or before is None:
            continue
        place = each.place / "renamedFrom"
        other = named.get(before)
        if before == each.spec.name:
            yield Problem(
                place, f"{before!r} is the name that the {what} has", "leave it out, or write the name before"
            )
        elif other is not None:
            swap = other.knows("renamedFrom") and other.spec.renamed_from == each.spec.name
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


def _kept_under_an_old_name(account: PartlyRead[AccountSpec], keys: Sequence[PartlyRead[KeySpec]]) -> Iterator[Problem]:
    """Where an account is renamed, the secret of one of its keys is kept under its old name and declared under its new
    one as well."""
    name, before = account.spec.name, account.spec.renamed_from
    if before in (None, name) or not account.knows("name", "renamedFrom"):
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


def _all_secrets(account: PartlyRead[AccountSpec], keys: Iterable[PartlyRead[KeySpec]]) -> Iterator[tuple[Place, str]]:
    """The account's Lockbox secrets, each with the place that names it, where that can be told; one may come more than
    once."""
    yield from ((key.place / "secret", secret) for key, secret in _secrets(account, keys))
    if account.knows("secrets"):
        yield from ((account.place / "secrets" / at, secret) for at, secret in enumerate(account.spec.listed_secrets))


def _secrets(
    account: PartlyRead[AccountSpec], keys: Iterable[PartlyRead[KeySpec]]
) -> Iterator[tuple[PartlyRead[KeySpec], str]]:
    """The keys that are delivered to Lockbox, with the secret that each goes to, where that can be told."""
    for key in keys:
        named = key.spec.secret is not None or (account.knows("name") and key.knows("name"))
        if key.knows("deliver", "secret") and named and (secret := account.spec.secret_of(key.spec)):
            yield key, secret


def _entry_problems(account: PartlyRead[AccountSpec], keys: Sequence[PartlyRead[KeySpec]]) -> Iterator[Problem]:
    # Two keys of one name would share a secret and its entries by that alone.
    namesakes = {key.place for key, _ in _repeating(keys) if key.spec.secret is None}
    owners: dict[tuple[str, str], Place] = {}
    for key, secret in _secrets(account, [key for key in keys if key.place not in namesakes]):
        if len(secret) > SECRET_NAME_LENGTH:
            yield Problem(
                key.place / "secret",
                f"{secret} has {len(secret)} characters, the limit is {SECRET_NAME_LENGTH}",
                "write a shorter name, such as secret: keys",
            )
        entries = {"secretEntry": key.spec.secret_entry, "keyIdEntry": key.spec.key_id_entry}
        taken = {
            field: owner
            for field, entry in entries.items()
            if key.knows(field)
            and (owner := owners.setdefault((secret, entry), key.place / field)) != key.place / field
        }
        if len(taken) == 2 and key.written.isdisjoint(taken):
            both, owners_of_both = " and ".join(entries.values()), " and ".join(map(str, taken.values()))
            own = " and ".join(f"{field}: {_own_entry(key, entry)}" for field, entry in entries.items())
            yield Problem(
                key.place / "secret",
                f"entries {both} of secret {secret} are taken by {owners_of_both}",
                f"write entries of its own, such as {own}",
            )
            continue
        for field, owner in taken.items():
            yield Problem(
                key.place / field,
                f"entry {entries[field]} of secret {secret} is taken by {owner}",
                f"write another entry, such as {_own_entry(key, entries[field])}",
            )


def _own_entry(key: PartlyRead[KeySpec], entry: str) -> str:
    return f"{key.spec.name.replace('-', '_')}_{entry}"
