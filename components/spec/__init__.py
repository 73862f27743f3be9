"""What a stack file says: accounts, their keys and the defaults; filled in, or refused with every reason at once.

api-keys:defaults: { lifetime: 90d, rotateEvery: 30d, overlap: 7d }
api-keys:accounts:
  - name: translator
    readers: [self]
    keys:
      - { name: default, uses: [translate] }
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeVar

from components import catalogue
from components.spec import rules
from components.spec.models import (
    OWNER_LABEL,
    AccountSpec,
    Calendar,
    Defaults,
    FreezeSpec,
    KeySpec,
    Policy,
    Spec,
    VerifySpec,
    WindowSpec,
)
from components.spec.problems import Place, Problem, SpecError, did_you_mean, nearest, place, shown
from components.spec.reading import PartlyRead, read

__all__ = [
    "AccountSpec",
    "Defaults",
    "FreezeSpec",
    "KeySpec",
    "Policy",
    "Problem",
    "Spec",
    "SpecError",
    "VerifySpec",
    "WindowSpec",
    "account_problems",
    "parse",
    "parse_account",
]

ACCOUNTS_RIGHT: Final = "list the service accounts under api-keys:accounts"
_STAND_IN: Final = "stand-in"
"""For a name that can't be read, so that the rest of its mapping still can; the rules between names leave it out."""
_SETTINGS: Final = ("defaults", "accounts")

_Answered = TypeVar("_Answered", AccountSpec, KeySpec)
ReadAccount = tuple[PartlyRead[AccountSpec], Sequence[PartlyRead[KeySpec]]]


def parse(
    defaults: object,
    accounts: object,
    *,
    others: Iterable[str] = (),
    folder_id: str | None = None,
    run_every: timedelta | None = None,
) -> Spec:
    """`api-keys:defaults` (None where there are none) and `api-keys:accounts`, as read from YAML, filled in.

    `others` are further names under `api-keys:`; there are none that mean anything. `folder_id` is the folder of
    accounts that name none, `run_every` how often the stack is run, where these are known. Raises SpecError, which has
    every problem at once, and nothing else.
    """
    slips = sorted(others)
    problems = [
        Problem(place(name), "unknown setting under api-keys", did_you_mean(name, _SETTINGS, "settings"))
        for name in slips
    ]
    default = _read_defaults(defaults, problems, run_every)
    if isinstance(accounts, list | tuple):
        readable = [
            _read_account(written, place("accounts", index), default, problems, run_every)
            for index, written in enumerate(accounts)
        ]
        problems += rules.between_accounts(readable, folder_id)
    elif accounts is not None or "accounts" not in [nearest(name, _SETTINGS) for name in slips]:
        wrong = "is missing" if accounts is None else f"{shown(accounts)} where a list belongs"
        problems.append(Problem(place("accounts"), wrong, ACCOUNTS_RIGHT))
    if problems:
        raise SpecError(problems)
    return Spec(accounts=tuple(_filled(account) for account in readable))


def parse_account(account: object, defaults: object = None, *, accounts: Iterable[str] = ()) -> AccountSpec:
    """One account, for programs that have no stack file: a mapping as in the file, or an AccountSpec. `accounts` are
    the names of the others, which may be readers.

    Raises SpecError, as `parse` does; paths begin at the account: `keys[0].overlap`.
    """
    spec, problems = _checked(account, defaults, accounts)
    if problems:
        raise SpecError(problems, "the account")
    return spec


def account_problems(account: object, defaults: object = None, *, accounts: Iterable[str] = ()) -> list[Problem]:
    """All that `parse_account` would refuse an account for; each problem has its `path` below the account,
    `keys[0].overlap`, and its `text`."""
    return _checked(account, defaults, accounts)[1]


def _checked(account: object, defaults: object, others: Iterable[str]) -> tuple[AccountSpec, list[Problem]]:
    written = account.model_dump(by_alias=True, exclude_unset=True) if isinstance(account, AccountSpec) else account
    problems: list[Problem] = []
    readable = _read_account(written, Place(), _read_defaults(defaults, problems), problems)
    problems += rules.between_accounts([readable], None, others)
    return _filled(readable), problems


def _read_defaults(
    written: object, problems: list[Problem], run_every: timedelta | None = None
) -> PartlyRead[Defaults]:
    default = read(Defaults, {} if written is None else written, place("defaults"), problems)
    problems += rules.within_defaults(default, run_every)
    return default


def _read_account(
    written: object,
    at: Place,
    default: PartlyRead[Defaults],
    problems: list[Problem],
    run_every: timedelta | None = None,
) -> ReadAccount:
    listed = written.get("keys") if isinstance(written, dict) else None
    keys_apart = {**written, "keys": []} if isinstance(written, dict) and isinstance(listed, list | tuple) else written
    account = read(AccountSpec, keys_apart, at, problems, stand_in={"name": _STAND_IN, "keys": []})
    # Bad defaults are named once, where they stand.
    inherited = {
        name: value
        for source, fields in ((default, Policy), (account, Calendar))
        for name, value in source.spec.model_dump(by_alias=True, include={*fields.model_fields, "protect"}).items()
        if name in source.written and source.knows(name)
    }
    keys = [
        read(KeySpec, key, account.place / "keys" / index, problems, stand_in={"name": _STAND_IN}, defaults=inherited)
        for index, key in enumerate(listed if isinstance(listed, list | tuple) else ())
    ]
    problems += rules.within_account(account, keys, default, run_every)
    guarded = account.spec.protect if "protect" in account.written else default.spec.protect
    spec = _answered_for(account.spec, default.spec).model_copy(update={"protect": guarded})
    return replace(account, spec=spec), keys


def _filled(readable: ReadAccount) -> AccountSpec:
    """The account with its keys, and what follows from other fields: the secret's name, the catalogue's call."""
    account = readable[0].spec
    keys = [_answered_for(key.spec, account) for key in readable[1]]
    filled = [key.model_copy(update={"secret": account.secret_of(key), "verify": _verify_filled(key)}) for key in keys]
    return account.model_copy(update={"keys": tuple(filled)})


def _answered_for(spec: _Answered, over: Defaults | AccountSpec) -> _Answered:
    """The account or key with the owner and labels that it has from what is `over` it."""
    owner, labels = spec.owner or over.owner, {**over.labels, **spec.labels}
    if owner:
        labels.pop(OWNER_LABEL, None)  # the owner says it
    return spec.model_copy(update={"owner": owner, "labels": labels})


def _verify_filled(key: KeySpec) -> bool | VerifySpec:
    probe = catalogue.probe_for(key.uses) if key.verify is True else None
    return VerifySpec(url=probe.url, method=probe.method, expect_status=probe.expect_status) if probe else key.verify
