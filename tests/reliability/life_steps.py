"""The steps of a key's life, each from the moment before it to the command that takes it, and what is right after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from typing import Any, Final

from tests.reliability import programs
from tests.reliability.programs import key
from tests.reliability.promises import LITTER
from tests.reliability.scene import Scene
from tests.reliability.small_engine import Declaration, Outcome

Program = Callable[[Scene], Sequence[Declaration]]


def _nothing(scene: Scene) -> None:
    """A step that begins with an empty stack."""


@dataclass(frozen=True)
class Step:
    """A step: `arrange` brings the case to the moment before, `program` is what the command then finds declared.

    keys: the keys that are declared afterwards, with the entry of the secret that each is delivered to (None: an output alone).
    new: whether the current key is another one afterwards than the one noted as `old`; previous, dead: notes of keys in their overlap, and of those
    that must not work any more. runs: how many plain runs heal it (an import rotates only in the run after it). served: whether consumers of
    Lockbox must hold a working key all the time. tolerates: kinds of wrong that are none here: a version that is current as its key is deleted
    can't be scheduled for destruction, and stays.
    """

    name: str
    program: Program
    arrange: Callable[[Scene], None] = _nothing
    _: KW_ONLY
    keys: tuple[tuple[str, str | None, str | None], ...] = (("key", "secret", "api_key"),)
    new: bool = True
    previous: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()
    refresh: bool = False
    runs: int = 1
    served: bool = True
    expect: tuple[tuple[str, Any], ...] = ()
    tolerates: tuple[str, ...] = ()

    def act(self, scene: Scene) -> Outcome:
        """The command."""
        return scene.stack.up(self.program(scene), refresh=self.refresh)


def _with(*keys: Declaration, more: Callable[[Scene], Sequence[Declaration]] = lambda _: ()) -> Program:
    return lambda scene: scene.program(*keys, more=more(scene))


def _issued(*keys: Declaration, then: str = "") -> Callable[[Scene], None]:
    def arrange(scene: Scene) -> None:
        scene.up(*keys)
        scene.note("old")
        if then:
            scene.bench.advance(then)

    return arrange


def _rotated(*keys: Declaration, then: str, use: bool = False) -> Callable[[Scene], None]:
    def arrange(scene: Scene) -> None:
        scene.up(*keys)
        scene.note("first")
        scene.bench.advance("31d")
        scene.up(*keys)
        scene.note("old")
        scene.bench.advance(then)
        if use:
            assert scene.bench.accepts(scene.secrets["first"])

    return arrange


def _listing(note: str) -> Program:
    """The key with the noted one listed as compromised."""
    return lambda scene: scene.program(key(compromised=[scene.notes[note]]))


def _ground(scene: Scene) -> None:
    scene.up()


def _by_hand(scene: Scene) -> None:
    """A key that a colleague made."""
    scene.up()
    account = scene.stack.resources["account"].id
    request = {"service_account_id": account, "description": "made by hand", "scopes": [programs.SCOPE]}
    made = scene.bench.by_hand("ApiKeyService/Create", {**request, "expires_at": _in_days(scene, 60)})
    scene.notes["old"], scene.secrets["old"] = made["api_key"]["id"], made["secret"]


def _in_days(scene: Scene, days: int) -> str:
    return (scene.bench.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _imported(scene: Scene) -> None:
    _by_hand(scene)
    scene.up(key(imports=scene.notes["old"]))


def _deleted_behind_our_back(scene: Scene) -> None:
    scene.up(key())
    scene.bench.by_hand("ApiKeyService/Delete", {"api_key_id": scene.note("old")})


def _many_secrets(scene: Scene) -> Sequence[Declaration]:
    """So many that a refresh looks at them by a listing of their folder."""
    return [programs.secret(scene.case, name) for name in ("second", "third", "fourth")]


def _deleted_among_many_secrets(scene: Scene) -> None:
    scene.up(key(), more=_many_secrets(scene))
    scene.bench.by_hand("ApiKeyService/Delete", {"api_key_id": scene.note("old")})


def _rescoped_behind_our_back(scene: Scene) -> None:
    scene.up(key())
    request = {"api_key_id": scene.note("old"), "scopes": [*programs.MORE_SCOPES], "update_mask": "scopes"}
    scene.bench.by_hand("ApiKeyService/Update", request)


def _known_to_be_gone(scene: Scene) -> None:
    _deleted_behind_our_back(scene)
    scene.must(scene.stack.refresh())


def _deleted(scene: Scene) -> None:
    scene.up(key())
    scene.note("old")
    scene.up()


def _issued_anew(scene: Scene) -> None:
    """A key that no state knows any more, beside the one that was issued in its place."""
    scene.up(key())
    scene.note("first")
    scene.stack.forget("key")
    scene.up(key())
    scene.note("old")


def _two_accounts(scene: Scene) -> None:
    scene.up(key(), more=[programs.account(scene.case, "other")])
    scene.note("old")


def _two_secrets(scene: Scene) -> None:
    scene.up(key(), more=[programs.secret(scene.case, "elsewhere")])
    scene.note("old")


_BOTH: Final[dict[str, Any]] = {"exposeSecret": True}
_OUTPUT: Final[dict[str, Any]] = {"lockbox": None, "exposeSecret": True}
_RED, _GREEN = key("red", entry="red"), key("green", entry="green")
_SHARED: Final = (("red", "secret", "red"), ("green", "secret", "green"))
_AS_OUTPUT: Final = (("key", None, None),)


def _shared(then: str = "") -> Callable[[Scene], None]:
    def arrange(scene: Scene) -> None:
        scene.up(_RED, _GREEN)
        if then:
            scene.bench.advance(then)

    return arrange


STEPS: Final[tuple[Step, ...]] = (
    Step("first issue, all at once", _with(key())),
    Step("first issue", _with(key()), _ground),
    Step("first issue, output", _with(key(**_OUTPUT)), _ground, keys=_AS_OUTPUT),
    Step("first issue, both", _with(key(**_BOTH)), _ground),
    Step("first issue, shared secret", _with(_RED, _GREEN), _ground, keys=_SHARED),
    Step("rotation", _with(key()), _issued(key(), then="31d"), previous=("old",)),
    Step(
        "rotation, output",
        _with(key(**_OUTPUT)),
        _issued(key(**_OUTPUT), then="31d"),
        keys=_AS_OUTPUT,
        previous=("old",),
    ),
    Step("rotation, both", _with(key(**_BOTH)), _issued(key(**_BOTH), then="31d"), previous=("old",)),
    Step("rotation, shared secret", _with(_RED, _GREEN), _shared(then="31d"), keys=_SHARED),
    Step("rotation by reissue", _with(key(reissue="2")), _issued(key()), previous=("old",)),
    Step(
        "rotation, previous key alive", _with(key(reissue="2")), _rotated(key(), then="1d"), previous=("first", "old")
    ),
    Step("rotation and retirement", _with(key()), _rotated(key(), then="31d"), previous=("old",), dead=("first",)),
    Step("rotation after 100 days", _with(key()), _issued(key(), then="100d"), dead=("old",), served=False),
    Step("extension", _with(key()), _rotated(key(), then="6d", use=True), new=False, previous=("first",)),
    Step("retirement", _with(key()), _rotated(key(), then="8d"), new=False, dead=("first",)),
    Step("retirement, both", _with(key(**_BOTH)), _rotated(key(**_BOTH), then="8d"), new=False, dead=("first",)),
    Step("compromised, current", _listing("old"), _issued(key()), dead=("old",)),
    Step("compromised, previous", _listing("first"), _rotated(key(), then="1d"), new=False, dead=("first",)),
    Step("compromised, of another instance", _listing("first"), _issued_anew, new=False, dead=("first",)),
    Step(
        "scopes in place",
        _with(key(scopes=[*programs.MORE_SCOPES])),
        _issued(key()),
        new=False,
        expect=(("scopes", [*programs.MORE_SCOPES]),),
    ),
    Step(
        "description in place",
        _with(key(description="other")),
        _issued(key()),
        new=False,
        expect=(("description", "other"),),
    ),
    Step("lifetime in place", _with(key(lifetime="60d")), _issued(key()), new=False, expect=(("lifetime", "60d"),)),
    Step("renamed", _with(key("key", was="before")), lambda scene: scene.up(key("before")), new=False),
    Step("move to output", _with(key(**_OUTPUT)), _issued(key()), keys=_AS_OUTPUT, previous=("old",)),
    Step("move to Lockbox", _with(key()), _issued(key(**_OUTPUT)), previous=("old",)),
    Step(
        "move to another entry",
        _with(key(entry="other")),
        _issued(key()),
        keys=(("key", "secret", "other"),),
        previous=("old",),
    ),
    Step(
        "move to another secret",
        _with(key(lockbox="elsewhere"), more=lambda scene: [programs.secret(scene.case, "elsewhere")]),
        _two_secrets,
        keys=(("key", "elsewhere", "api_key"),),
        previous=("old",),
    ),
    Step(
        "move to another account",
        _with(key(owner="other"), more=lambda scene: [programs.account(scene.case, "other"), _other_role(scene)]),
        _two_accounts,
        dead=("old",),
    ),
    Step("delete", _with(), _issued(key()), keys=(), dead=("old",), served=False),
    Step(
        "delete, previous key alive", _with(), _rotated(key(), then="1d"), keys=(), dead=("first", "old"), served=False
    ),
    Step("delete, shared secret", _with(_GREEN), _shared(), keys=(("green", "secret", "green"),), served=False),
    Step("issue after delete", _with(key()), _deleted, dead=("old",), served=False, tolerates=(LITTER,)),
    Step("delete everything", lambda _: (), _issued(key()), keys=(), dead=("old",), served=False),
    Step("refresh", _with(key()), _rotated(key(), then="1d"), new=False, previous=("first",), refresh=True),
    Step(
        "refresh, key deleted by hand",
        _with(key()),
        _deleted_behind_our_back,
        dead=("old",),
        refresh=True,
        served=False,
    ),
    Step(
        "refresh, many secrets, key deleted by hand",
        _with(key(), more=_many_secrets),
        _deleted_among_many_secrets,
        dead=("old",),
        refresh=True,
        served=False,
    ),
    Step(
        "refresh, scopes changed by hand",
        _with(key()),
        _rescoped_behind_our_back,
        new=False,
        refresh=True,
        expect=(("scopes", [programs.SCOPE]),),
    ),
    Step("reissue of a deleted key", _with(key()), _known_to_be_gone, dead=("old",), served=False),
    Step("import", lambda scene: scene.program(key(imports=scene.notes["old"])), _by_hand, previous=("old",), runs=2),
    Step("rotation of an imported key", _with(key()), _imported, previous=("old",)),
)
"""Every step of the matrix."""


def _other_role(scene: Scene) -> Declaration:
    folder = scene.bench.ready["folderId"]
    return Declaration(
        "other role",
        programs.ROLE,
        lambda made: {"folderId": folder, "role": programs.KEY_ROLE, "member": f"serviceAccount:{made['other']['id']}"},
    )
