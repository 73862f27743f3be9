"""A lock is broken only where its holder is beyond doubt dead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipelines.lock import STALE_AFTER, Lock, is_locked, judge, locks_in

NOW = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
# As pulumi 3.259.0 prints it.
MESSAGE = """error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete \
the lock file with `pulumi cancel`.
  s3://state/.pulumi/locks/organization/api-keys/prod/1.json: created by runner@fv-az1 (pid 2571) at 2026-12-24T11:43:43Z
  s3://state/.pulumi/locks/organization/api-keys/prod/2.json: created by Anna Q@laptop.local (pid 42) at 2026-12-24T09:00:00+02:00
"""


def lock(age: timedelta, pid: int = 1) -> Lock:
    return Lock("runner", "host", pid, NOW - age)


def test_the_engines_message_names_each_holder() -> None:
    assert is_locked(MESSAGE)
    first, second = locks_in(MESSAGE)
    assert (first.user, first.host, first.pid) == ("runner", "fv-az1", 2571)
    assert (second.user, second.host) == ("Anna Q", "laptop.local")
    assert second.since == datetime(2026, 12, 24, 7, 0, tzinfo=UTC)


def test_other_errors_are_no_lock() -> None:
    assert not is_locked("error: incorrect passphrase")


def test_a_young_lock_of_a_stranger_is_honoured() -> None:
    verdict = judge([lock(timedelta(minutes=3))], NOW, STALE_AFTER, lambda _: False)
    assert not verdict.may_break
    assert "held by runner@host, process 1" in verdict.reason
    assert "2026-12-24 13:57" in verdict.reason


def test_a_lock_older_than_any_run_is_broken() -> None:
    verdict = judge([lock(STALE_AFTER)], NOW, STALE_AFTER, lambda _: False)
    assert verdict.may_break
    assert "longer than a run can take (2 h)" in verdict.reason


def test_a_young_lock_of_our_own_dead_run_is_broken() -> None:
    verdict = judge([lock(timedelta(seconds=5))], NOW, STALE_AFTER, lambda _: True)
    assert verdict.may_break
    assert "which is gone" in verdict.reason


def test_one_lock_in_doubt_keeps_all_of_them() -> None:
    locks = [lock(timedelta(days=1)), lock(timedelta(minutes=1), pid=2)]
    assert not judge(locks, NOW, STALE_AFTER, lambda each: each.pid == 1).may_break


def test_a_message_that_cannot_be_read_breaks_nothing() -> None:
    assert not judge(locks_in("the stack is currently locked by 1 lock(s)"), NOW, STALE_AFTER, lambda _: True).may_break
