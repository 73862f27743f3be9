"""How a stack file is read: field by field first, then the rules between fields, on whatever could be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from components import catalogue, spec_rules
from components.spec import ACCOUNTS_RIGHT, AccountSpec, Defaults, KeySpec, Policy, Spec, VerifySpec
from components.spec_errors import Place, Problem, SpecError, did_you_mean, nearest, place, problems_of, shown

M = TypeVar("M", bound=BaseModel)
M_co = TypeVar("M_co", bound=BaseModel, covariant=True)

_STAND_IN: Final = "stand-in"
"""For a name that can't be read, so that the rest of its mapping still can; the rules between names leave it out."""


@dataclass(frozen=True)
class Reading(Generic[M_co]):
    """What could be read of one mapping: the good fields, defaults for the rest, and the wire names of the bad ones and
    of those that the user wrote (`own`)."""

    place: Place
    value: M_co
    bad: frozenset[str]
    own: frozenset[str]

    def has(self, *fields: str) -> bool:
        """Whether all of `fields` could be read."""
        return self.bad.isdisjoint(fields)


def read_spec(
    defaults: object, accounts: object, others: Iterable[str], folder_id: str | None, elsewhere: Iterable[str] = ()
) -> Spec:
    """See `components.spec.parse`; `elsewhere` are the names of accounts that readers may name as well."""
    known = ("defaults", "accounts")
    problems = [
        Problem(place(name), "unknown setting under api-keys", did_you_mean(name, known, "settings"))
        for name in sorted(others)
    ]
    default = _read(Defaults, {} if defaults is None else defaults, place("defaults"), problems)
    problems += spec_rules.defaults_problems(default)
    if not isinstance(accounts, list | tuple):
        wrong = "is missing" if accounts is None else f"{shown(accounts)} where a list belongs"
        raise SpecError([*problems, Problem(place("accounts"), wrong, ACCOUNTS_RIGHT)])
    readings = [
        _read_account(written, place("accounts", index), default, problems) for index, written in enumerate(accounts)
    ]
    problems += spec_rules.between_accounts(
        [account for account, _ in readings], [keys for _, keys in readings], folder_id, elsewhere
    )
    if problems:
        raise SpecError(problems)
    return Spec(accounts=tuple(_filled(account.value, [key.value for key in keys]) for account, keys in readings))


def _read_account(
    written: object, at: Place, default: Reading[Defaults], problems: list[Problem]
) -> tuple[Reading[AccountSpec], list[Reading[KeySpec]]]:
    account = _read(AccountSpec, written, at, problems, stand_in={"name": _STAND_IN, "keys": []}, apart="keys")
    listed = written.get("keys") if isinstance(written, dict) else None
    keys = [
        _read(
            KeySpec,
            _with_defaults(key, default),
            account.place / "keys" / index,
            problems,
            stand_in={"name": _STAND_IN},
            own=key,
        )
        for index, key in enumerate(listed if isinstance(listed, list | tuple) else ())
    ]
    problems += spec_rules.within_account(account, keys, default)
    return account, keys


def _read(
    model: type[M],
    written: object,
    at: Place,
    problems: list[Problem],
    *,
    stand_in: Mapping[str, object] | None = None,
    apart: str | None = None,
    own: object = None,
) -> Reading[M]:
    """Reads one mapping. `apart` is a field whose items the caller reads one by one; `own`, what the user wrote."""
    fields = _fields(model)
    mapping: dict[str, Any] = dict(written) if isinstance(written, dict) else {}
    if apart and isinstance(mapping.get(apart), list | tuple):
        mapping[apart] = []
    bad: frozenset[str] = frozenset()
    flaws: list[ErrorDetails] = []
    try:
        value = model.model_validate(mapping if isinstance(written, dict) else written, by_alias=True, by_name=False)
    except ValidationError as error:
        flaws = error.errors(include_url=False)
        bad = frozenset(str(flaw["loc"][0]) for flaw in flaws if flaw["loc"]) or fields
        good = {name: mapping[name] for name in fields - bad if name in mapping}
        value = model.model_validate({**(stand_in or {}), **good}, by_alias=True, by_name=False)
        # What follows from a field whose name is misspelt is guesswork, as it is where a value can't be read.
        bad |= {near for name in bad - fields if (near := nearest(name, fields)) and near not in mapping}
    name = getattr(value, "name", None)
    named = at.of(name) if name and "name" not in bad else at
    problems += problems_of(flaws, named, lambda location: _fields(VerifySpec) if location else fields)
    written_by_user = own if own is not None else written
    return Reading(
        named, value, bad, fields.intersection(written_by_user) if isinstance(written_by_user, dict) else frozenset()
    )


def _fields(model: type[BaseModel]) -> frozenset[str]:
    """A model's fields, as the file has them."""
    return frozenset(str(field.alias or name) for name, field in model.model_fields.items())


def _with_defaults(key: object, default: Reading[Defaults]) -> object:
    """`key` with what the file's defaults say where it says nothing; bad defaults are named once, where they stand."""
    if not isinstance(key, dict):
        return key
    given = default.value.model_dump(by_alias=True, include=set(Policy.model_fields))
    return {**{name: value for name, value in given.items() if name in default.own and name not in default.bad}, **key}


def _filled(account: AccountSpec, keys: list[KeySpec]) -> AccountSpec:
    """`account` with its keys, and the defaults that follow from other fields: secret name, catalogue call."""
    return account.model_copy(
        update={
            "keys": tuple(
                key.model_copy(update={"secret": account.secret_of(key), "verify": _verify_filled(key)}) for key in keys
            )
        }
    )


def _verify_filled(key: KeySpec) -> bool | VerifySpec:
    probe = catalogue.probe_for(key.uses) if key.verify is True else None
    return VerifySpec(url=probe.url, method=probe.method, expect_status=probe.expect_status) if probe else key.verify
