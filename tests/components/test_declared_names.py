"""Whatever a right stack file says, the engine meets no name twice, no alias that is a name, and none of two resources: it would stop half-way."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from components.service_account_keys import ServiceAccountKeys
from components.spec import SpecError, parse
from tests.components.declared import Declared, run

# Few names, so that they meet each other often; some look like an account and a key of it.
NAMES: Final = ["abc", "abc-d", "new", "old"]
KEYS: Final = ["d", "e", "f", "d-e"]
SECRETS: Final = [*(f"{account}-{key}" for account in NAMES for key in KEYS), "shared"]


@st.composite
def keys(draw: st.DrawFn, name: str) -> dict[str, Any]:
    optional = {"renamedFrom": st.sampled_from(KEYS), "secret": st.sampled_from(SECRETS)}
    said: dict[str, Any] = draw(st.fixed_dictionaries({}, optional=optional))
    return {"name": name, "uses": ["translate"], "secretEntry": name, "keyIdEntry": f"{name}.id", **said}


@st.composite
def accounts(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
    return [
        {
            "name": name,
            "readers": ["self"],
            "keys": [draw(keys(key)) for key in draw(st.lists(st.sampled_from(KEYS), max_size=3, unique=True))],
            **draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "renamedFrom": st.sampled_from(NAMES),
                        "secrets": st.lists(st.sampled_from(SECRETS), max_size=2, unique=True),
                    },
                )
            ),
        }
        for name in names
    ]


def names_and_aliases(declared: Declared, renamed: dict[str, str]) -> tuple[Counter[str], Counter[str]]:
    """Of all resources, `<type> <name>`: what they are called, and what they were called, also by the renames of their accounts."""
    called: Counter[str] = Counter()
    was: Counter[str] = Counter()
    for kind, name in declared.requests:
        called[f"{kind} {name}"] += 1
        aliases = declared.aliases(kind, name)
        account = name.partition("/")[0]
        if account in renamed and kind != "ServiceAccountKeys":
            # The engine's own rule: a child's name that begins with its parent's goes on under the parent's alias.
            aliases |= {renamed[account] + each.removeprefix(account) for each in {name, *aliases}}
        was.update(f"{kind} {alias}" for alias in aliases)
    return called, was


@settings(max_examples=150, deadline=None)
@given(accounts())
def test_no_name_and_no_alias_meets_another(written: list[dict[str, Any]]) -> None:
    try:
        spec = parse(None, written)
    except SpecError:
        assume(False)
    declared = run(lambda: [ServiceAccountKeys(account.name, account) for account in spec.accounts] and None)
    renamed = {account.name: account.renamed_from for account in spec.accounts if account.renamed_from}
    called, was = names_and_aliases(declared, renamed)
    assert max(called.values()) == 1
    assert not [alias for alias, times in was.items() if times > 1 or alias in called]
    in_lockbox = [inputs["name"] for (kind, _), inputs in declared.inputs.items() if kind == "LockboxSecret"]
    assert len(set(in_lockbox)) == len(in_lockbox)
