"""Keys that the state doesn't know: what rotations that died have left, what others made, and what a user lists as compromised of either."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from provider.yandex_keys.api_key.key import Inputs, ListedKey, Listing, Lockbox, PreviousKey, State, Status
from provider.yandex_keys.api_key.rotation import (
    Action,
    Decision,
    Verb,
    decide,
    keys_of_other_instances,
    left_overs,
    short_overlap,
    warning_of,
)
from provider.yandex_keys.rotation_calendar import Calendar, freeze_of

from .examples import (
    CURRENT,
    DAY,
    DUE,
    HOUR,
    ISSUED,
    OTHER_INSTANCE,
    OWNER,
    PREVIOUS,
    SECOND,
    URN,
    in_overlap,
    listed_key,
    listing,
    mark,
    standing,
    wanted,
)

NOW = ISSUED + 10 * DAY
LEFT = "ajeleft"
OURS = listed_key(LEFT, issued_at=NOW - HOUR, expires_at=NOW + 89 * DAY)
"""A key of our instance that the state doesn't know: it would live for 89 days more."""
KNOWN = listed_key(CURRENT)
ANOTHERS = listed_key("ajeanothers", mark=mark(owner="ffffffffffff", instance=OTHER_INSTANCE))
OTHER_INSTANCES = listed_key("ajeother", mark=mark(instance=OTHER_INSTANCE))
BY_HAND = listed_key("ajehand", mark=None)


def left(*keys: ListedKey, state: State | None = None, inputs: Inputs | None = None) -> list[PreviousKey]:
    return list(left_overs(state or standing(), listing(*keys), NOW, inputs or wanted()))


def asked(inputs: Inputs, listed: Listing | None, state: State | None = None) -> Decision:
    return decide(inputs, state or standing(), NOW, URN, listed, OWNER)


def leaked(*key_ids: str) -> Inputs:
    return wanted(compromised=frozenset(key_ids))


# What is left over.


def test_a_key_of_our_instance_that_the_state_does_not_know_becomes_previous_for_one_overlap() -> None:
    assert left(KNOWN, OURS) == [
        PreviousKey(
            key_id=LEFT,
            issued_at=NOW - HOUR,
            expires_at=NOW + 7 * DAY,
            rotated_at=NOW,
            lifetime_ends_at=NOW + 89 * DAY,
            lockbox=Lockbox("e6qsecret"),
            enforced=False,
        )
    ]


@pytest.mark.parametrize("days", [1, 7])
def test_a_left_over_key_keeps_its_own_end_where_that_comes_first(days: int) -> None:
    short = listed_key(LEFT, issued_at=NOW - DAY, expires_at=NOW + days * DAY)
    assert [(key.expires_at, key.enforced) for key in left(short)] == [(NOW + days * DAY, True)]


@pytest.mark.parametrize("ended", [timedelta(0), SECOND, 30 * DAY])
def test_a_left_over_key_that_has_ended_has_no_end_to_wait_for(ended: timedelta) -> None:
    over = listed_key(LEFT, issued_at=NOW - 90 * DAY, expires_at=NOW - ended)
    assert [(key.expires_at, key.enforced) for key in left(over)] == [(NOW - ended, False)]


def test_a_compromised_left_over_key_has_no_overlap() -> None:
    assert [(key.expires_at, key.enforced) for key in left(OURS, inputs=leaked(LEFT))] == [(NOW, False)]


def test_left_over_keys_come_in_the_order_of_their_issue() -> None:
    first, second = listed_key("ajez", issued_at=NOW - DAY), listed_key("ajea", issued_at=NOW - HOUR)
    same = listed_key("ajeb", issued_at=NOW - HOUR)
    assert [key.key_id for key in left(second, same, first)] == ["ajez", "ajea", "ajeb"]


@pytest.mark.parametrize("key", [ANOTHERS, OTHER_INSTANCES, BY_HAND], ids=lambda key: key.key_id)
def test_what_is_not_of_our_instance_is_not_left_over(key: ListedKey) -> None:
    assert left(KNOWN, key) == []


def test_a_rename_takes_its_left_overs_along() -> None:
    """Another URN is another owner; the instance stays."""
    before = listed_key(LEFT, mark=mark("attempt7", owner="ffffffffffff"))
    assert [key.key_id for key in left(KNOWN, before)] == [LEFT]


def test_what_the_state_accounts_for_is_not_left_over() -> None:
    state = standing(previous=(in_overlap(),))
    assert left(KNOWN, listed_key(PREVIOUS), state=state) == []


def test_a_state_without_an_instance_has_no_left_overs() -> None:
    """An imported key: nothing proves what is ours."""
    imported = standing(instance="", status=Status.ADOPTED)
    assert left(OURS, listed_key("ajehand", mark=mark(instance="x")), state=imported) == []


@pytest.mark.parametrize("of", [CURRENT, PREVIOUS])
def test_a_copy_of_the_description_of_a_key_that_we_know_is_not_touched(of: str) -> None:
    state = standing(previous=(in_overlap(),))
    copy = listed_key("ajecopy", mark=mark(f"of{of}"))
    assert left(KNOWN, listed_key(PREVIOUS), copy, state=state) == []
    assert [key.key_id for key in left(KNOWN, listed_key(PREVIOUS), copy, OURS, state=state)] == [LEFT]


def test_a_copy_of_the_description_of_a_left_over_key_is_not_touched() -> None:
    """One call of Create makes one key, and what is copied was there before."""
    copy = listed_key("ajecopy", issued_at=OURS.issued_at + SECOND, mark=OURS.mark)
    assert [key.key_id for key in left(copy, KNOWN, OURS)] == [LEFT]


def test_a_copy_whose_original_is_gone_cannot_be_told_from_a_left_over_and_keeps_one_overlap() -> None:
    """A limit: nobody but the original says that a mark was copied. It isn't cut at once, and the state tells of it."""
    copy = listed_key("ajecopy", mark=mark("of-a-key-that-was-retired"))
    assert [(key.key_id, key.expires_at) for key in left(KNOWN, copy)] == [("ajecopy", NOW + 7 * DAY)]


# What is somebody else's.


def test_only_what_another_instance_made_for_this_resource_is_a_stranger() -> None:
    listed = listing(KNOWN, OURS, ANOTHERS, OTHER_INSTANCES, BY_HAND)
    instance = standing().instance
    assert keys_of_other_instances(listed, OWNER, instance, frozenset()) == (OTHER_INSTANCES,)
    assert keys_of_other_instances(listed, OWNER, instance, frozenset({OTHER_INSTANCES.key_id})) == ()
    assert keys_of_other_instances(listed, "ffffffffffff", instance, frozenset()) == (ANOTHERS,)
    assert keys_of_other_instances(listed, OWNER, OTHER_INSTANCE, frozenset({CURRENT})) == (OURS,)


def test_a_stranger_is_named_with_its_end_and_how_to_end_it_at_once() -> None:
    words = warning_of(OTHER_INSTANCES, NOW)
    assert words.startswith("key ajeother was issued for this resource as well, on 2026-11-23 03:00 UTC,")
    assert words.endswith(
        "It isn't touched and works until 2027-02-21 03:00 UTC; to end it at once, list it under compromised"
    )


@pytest.mark.parametrize("late", [timedelta(0), SECOND])
def test_a_stranger_that_has_ended_works_no_longer(late: timedelta) -> None:
    assert "It isn't touched and works no longer;" in warning_of(OTHER_INSTANCES, OTHER_INSTANCES.expires_at + late)


# What is listed as compromised, and isn't in the state.


def test_a_compromised_id_that_the_state_does_not_know_is_looked_up_first() -> None:
    assert asked(leaked("ajeany"), None) == Decision(wants_listing=True)


def test_a_compromised_id_that_was_listed_before_or_is_the_states_own_is_not_looked_up() -> None:
    known = standing(previous=(in_overlap(expires_at=NOW + DAY, rotated_at=NOW),))
    assert not asked(leaked(CURRENT, PREVIOUS), None, known).wants_listing
    before = standing(applied=leaked("ajeany", "ajemore"))
    assert asked(leaked("ajeany"), None, before) == Decision()
    assert asked(leaked("ajeany"), listing(KNOWN, OTHER_INSTANCES), before) == Decision()
    assert asked(leaked("ajeany", "ajenew"), None, before).wants_listing


@pytest.mark.parametrize("instance", ["00000000", "ffffffff"])
def test_a_compromised_key_of_another_instance_of_this_resource_is_deleted_at_once(instance: str) -> None:
    theirs = listed_key("ajeother", mark=mark(instance=instance))
    reason = "key ajeother, which another instance of this resource issued, is compromised: it is deleted at once"
    expected = Decision((Action(Verb.REVOKE, reason, "ajeother"),))
    assert asked(leaked("ajeother"), listing(KNOWN, theirs)) == expected


def test_a_compromised_key_that_our_rotation_left_goes_with_a_rotation_since_consumers_may_have_it() -> None:
    decision = asked(leaked(LEFT), listing(KNOWN, OURS))
    assert [(action.verb, action.key_id, action.overlap) for action in decision.actions] == [
        (Verb.ROTATE, CURRENT, 7 * DAY)
    ]
    assert decision.actions[0].reason == (
        "rotates: key ajeleft, which a run that died had issued, is compromised, and consumers may have it, key ajecurrent is 10 days old; "
        "it keeps working until 2026-12-10 03:00 UTC"
    )
    assert decision.warnings == ()


def test_a_compromised_key_that_our_rotation_left_waits_for_no_freeze() -> None:
    frozen = replace(leaked(LEFT), calendar=Calendar((), (freeze_of("2026-12-01", "2026-12-20", "No changes"),)))
    decision = asked(frozen, listing(KNOWN, OURS))
    assert [action.verb for action in decision.actions] == [Verb.ROTATE]
    (warning,) = decision.warnings
    assert warning.startswith(f"key {CURRENT} is rotated at once, although the calendar would have it wait for ")


def test_a_rotation_that_is_due_anyway_takes_a_compromised_left_over_along() -> None:
    due = decide(leaked(LEFT), standing(), DUE, URN, listing(KNOWN, OURS), OWNER)
    assert [action.verb for action in due.actions] == [Verb.ROTATE]
    assert due.actions[0].reason.startswith("rotates: due since")


def test_a_compromised_id_that_is_nobodys_is_warned_of() -> None:
    assert asked(leaked("ajetypo"), listing(KNOWN)) == Decision(
        warnings=(
            "compromised lists ajetypo, but account ajeaccount has no such key: nothing is deleted; check the id, or see whether it is gone already",
        )
    )


@pytest.mark.parametrize("key", [ANOTHERS, BY_HAND], ids=lambda key: key.key_id)
def test_a_compromised_key_of_somebody_else_is_not_touched_but_warned_of(key: ListedKey) -> None:
    key_id = key.key_id
    decision = asked(leaked(key_id), listing(KNOWN, key))
    assert decision == Decision(
        warnings=(
            f"compromised lists {key_id}, which this resource didn't issue: it isn't touched; delete it where it is declared, or with "
            f"`yc iam api-key delete {key_id}`",
        )
    )


def test_a_compromised_copy_of_our_description_is_warned_of_and_rotates_nothing() -> None:
    copy = listed_key("ajecopy", mark=KNOWN.mark)
    decision = asked(leaked("ajecopy"), listing(KNOWN, copy))
    assert decision.actions == ()
    assert "ajecopy, which this resource didn't issue: it isn't touched" in decision.warnings[0]


def test_an_imported_key_has_no_left_overs_and_what_its_owner_marks_is_another_instances() -> None:
    imported = standing(instance="", applied=wanted())
    decision = asked(leaked(LEFT, "ajeempty"), listing(OURS, listed_key("ajeempty", mark=None)), imported)
    assert [(action.verb, action.key_id) for action in decision.actions] == [(Verb.REVOKE, LEFT)]
    assert len(decision.warnings) == 1


def test_compromised_keys_end_in_the_order_of_their_issue_whoever_issued_them() -> None:
    issued = {"ajenewest": 3 * DAY, "ajeoldest": 0 * DAY, "ajebefore": 2 * DAY, "ajeatonce": 2 * DAY}
    theirs = [
        listed_key(key_id, issued_at=ISSUED + age, mark=mark(f"of{key_id}", instance=OTHER_INSTANCE))
        for key_id, age in issued.items()
    ]
    state = standing(previous=(in_overlap(issued_at=ISSUED + DAY),))
    decision = asked(leaked(PREVIOUS, *issued), listing(KNOWN, *theirs), state)
    assert [(action.verb, action.key_id) for action in decision.actions] == [
        (Verb.REVOKE, "ajeoldest"),
        (Verb.REVOKE, PREVIOUS),
        (Verb.REVOKE, "ajeatonce"),
        (Verb.REVOKE, "ajebefore"),
        (Verb.REVOKE, "ajenewest"),
    ]


def test_a_rotation_for_compromised_left_overs_names_the_one_that_was_issued_first() -> None:
    older = listed_key("ajezolder", issued_at=NOW - 2 * HOUR)
    rotation = asked(leaked(LEFT, older.key_id), listing(KNOWN, OURS, older)).actions[0]
    assert rotation.reason.startswith("rotates: key ajezolder, which a run that died had issued, is compromised")


def test_each_compromised_id_is_judged_by_itself() -> None:
    both = listed_key("ajemore", mark=mark("attempt2", instance=OTHER_INSTANCE))
    decision = asked(
        leaked("ajetypo", "ajeother", "ajemore", LEFT, "ajehand"), listing(KNOWN, OURS, OTHER_INSTANCES, both, BY_HAND)
    )
    assert [(action.verb, action.key_id) for action in decision.actions] == [
        (Verb.REVOKE, "ajemore"),
        (Verb.REVOKE, "ajeother"),
        (Verb.ROTATE, CURRENT),
    ]
    assert [words.split()[2] for words in decision.warnings] == ["ajehand,", "ajetypo,"]


# Overlaps and the interval of runs.


@pytest.mark.parametrize(
    ("overlap", "run_every"), [(2 * DAY, DAY), (7 * DAY, DAY), (2 * HOUR, HOUR), (14 * DAY, 7 * DAY)]
)
def test_an_overlap_that_holds_two_runs_is_long_enough(overlap: timedelta, run_every: timedelta) -> None:
    assert short_overlap(overlap, run_every) is None
    assert short_overlap(2 * run_every - SECOND, run_every) is not None


def test_an_overlap_that_holds_fewer_than_two_runs_is_said_with_the_way_out() -> None:
    assert short_overlap(36 * HOUR, DAY) == (
        "overlap 36h holds fewer than two runs (runEvery is 1d): no run may see a consumer that is stuck on the previous key before it ends; "
        "make overlap 2d or longer, or run more often and say so in yandex-keys:runEvery"
    )


def test_a_copy_of_the_description_of_a_key_that_is_long_retired_is_no_left_over() -> None:
    copied = listed_key("ajecopy")
    assert copied.mark is not None
    assert left_overs(standing(), {"ajecopy": copied}, DUE, wanted())
    assert not left_overs(standing(attempts=(copied.mark.attempt,)), {"ajecopy": copied}, DUE, wanted())
