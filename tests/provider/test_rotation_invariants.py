"""What holds for every key, whatever its user wants, whenever `pulumi up` runs, and whatever happens in between.

- After a run there is a current key; it is alive, as wanted, and nobody has called it compromised.
- No key lives past its issue and the lifetime in force, extensions included.
- A previous key works until its overlap is over, unless it is compromised, its own expiry comes first, or somebody deletes it by hand.
- Where runs come at least once an overlap, the current key never expires between them.
- A second run at the same time changes nothing.
- Preview and update agree, and what is due stays due.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys.rotation import Decision, Status, Verb

from .examples import ISSUED, SECOND, wanted
from .histories import History, Up, histories, played, policies, ups
from .model import Model, Run

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


@given(histories())
def test_after_a_run_the_current_key_is_alive_and_as_wanted(history: History) -> None:
    for run in complete_runs_of(history):
        key, inputs = run.keys[run.after.key_id], run.inputs
        assert key.deleted_at is None
        assert key.expires_at > run.now
        assert key.expires_at == run.after.expires_at == key.issued_at + inputs.lifetime
        assert (key.scopes, key.description) == (inputs.scopes, inputs.description)
        assert key.key_id not in inputs.compromised
        assert run.after.applied == inputs
        assert run.after.status == Status.CURRENT
        assert run.after.next_rotation_at > run.now


@given(histories())
def test_every_key_that_lives_is_in_the_state(history: History) -> None:
    for run in runs_of(history):
        known = {run.after.key_id, *(previous.key_id for previous in run.after.previous)}
        assert {key.key_id for key in run.keys.values() if key.deleted_at is None} <= known


@given(histories())
def test_no_key_outlives_its_issue_and_the_lifetime_in_force(history: History) -> None:
    told = True
    for run in runs_of(history):
        told = (
            told and run.complete
        )  # what a hand put off, and the cloud then refused to put right, is nobody's promise
        for key in run.keys.values():
            if not key.spoiled:
                assert key.expires_at <= key.lifetime_ends_at
            elif told:
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
            assert key.deleted_at is not None or key.expires_at <= run.now


@given(histories())
def test_a_second_run_at_the_same_time_changes_nothing(history: History) -> None:
    for run in complete_runs_of(history):
        assert run.repeated().actions == ()


@given(histories(), st.integers(0, 600))
def test_preview_and_update_agree(history: History, seconds: int) -> None:
    for run in runs_of(history):
        assert run.previewed(timedelta(0)) == run.decision
        if run.before is None:
            continue
        now = {(action.verb, action.key_id) for action in run.decision.actions}
        for action in run.previewed(timedelta(seconds=seconds)).actions:
            verbs = {action.verb} | BECOMES.get(action.verb, set())
            assert now & {(verb, action.key_id) for verb in verbs}


@given(histories())
def test_actions_come_in_one_order_and_at_most_one_for_each_key(history: History) -> None:
    for run in runs_of(history):
        decision: Decision = run.decision
        verbs = [action.verb for action in decision.actions]
        assert verbs == sorted(verbs, key=list(Verb).index)
        ids = [action.key_id for action in decision.actions]
        assert len(ids) == len(set(ids))
        had = {"", *(item.key_id for item in run.before.previous), run.before.key_id} if run.before else {""}
        assert set(ids) <= had


@given(policies(), st.lists(ups(failures=False), min_size=1, max_size=30))
def test_the_current_key_never_expires_between_runs_that_come_once_an_overlap(
    first: tuple[tuple[str, timedelta], ...], came: list[Up]
) -> None:
    model, inputs = Model(), wanted(**dict(first))
    model.run(inputs, ISSUED)
    now = ISSUED
    for up in came:
        now += min(max(up.gap(inputs), SECOND), inputs.overlap)
        assert model.current.expires_at > now
        model.run(inputs, now)
