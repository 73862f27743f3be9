"""The mark: it survives the way through the cloud, fits beside the user's words, and differs wherever two things must not be taken for one."""

from __future__ import annotations

import re
import secrets

from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys import marks
from provider.yandex_keys.marks import Mark

URN = "urn:pulumi:prod::api-keys::yandex-keys:index:ApiKey::translator/default"
PARTS = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=marks.RANDOM_DIGITS, max_size=marks.RANDOM_DIGITS)
MARKS = st.builds(Mark, st.text("0123456789abcdef", min_size=12, max_size=12), PARTS, PARTS)


@given(st.text(max_size=200), MARKS)
def test_words_and_mark_come_back_as_they_went(words: str, mark: Mark) -> None:
    came, found = marks.words_and_mark(marks.marked(words, mark))
    assert (came.strip(), found) == (words.strip(), mark)


@given(MARKS)
def test_a_mark_takes_the_room_that_is_kept_for_it(mark: Mark) -> None:
    assert len(marks.marked("words", mark)) == len("words") + marks.ROOM


def test_a_description_by_hand_has_no_mark() -> None:
    assert marks.words_and_mark("for the nightly job") == ("for the nightly job", None)
    assert marks.words_and_mark("[yandex-keys 0123456789ab.0]") == ("[yandex-keys 0123456789ab.0]", None)


def test_another_state_of_the_same_stack_is_another_owner_and_so_is_another_resource() -> None:
    owners = {marks.owner_of("id-1", URN), marks.owner_of("id-2", URN), marks.owner_of("id-1", f"{URN}2")}
    assert len(owners) == 3
    assert marks.owner_of("id-1", URN) == marks.owner_of("id-1", URN)


def test_random_parts_can_stand_in_labels_and_never_meet() -> None:
    parts = {marks.random_part(secrets.token_bytes) for _ in range(2_000)}
    assert len(parts) == 2_000
    assert all(re.fullmatch("[a-z2-7]{10}", part) for part in parts)


def test_labels_hold_owner_and_instance_beside_the_users() -> None:
    labels = marks.with_labels({"team": "support"}, "0123456789ab", "abcdefghij")
    assert marks.without_labels(labels) == {"team": "support"}
    assert marks.labelled_owner({"labels": labels}) == "0123456789ab"
    assert marks.labelled_instance({"labels": labels}) == "abcdefghij"
    assert marks.labelled_instance({}) == ""


def test_a_creation_has_the_same_key_in_every_run_and_the_next_one_another() -> None:
    assert marks.creation_key("0123456789ab", 0) == marks.creation_key("0123456789ab", 0)
    assert len({marks.creation_key("0123456789ab", number) for number in range(10)}) == 10
