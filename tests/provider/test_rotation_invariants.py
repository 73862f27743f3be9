"""What holds for every key, whatever its user wants, whenever `pulumi up` runs, by whatever clock, and whatever happens in between.

- What consumers were given last is accepted after each complete run.
- After a run there is a current key; it is alive, as wanted, and nobody has called it compromised.
- No key lives past its issue and the lifetime in force, extensions included.
- A previous key works until its overlap is over, unless it is compromised, its own expiry comes first, or somebody deletes it by hand.
- What isn't this resource's is never in an action, whatever it carries, and every key that is its own is in the state after a rotation.
- Where runs come at least once an overlap, the current key never expires between them.
- A second run at the same time changes nothing.
- Preview and update agree, and what is due stays due, but for a window that opens or closes in between.
- Nothing is rotated at a time that its calendar leaves out, but for what was asked for, what consumers suffer from, and what would expire.
- What waits keeps its overlap, where runs come at least twice an overlap.

A clock that is behind by more than half an overlap, or ahead by more than a lifetime less an overlap, takes some of this away: `Run.in_time` and
`Run.settles` say what is left.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys.api_key.key import Status
from provider.yandex_keys.api_key.rotation import Decision, Verb, decide, next_rotation
from provider.yandex_keys.durations import SHORTEST
from provider.yandex_keys.rotation_calendar import Calendar

from .decide_inputs import waits_rightly
from .examples import DAY, HOUR, ISSUED, OWNER, SECOND, URN, wanted
from .histories import History, Policy, Up, calendars, histories, played, policies, ups
from .model import TOLERANCE, Key, Model, Run

BECOMES = {
    Verb.ENFORCE: {Verb.RETIRE},
    Verb.EXTEND: {Verb.RETIRE},
    Verb.CHANGE: {Verb.ROTATE},
}
"""What a decision may have turned into a little later: a key that ended in the meantime is retired, one that came due is rotated."""


def runs_of(history: History) -> list[Run]:
    return played(history).runs


def complete_runs_of(history: History) -> list[Run]:
    return [run for run in runs_of(history) if run.complete]


def may_be_ended(run: Run, key: Key) -> bool:
    """Whether the user's word allows to end a key that this resource didn't issue: it was made for it, by another instance."""
    return key.foreign == "another instance's" and key.key_id in run.inputs.compromised


def original_is_gone(run: Run, key: Key) -> bool:
    """Whether it is a copy whose original no listing has (any more): that can't be told from a key of ours (a limit; see the tests of left-overs)."""
    assert run.before is not None
    listed = [item for item in run.known.values() if item.key_id not in run.hidden - run.before.key_ids]
    living = [item for item in listed if item.deleted_at is None and run.keys[item.key_id].deleted_at is None]
    return key.foreign == "a copy" and key.mark not in [item.mark for item in living if item.foreign is None]


def slack(run: Run) -> timedelta:
    """How far an expiry may be off: it is counted from the machine's clock, where that is about right."""
    return min(abs(run.ahead), TOLERANCE)


@given(histories())
def test_after_a_run_the_current_key_is_alive_and_as_wanted(history: History) -> None:
    most = max(slack(run) for run in runs_of(history))
    for run in complete_runs_of(history):
        key, inputs = run.keys[run.after.key_id], run.inputs
        assert key.key_id not in inputs.compromised
        assert run.after.applied == inputs
        assert run.after.status == Status.CURRENT
        assert run.after.next_rotation_at > run.ours or not run.settles or run.repeated().waits
        if key.key_id in run.doubtful:
            continue
        assert key.deleted_at is None
        assert key.expires_at > run.now or not run.in_time
        assert key.expires_at == run.after.expires_at
        assert abs(key.expires_at - (key.issued_at + inputs.lifetime)) <= most
        assert (key.scopes, key.description) == (inputs.scopes, inputs.description)


@given(histories(quiet=True))
def test_what_consumers_were_given_last_is_accepted_after_each_complete_run(history: History) -> None:
    """States that were put back, keys that killed runs delivered, lists that lag: all without a refresh."""
    for run in complete_runs_of(history):
        if run.in_time:
            assert run.keys[run.delivered].died_at > run.now


@given(histories())
def test_what_consumers_were_given_last_is_the_current_key_once_the_state_tells_the_truth(history: History) -> None:
    for run in complete_runs_of(history):
        if run.after.key_id not in run.doubtful:
            assert run.delivered == run.after.key_id


@given(histories())
def test_nothing_foreign_is_ever_in_an_action_or_changed(history: History) -> None:
    for run in runs_of(history):
        if run.before is None:
            continue
        protected = {
            key_id
            for key_id, key in run.known.items()
            if key.foreign is not None and not may_be_ended(run, key) and not original_is_gone(run, key)
        }
        assert not protected & {action.key_id for action in run.decision.actions}
        assert {key_id: run.known[key_id] for key_id in protected} == {key_id: run.keys[key_id] for key_id in protected}


@given(histories())
def test_every_key_that_lives_is_in_the_state_after_a_rotation_whose_list_lacks_none(history: History) -> None:
    model = played(history)
    for run in model.runs:
        living = {key.key_id for key in run.keys.values() if key.foreign is None and key.deleted_at is None}
        if run.complete and run.rotated and not run.hidden:
            assert living <= run.after.key_ids
    living = {key.key_id for key in model.keys.values() if key.foreign is None and key.deleted_at is None}
    assert living <= model.state.key_ids | model.left


@given(histories())
def test_a_first_issue_that_dies_leaves_a_key_for_one_overlap_at_most(history: History) -> None:
    model = played(history)
    first = model.keys["aje0000"]
    if history.first_run.killed:
        assert first.expires_at <= ISSUED + history.first.overlap + min(max(history.ahead, timedelta(0)), TOLERANCE)


@given(histories())
def test_no_key_outlives_its_issue_and_the_lifetime_in_force(history: History) -> None:
    # What a hand put off is put right by a run that sees it: not where the cloud refused, nor of a key that neither the
    # state (put back since) nor a list (that lagged) told of.
    told, unseen = True, frozenset[str]()
    for run in runs_of(history):
        told = told and run.complete
        unseen = (unseen | run.hidden) - run.after.key_ids
        for key in run.keys.values():
            if key.foreign is not None or key.key_id in run.doubtful:
                continue
            if not key.spoiled:
                assert key.expires_at <= key.lifetime_ends_at
            elif told and key.key_id not in unseen:
                assert key.died_at <= max(key.lifetime_ends_at, key.overlap_ends_at or key.lifetime_ends_at)
        for action in run.decision.actions:
            if action.verb == Verb.EXTEND:
                assert action.until is not None
                assert action.until <= run.keys[action.key_id].issued_at + run.inputs.lifetime


@given(histories())
def test_the_state_says_when_each_key_ends(history: History) -> None:
    for run in complete_runs_of(history):
        for previous in run.after.previous:
            key = run.keys[previous.key_id]
            assert previous.enforced
            if previous.key_id not in run.doubtful:
                assert previous.expires_at == key.expires_at or key.deleted_at is not None


@given(histories())
def test_a_previous_key_works_until_its_overlap_is_over(history: History) -> None:
    for run in runs_of(history):
        for key in run.keys.values():
            if key.overlap_ends_at is not None and not key.spoiled:
                assert key.died_at >= key.overlap_ends_at


@given(histories())
def test_a_compromised_key_is_dead_after_the_run_that_reads_of_it(history: History) -> None:
    for run in complete_runs_of(history):
        for key_id in run.inputs.compromised & run.keys.keys():
            key = run.keys[key_id]
            if key.foreign is None or (may_be_ended(run, key) and run.before is not None):
                assert key.died_at <= run.now


@given(histories())
def test_a_second_run_at_the_same_time_changes_nothing(history: History) -> None:
    for run in complete_runs_of(history):
        if not run.settles:
            continue
        for action in run.repeated().actions:
            # By the machine's clock it is over; the cloud's clock is the one that counts.
            assert action.verb == Verb.RETIRE
            assert run.after.seen_until <= run.now < run.ours
            assert run.now < next(item.expires_at for item in run.after.previous if item.key_id == action.key_id)


@given(histories(), st.integers(0, 600))
def test_preview_and_update_agree(history: History, seconds: int) -> None:
    for run in runs_of(history):
        assert run.previewed(timedelta(0)) == run.decision
        if run.before is None:
            continue
        now = {(action.verb, action.key_id) for action in run.decision.actions}
        calendar, then = run.inputs.calendar, run.ours - timedelta(seconds=seconds)
        if calendar.next_allowed(then) == then and run.decision.waits:
            continue  # the window has closed, or a freeze has begun
        for action in run.previewed(timedelta(seconds=seconds)).actions:
            verbs = {action.verb} | BECOMES.get(action.verb, set())
            assert now & {(verb, action.key_id) for verb in verbs}


@given(histories())
def test_nothing_rotates_against_its_calendar_but_what_was_asked_for_is_broken_or_would_expire(
    history: History,
) -> None:
    for run in runs_of(history):
        action = run.decision.action(Verb.ROTATE)
        if run.before is None or action is None or run.inputs.calendar.next_allowed(run.ours) == run.ours:
            continue
        assert any("although the calendar would have it wait" in warning for warning in run.decision.warnings)
        if action.reason.startswith("rotates: due since"):
            assert not waits_rightly(run.inputs, run.before, run.ours)


@given(histories())
def test_what_is_due_rotates_in_its_window_or_waits_for_one_with_time_to_spare(history: History) -> None:
    for run in runs_of(history):
        if run.before is None or next_rotation(run.inputs, run.before, URN) > run.ours:
            continue
        assert bool(run.decision.waits) != bool(run.decision.action(Verb.ROTATE))
        if run.decision.waits:
            assert waits_rightly(run.inputs, run.before, run.ours)


@given(policies(SHORTEST), calendars(), st.lists(st.floats(0.01, 1), min_size=1, max_size=60))
def test_a_rotated_key_keeps_its_whole_overlap_whatever_its_calendar_where_two_runs_come_an_overlap(
    policy: Policy, calendar: Calendar, came: list[float]
) -> None:
    """So no consumer that reads again within the overlap ever holds a dead key."""
    model, now = Model(), ISSUED
    inputs = wanted(**dict(policy), calendar=calendar)
    model.run(inputs, now)
    for share in came:
        late = max(next_rotation(inputs, model.state, URN) - now, timedelta(0))
        now += max(inputs.overlap / 2 * share, SECOND) if share < 0.9 else max(late, SECOND)
        now = min(now, max(ISSUED, model.runs[-1].now) + max(late, inputs.overlap / 2)).replace(microsecond=0)
        waited = bool(decide(inputs, model.state, model.runs[-1].now, URN).waits)
        before = model.current
        run = model.run(inputs, now)
        if waited and run.rotated:
            assert run.keys[before.key_id].died_at >= now + inputs.overlap


@given(histories())
def test_actions_come_in_one_order_and_at_most_one_for_each_key(history: History) -> None:
    for run in runs_of(history):
        decision: Decision = run.decision
        verbs = [action.verb for action in decision.actions]
        assert verbs == sorted(verbs, key=list(Verb).index)
        ids = [action.key_id for action in decision.actions]
        assert len(ids) == len(set(ids))
        had = {"", *(run.before.key_ids if run.before else ())}
        others = {key.key_id for key in run.known.values() if may_be_ended(run, key)}
        assert set(ids) <= had | others


@pytest.mark.parametrize("ahead", [0, 20, 299, -20, -299, 3_600, 86_400, -86_400])
@given(policy=policies(SHORTEST), calendar=calendars(), came=st.lists(ups(failures=False), min_size=1, max_size=30))
def test_the_current_key_never_expires_between_runs_that_come_once_an_overlap(
    ahead: int, policy: Policy, calendar: Calendar, came: list[Up]
) -> None:
    """A clock that is behind takes from the overlap what it is behind, twice: expiries are counted from it as well where it is about right."""
    model, inputs = Model(ahead=ahead * SECOND), wanted(**dict(policy), calendar=calendar)
    most = inputs.overlap - 2 * max(-model.ahead, timedelta(0))
    model.run(inputs, ISSUED)
    now = ISSUED
    for up in came:
        if most <= timedelta(0):
            return
        now += min(max(up.gap(inputs), SECOND), most)
        assert model.current.expires_at > now
        model.run(inputs, now)


@given(policies(), st.lists(ups(failures=False), min_size=1, max_size=30))
def test_by_the_clouds_own_clock_whole_overlaps_between_runs_are_enough_for_any_policy(
    policy: Policy, came: list[Up]
) -> None:
    model, inputs = Model(), wanted(**dict(policy))
    model.run(inputs, ISSUED)
    now = ISSUED
    for up in came:
        now += min(max(up.gap(inputs), SECOND), inputs.overlap)
        assert model.current.expires_at > now
        model.run(inputs, now)


def test_the_stories_of_a_model_are_told_by_its_own_marks() -> None:
    """The model itself: what a killed run leaves is of our instance, what others make isn't."""
    model = Model()
    model.run(wanted(), ISSUED, killed="issued")
    assert [key.foreign for key in model.keys.values()] == ["another instance's", None]
    model.run(wanted(reissue="1"), ISSUED + HOUR, killed="delivered")
    assert model.left == {model.delivered} == {"aje0002"}
    model.make_foreign("another owner's", ISSUED + DAY)
    assert [key.mark.owner == OWNER for key in model.keys.values() if key.mark] == [True, True, True, False]
