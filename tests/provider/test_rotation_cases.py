"""What a user sees for the current key: when it is issued, rotated, changed in place, or left alone, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from provider.yandex_keys.api_key.consequences import of_a_replaced_resource
from provider.yandex_keys.api_key.key import Inputs, Listing, Lockbox, State, Status
from provider.yandex_keys.api_key.rotation import Action, Decision, Verb, decide, next_rotation
from provider.yandex_keys.api_key.schedule import first_point

from .examples import (
    CURRENT,
    DAY,
    DUE,
    ISSUED,
    OWNER,
    PREVIOUS,
    SECOND,
    URN,
    at,
    in_overlap,
    listed_key,
    listing,
    standing,
    wanted,
)

SOON = ISSUED + DAY


def decided(
    inputs: Inputs, state: State | None, now: datetime = SOON, listed: Listing | None = None, owner: str = OWNER
) -> Decision:
    return decide(inputs, state, now, URN, listed, owner)


def only(decision: Decision) -> Action:
    assert len(decision.actions) == 1
    assert decision.warnings == ()
    assert not decision.wants_listing
    return decision.actions[0]


def test_without_a_key_the_first_is_issued() -> None:
    assert only(decided(wanted(), None)) == Action(Verb.ISSUE, "first key")


def test_a_key_that_is_as_wanted_and_not_due_is_left_alone() -> None:
    assert decided(wanted(), standing()) == Decision()


def test_a_key_rotates_once_it_is_due_and_not_a_second_before() -> None:
    assert decided(wanted(), standing(), DUE - SECOND) == Decision()
    assert only(decided(wanted(), standing(), DUE)).verb == Verb.ROTATE


def test_a_due_rotation_says_since_when_how_old_the_key_is_and_how_long_it_keeps_working() -> None:
    action = only(decided(wanted(), standing(), at("2026-12-24 03:00:05")))
    assert action.reason == (
        "rotates: due since 2026-12-21 10:00 UTC, key ajecurrent is 31 days old; it keeps working until 2026-12-31 03:00 UTC"
    )
    assert (action.key_id, action.overlap, action.until) == (CURRENT, 7 * DAY, None)


def test_an_old_key_keeps_working_no_longer_than_its_own_expiry() -> None:
    late = standing().expires_at - DAY
    assert only(decided(wanted(), standing(), late)).reason.endswith("it keeps working until 2027-02-21 03:00 UTC")


@pytest.mark.parametrize("late", [timedelta(0), SECOND, 300 * DAY])
def test_a_key_that_has_expired_works_no_longer_and_is_rotated(late: timedelta) -> None:
    action = only(decided(wanted(), standing(), standing().expires_at + late))
    assert action.reason.startswith("rotates: due since 2026-12-21 10:00 UTC")
    assert action.reason.endswith("; it works no longer")


@pytest.mark.parametrize("late", [timedelta(0), SECOND])
def test_a_key_that_expired_before_it_was_due_is_rotated(late: timedelta) -> None:
    state = standing(expires_at=SOON)
    assert only(decided(wanted(), state, SOON + late)).reason == (
        "rotates: expired 2026-11-24 03:00 UTC, key ajecurrent is 1 day old; it works no longer"
    )
    assert decided(wanted(), state, SOON - SECOND) == Decision()


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(days=-3), "less than a minute"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(seconds=119), "1 minute"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=400), "400 days"),
    ],
)
def test_the_age_of_a_key_is_told_in_its_largest_unit(age: timedelta, words: str) -> None:
    action = only(decided(wanted(reissue="1"), standing(next_rotation_at=at("2099-01-01 00:00")), ISSUED + age))
    assert f"key ajecurrent is {words} old" in action.reason


def test_a_new_value_of_reissue_rotates_with_overlap() -> None:
    action = only(decided(wanted(reissue="2027-01"), standing()))
    assert action.reason == (
        "rotates: reissue is now '2027-01', key ajecurrent is 1 day old; it keeps working until 2026-12-01 03:00 UTC"
    )
    assert action.overlap == 7 * DAY


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("1", "2", "reissue is now '2',"),
        ("1", "", "reissue is now '',"),
        ("1", "2027-01-15 00:00:00 +0000 UTC", "reissue is now '2027-01-15',"),
        (None, "", "reissue is now '',"),
    ],
)
def test_any_new_text_of_reissue_rotates(was: str | None, now: str, words: str) -> None:
    action = only(decided(wanted(reissue=now), standing(applied=wanted(reissue=was))))
    assert action.reason.startswith(f"rotates: {words}")


def test_a_reissue_that_is_taken_out_again_rotates_nothing_and_put_back_it_is_a_new_text() -> None:
    assert decided(wanted(), standing(applied=wanted(reissue="1"))) == Decision()
    assert only(decided(wanted(reissue="1"), standing(applied=wanted()))).verb == Verb.ROTATE


def test_texts_are_compared_by_their_words() -> None:
    parts = ["2027", "01"]
    one, same = (wanted(reissue="-".join(parts), description=" ".join(parts)) for _ in range(2))
    assert decided(one, standing(applied=same)) == Decision()


def test_a_key_that_somebody_deleted_is_replaced_and_nothing_of_it_kept() -> None:
    action = only(decided(wanted(), standing(status=Status.MISSING)))
    assert action == Action(
        Verb.ROTATE, "rotates: key ajecurrent is gone, and not by us", CURRENT, overlap=timedelta(0)
    )


def test_an_imported_key_is_rotated_with_overlap() -> None:
    action = only(decided(wanted(), standing(status=Status.ADOPTED)))
    assert action.reason.startswith("rotates: adopted by import, so its secret was never ours, key ajecurrent is 1 day")
    assert action.overlap == 7 * DAY


def test_a_key_in_whose_place_lockbox_gives_something_else_is_rotated_with_overlap() -> None:
    action = only(decided(wanted(), standing(status=Status.UNDELIVERED)))
    assert action.reason.startswith("rotates: Lockbox gives consumers something else, key ajecurrent is 1 day old")
    assert action.overlap == 7 * DAY


@pytest.mark.parametrize(
    "target",
    [Lockbox("e6qother"), Lockbox("e6qsecret", secret_entry="nightly"), Lockbox("e6qsecret", key_id_entry="id")],
)
def test_a_new_place_of_delivery_rotates_with_overlap(target: Lockbox) -> None:
    action = only(decided(wanted(lockbox=target), standing()))
    assert action.reason.startswith("rotates: delivered elsewhere from now on, and a secret can't be read again, key")
    assert action.overlap == 7 * DAY


def test_a_secret_that_becomes_an_output_is_a_new_one() -> None:
    action = only(decided(wanted(expose_secret=True), standing()))
    assert action.reason.startswith("rotates: an output from now on, and a secret can't be read again, key ajecurrent")


NO_OUTPUT = "moves away from the output: who reads it gets nothing from now on; "
UNTIL_LOCKBOX = "`deliver: both` (`exposeSecret: true`) until they read Lockbox"


def test_a_secret_that_is_an_output_no_more_or_still_rotates_nothing_and_who_reads_it_is_told() -> None:
    exposed = standing(applied=wanted(expose_secret=True))
    assert decided(wanted(), exposed) == Decision(at_once=(f"{NO_OUTPUT}keep {UNTIL_LOCKBOX}",))
    assert decided(wanted(expose_secret=True), exposed) == Decision()


def test_a_move_from_the_output_to_lockbox_says_first_that_who_reads_it_gets_nothing() -> None:
    exposed = standing(applied=wanted(lockbox=None, expose_secret=True))
    headlines = decided(wanted(), exposed).headlines
    assert headlines[0] == f"{NO_OUTPUT}use {UNTIL_LOCKBOX}"
    assert headlines[1].startswith("rotates: delivered elsewhere from now on")
    assert len(headlines) == 2
    assert NO_OUTPUT not in "".join(decided(wanted(expose_secret=True), exposed).headlines)


def test_an_adopted_key_takes_no_output_from_anybody() -> None:
    adopted = standing(status=Status.ADOPTED, applied=wanted(lockbox=None, expose_secret=True, description="by hand"))
    headlines = decided(wanted(), adopted).headlines
    assert headlines[0].startswith("rotates: adopted by import, so its secret was never ours, key ajecurrent")
    assert headlines[1:] == ("the new key has a new description",)


@pytest.mark.parametrize("status", [Status.CURRENT, Status.ADOPTED, Status.UNDELIVERED])
def test_a_compromised_current_key_is_replaced_without_overlap(status: Status) -> None:
    action = only(decided(wanted(compromised=frozenset({CURRENT})), standing(status=status), DUE))
    assert action == Action(
        Verb.ROTATE,
        "key ajecurrent is compromised: a new key replaces it, and it is deleted at once",
        CURRENT,
        overlap=timedelta(0),
    )


def test_a_compromised_key_that_is_gone_already_is_replaced_as_a_missing_one() -> None:
    state = standing(status=Status.MISSING)
    assert only(decided(wanted(compromised=frozenset({CURRENT})), state)).reason == (
        "rotates: key ajecurrent is gone, and not by us"
    )


def test_ids_listed_as_compromised_for_ever_do_nothing() -> None:
    listed = frozenset({"ajegone", "ajeneverours"})
    state = standing(applied=wanted(compromised=listed))
    assert decided(wanted(compromised=listed), state) == Decision()
    assert decided(wanted(compromised=listed), state, listed=listing(listed_key("ajeneverours"))) == Decision()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"scopes": frozenset({"yc.ai.vision.execute"})},
            "scopes of key ajecurrent in place: loses yc.ai.translate.execute at once; gains yc.ai.vision.execute",
        ),
        (
            {"scopes": frozenset({"yc.ai.translate.execute", "yc.postbox.send", "yc.ai.vision.execute"})},
            "scopes of key ajecurrent in place: gains yc.ai.vision.execute, yc.postbox.send",
        ),
        ({"description": "Other words"}, "description of key ajecurrent in place: has a new description"),
        ({"description": ""}, "description of key ajecurrent in place: loses its description"),
    ],
)
def test_scopes_and_description_change_in_place_and_it_is_said_what_is_lost_and_gained(
    changes: dict[str, object], words: str
) -> None:
    action = only(decided(wanted(**changes), standing()))
    assert action == Action(Verb.CHANGE, f"changes {words}; its secret stays", CURRENT)


def test_narrowed_scopes_say_what_is_lost_at_once() -> None:
    both = frozenset({"yc.ai.translate.execute", "yc.ai.vision.execute"})
    action = only(decided(wanted(), standing(applied=wanted(scopes=both))))
    assert action.headlines == (
        "changes scopes of key ajecurrent in place: loses yc.ai.vision.execute at once; its secret stays",
    )


def test_each_of_several_changes_has_its_own_headline() -> None:
    inputs = wanted(scopes=frozenset({"yc.postbox.send"}), description="new", lifetime=60 * DAY)
    headlines = only(decided(inputs, standing())).headlines
    assert [words.partition(" of ")[0] for words in headlines] == [
        "changes scopes",
        "changes lifetime",
        "changes description",
    ]


def test_the_gravest_of_several_changes_is_said_first() -> None:
    inputs = wanted(scopes=wanted().scopes | {"yc.postbox.send"}, description="new", lifetime=60 * DAY)
    headlines = only(decided(inputs, standing())).headlines
    assert [words.partition(" of ")[0] for words in headlines] == [
        "changes lifetime",
        "changes scopes",
        "changes description",
    ]


def test_what_becomes_of_consumers_is_said_before_what_becomes_of_previous_keys() -> None:
    state = standing(previous=(in_overlap(expires_at=ISSUED),))
    decision = decided(wanted(scopes=frozenset({"yc.postbox.send"})), state)
    assert [action.verb for action in decision.actions] == [Verb.RETIRE, Verb.CHANGE]
    assert [words.partition(" ")[0] for words in decision.headlines] == ["changes", "retires"]


def test_a_compromised_key_that_moves_says_first_that_it_is_deleted_at_once() -> None:
    inputs = wanted(compromised=frozenset({CURRENT}), lockbox=Lockbox("e6qshared"))
    headlines = decided(inputs, standing()).headlines
    assert headlines[0] == "key ajecurrent is compromised: a new key replaces it, and it is deleted at once"
    assert headlines[1].startswith("moves away from Lockbox secret e6qsecret")


@pytest.mark.parametrize("owner", ["", "ffffffffffff"])
def test_a_renamed_resource_knows_its_key_by_its_instance_and_changes_nothing(owner: str) -> None:
    known = listing(listed_key(CURRENT))
    assert decided(wanted(), standing(), owner=owner) == Decision()
    assert decided(wanted(), standing(), listed=known, owner=owner) == Decision()


@pytest.mark.parametrize("days", [40, 365])
def test_a_new_lifetime_moves_the_expiry_in_place(days: int) -> None:
    action = only(decided(wanted(lifetime=days * DAY), standing()))
    ends = "2027-01-02" if days == 40 else "2027-11-23"
    assert action.headlines == (
        f"changes lifetime of key ajecurrent in place: now ends {ends} 03:00 UTC, not 2027-02-21 03:00 UTC; its secret stays",
    )
    assert (action.verb, action.until) == (Verb.CHANGE, ISSUED + days * DAY)


@pytest.mark.parametrize("found", [None, 45 * DAY])
def test_an_expiry_that_somebody_changed_is_set_right(found: timedelta | None) -> None:
    action = only(decided(wanted(), standing(lifetime=found)))
    assert (action.verb, action.until) == (Verb.CHANGE, ISSUED + 90 * DAY)


def test_a_new_lifetime_that_leaves_no_whole_overlap_any_more_rotates_with_overlap() -> None:
    short = wanted(lifetime=20 * DAY)
    action = only(decided(short, standing(), ISSUED + 20 * DAY))
    assert action.reason == (
        "rotates: due since 2026-12-06 03:00 UTC, key ajecurrent is 20 days old; it keeps working until 2026-12-20 03:00 UTC"
    )
    assert action.overlap == 7 * DAY
    assert only(decided(short, standing(), ISSUED + 13 * DAY)).verb == Verb.ROTATE
    change = only(decided(short, standing(), ISSUED + 13 * DAY - SECOND))
    assert (change.verb, change.until) == (Verb.CHANGE, ISSUED + 20 * DAY)


def test_a_rotation_makes_a_change_in_place_needless() -> None:
    inputs = wanted(scopes=frozenset({"yc.postbox.send"}), lifetime=60 * DAY, description="new", reissue="1")
    assert only(decided(inputs, standing())).verb == Verb.ROTATE


def test_a_rotation_says_what_else_the_new_key_changes() -> None:
    inputs = wanted(scopes=frozenset({"yc.postbox.send"}), lifetime=60 * DAY, description="new", reissue="1")
    assert only(decided(inputs, standing())).also == (
        "the new key has other scopes: loses yc.ai.translate.execute; gains yc.postbox.send",
        "the new key has another lifetime: 60d",
        "the new key has a new description",
    )
    assert only(decided(wanted(reissue="1"), standing())).also == ()


@pytest.mark.parametrize("description", ["", "another", "zealous"])
def test_a_rotation_says_that_the_new_key_is_described_anew_whatever_the_words(description: str) -> None:
    state = standing(applied=wanted(description="new"))
    action = only(decided(wanted(description=description, reissue="1"), state))
    assert action.also == ("the new key has a new description",)


LEAVES = "moves away from Lockbox secret e6qsecret (entry api_key), which gives its readers key ajecurrent, which ends 2026-12-01 03:00 UTC"
GOES = ", and nothing at all once the secret is deleted, in this very run where no key or `secrets:` keeps it: "


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"lockbox": Lockbox("e6qshared")},
            f"{LEAVES}{GOES}list its name under `secrets:` of the account until they read the new one",
        ),
        (
            {"lockbox": Lockbox("e6qanother")},  # whose id comes before the other's
            f"{LEAVES}{GOES}list its name under `secrets:` of the account until they read the new one",
        ),
        (
            {"lockbox": None, "expose_secret": True},
            f"{LEAVES}{GOES}use `deliver: both` until they read the output",
        ),
    ],
)
def test_a_move_names_the_lockbox_secret_that_is_left_and_the_way_in_two_steps(
    changes: dict[str, object], words: str
) -> None:
    action = only(decided(wanted(**changes), standing()))
    assert action.verb == Verb.ROTATE
    assert action.headlines == (words, action.reason)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"key_id_entry": "login"},
            "leaves entry api_key_id with the id of key ajecurrent beside the secret of the new key in entry api_key: "
            "who reads both fails at once; change secretEntry in the same run, and the old pair stays whole",
        ),
        (
            {"secret_entry": "word"},
            "leaves entry api_key with the secret of key ajecurrent beside the id of the new key in entry api_key_id: "
            "who reads both fails at once; change keyIdEntry in the same run, and the old pair stays whole",
        ),
        (
            {"secret_entry": "api_key_id", "key_id_entry": "login"},
            "writes the secret of the new key over entry api_key_id, which held the id: who reads it fails at once; "
            "give secretEntry and keyIdEntry names that are new",
        ),
    ],
)
def test_an_entry_that_moves_alone_says_first_that_who_reads_both_fails_at_once(
    changes: dict[str, str], words: str
) -> None:
    lockbox = Lockbox("e6qsecret", changes.get("secret_entry", "api_key"), changes.get("key_id_entry", "api_key_id"))
    headlines = only(decided(wanted(lockbox=lockbox), standing())).headlines
    assert headlines[0] == words
    assert headlines[1].startswith("rotates: delivered elsewhere from now on")
    moved = (
        [f"{LEAVES}; move them to its entry {changes['secret_entry']} before that"] if "secret_entry" in changes else []
    )
    assert list(headlines[2:]) == moved


def test_entries_that_swap_their_halves_are_told_of_both() -> None:
    headlines = only(decided(wanted(lockbox=Lockbox("e6qsecret", "api_key_id", "api_key")), standing())).headlines
    assert [words.partition(":")[0] for words in headlines] == [
        "writes the secret of the new key over entry api_key_id, which held the id",
        "writes the id of the new key over entry api_key, which held the secret",
        "rotates",
    ]


def test_both_entries_moved_at_once_leave_a_whole_pair_until_the_overlap_ends() -> None:
    action = only(decided(wanted(lockbox=Lockbox("e6qsecret", "word", "login")), standing()))
    assert action.headlines == (
        action.reason,
        "moves away from Lockbox secret e6qsecret (entries api_key and api_key_id), which gives its readers key "
        "ajecurrent, which ends 2026-12-01 03:00 UTC; move them to its entries word and login before that",
    )


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (
            Lockbox("e6qsecret", key_id_entry="login"),
            "entry api_key_id away: who reads that fails at once; the new key",
        ),
        (Lockbox("e6qsecret", "word", "login"), "entries api_key and api_key_id away: who reads that fails at once"),
    ],
)
@pytest.mark.parametrize(
    ("inputs", "state"),
    [
        (wanted(compromised=frozenset({CURRENT})), standing()),
        (wanted(), standing(status=Status.MISSING)),
    ],
)
def test_entries_of_a_key_without_overlap_are_taken_away_and_that_is_said(
    target: Lockbox, words: str, inputs: Inputs, state: State
) -> None:
    action = only(decided(replace(inputs, lockbox=target), state))
    assert action.headlines[0] == action.reason
    assert action.headlines[1].startswith(f"takes {words}")
    assert len(action.headlines) == 2


def test_a_pair_that_lockbox_gives_from_elsewhere_is_not_called_this_keys() -> None:
    state = standing(status=Status.UNDELIVERED)
    headlines = only(decided(wanted(lockbox=Lockbox("e6qsecret", "word")), state)).headlines
    assert headlines[0].startswith("leaves entry api_key with what it holds beside the id of the new key")
    assert headlines[2].endswith("gives its readers no working key of this resource; move them to its entry word")


@pytest.mark.parametrize("status", [Status.MISSING, Status.UNDELIVERED, Status.ADOPTED])
def test_a_move_of_a_key_that_lockbox_does_not_give_promises_its_readers_nothing(status: Status) -> None:
    headlines = decided(wanted(lockbox=Lockbox("e6qshared")), standing(status=status)).headlines
    (words,) = (line for line in headlines if line.startswith("moves away"))
    assert "which gives its readers no working key of this resource, and nothing at all" in words


def test_a_key_that_becomes_an_output_beside_lockbox_moves_nobody() -> None:
    action = only(decided(wanted(expose_secret=True), standing()))
    assert action.headlines == (action.reason,)


def test_who_reads_in_which_order_compromised_ids_come_does_not_matter() -> None:
    state = standing(applied=wanted(compromised=frozenset(["a", "b"])))
    assert decided(wanted(compromised=frozenset(["b", "a"])), state) == Decision()


def test_what_only_matters_to_the_next_issue_or_the_next_overlap_changes_nothing_now() -> None:
    assert decided(wanted(overlap=14 * DAY), standing()) == Decision()
    assert decided(wanted(when_still_used="retire"), standing()) == Decision()


def test_a_changed_period_starts_a_new_grid_at_the_issue_of_the_current_key() -> None:
    weekly = wanted(rotate_every=7 * DAY)
    due = first_point(ISSUED, 7 * DAY, URN)
    assert next_rotation(weekly, standing(), URN) == due
    assert ISSUED + 6 * DAY < due < ISSUED + 7 * DAY
    assert decided(weekly, standing(), due - SECOND) == Decision()
    assert only(decided(weekly, standing(), due)).reason.startswith("rotates: due since 2026-11-")


def test_a_longer_period_puts_a_due_rotation_off() -> None:
    assert decided(wanted(rotate_every=60 * DAY), standing(), DUE) == Decision()


def test_an_unchanged_period_stays_on_its_grid() -> None:
    assert next_rotation(wanted(overlap=DAY, lifetime=60 * DAY), standing(), URN) == DUE


def test_when_several_things_are_due_previous_keys_come_first_and_the_rotation_last() -> None:
    now = ISSUED + 6.5 * DAY
    ended = in_overlap(key_id="ajeended", expires_at=now)
    leaked = in_overlap(key_id="ajeleaked")
    untold = in_overlap(key_id="ajeuntold", enforced=False)
    used = in_overlap(key_id="ajeused")
    state = standing(previous=(untold, used, ended, leaked))
    listed = listing(listed_key("ajeused", last_used_at=now))
    inputs = wanted(compromised=frozenset({"ajeleaked"}), reissue="1")
    assert [(action.verb, action.key_id) for action in decided(inputs, state, now, listed).actions] == [
        (Verb.REVOKE, "ajeleaked"),
        (Verb.RETIRE, "ajeended"),
        (Verb.ENFORCE, "ajeuntold"),
        (Verb.EXTEND, "ajeused"),
        (Verb.ROTATE, CURRENT),
    ]


def test_a_decision_names_its_action_by_verb() -> None:
    decision = decided(wanted(description="new"), standing(previous=(in_overlap(expires_at=ISSUED),)))
    change, retire = decision.action(Verb.CHANGE), decision.action(Verb.RETIRE)
    assert change is not None
    assert retire is not None
    assert (change.key_id, retire.key_id) == (CURRENT, PREVIOUS)
    assert decision.action(Verb.ROTATE) is None


def test_the_same_question_gets_the_same_answer() -> None:
    state = standing(previous=(in_overlap(),))
    assert decided(wanted(), state, DUE) == decided(replace(wanted()), replace(state), DUE)


def test_a_replaced_key_says_who_fails_at_once_and_how_to_move_them_before() -> None:
    assert of_a_replaced_resource(standing(), None) == (
        "replaces key ajecurrent, which is deleted in this run: whoever read it in Lockbox secret e6qsecret (entry "
        "api_key) fails at once",
        "to move them before, declare another account with such a key, and remove this one when nobody uses it; "
        "`yc iam api-key get ajecurrent` says when it was last used",
    )


@pytest.mark.parametrize(
    ("delivery", "words"),
    [
        ({"lockbox": None, "expose_secret": True}, "whoever read it as an output fails"),
        ({"expose_secret": True}, "whoever read it in Lockbox secret e6qsecret (entry api_key) or as an output fails"),
    ],
)
def test_a_replaced_key_s_consumers_are_told_where_they_got_it(delivery: dict[str, object], words: str) -> None:
    first, second = of_a_replaced_resource(standing(applied=wanted(**delivery)), "ajeanother")
    assert words in first
    assert "declare a key of account ajeanother, and" in second


def test_a_replaced_key_takes_its_previous_ones_along_and_names_them() -> None:
    first, _ = of_a_replaced_resource(standing(previous=(in_overlap(),)), None)
    assert "key ajecurrent, which is deleted with previous key ajeprevious in this run" in first
    first, _ = of_a_replaced_resource(standing(previous=(in_overlap(), in_overlap(key_id="ajeolder"))), None)
    assert "with previous keys ajeprevious and ajeolder in this run" in first


def test_a_key_that_is_gone_and_due_as_well_is_said_to_be_gone() -> None:
    rotation = decide(wanted(), standing(status=Status.MISSING), DUE, URN).action(Verb.ROTATE)
    assert rotation is not None
    assert rotation.reason == f"rotates: key {CURRENT} is gone, and not by us"


def test_a_longer_lifetime_is_said_after_the_scopes_that_a_key_gains() -> None:
    more = wanted(lifetime=100 * DAY, scopes=wanted().scopes | {"yc.postbox.send"})
    scopes, lifetime = decide(more, standing(), ISSUED + DAY, URN).headlines
    assert scopes.startswith("changes scopes")
    assert lifetime.startswith("changes lifetime")


def test_a_lifetime_that_ends_as_the_key_does_already_is_said_after_the_scopes_that_it_gains() -> None:
    more = wanted(scopes=wanted().scopes | {"yc.postbox.send"})
    scopes, lifetime = decide(more, standing(lifetime=None), ISSUED + DAY, URN).headlines
    assert scopes.startswith("changes scopes")
    assert lifetime.startswith("changes lifetime")
