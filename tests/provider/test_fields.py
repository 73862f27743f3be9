"""What is wrong with an input is said all at once, with its path and without its value; the same in other words is no difference."""

from __future__ import annotations

from typing import Any

import pytest

from provider.yandex_keys.access_binding import LockboxSecretIamMember
from provider.yandex_keys.fields import Change, InputField, changes, checked
from provider.yandex_keys.kms_symmetric_key import KmsSymmetricKey
from provider.yandex_keys.lockbox_secret import LockboxSecret
from provider.yandex_keys.marks import LABELS
from provider.yandex_keys.properties import UNKNOWN
from provider.yandex_keys.service_account import ServiceAccount


def problems(fields: tuple[InputField, ...], **given: Any) -> dict[str, str]:
    return dict(checked(fields, given, "Thing")[1])


class TestAnInput:
    def test_of_an_unknown_name_is_refused_with_the_name_that_was_meant(self) -> None:
        found = problems(LockboxSecret.fields, folderID="b1g", kmsKey="abj", quux=1)
        assert found["folderID"] == "is not an input of Thing; did you mean folderId?"
        assert found["kmsKey"] == "is not an input of Thing; did you mean kmsKeyId?"
        assert found["quux"].startswith("is not an input of Thing; there are name, folderId")

    def test_of_the_engine_itself_is_dropped(self) -> None:
        assert checked(LockboxSecret.fields, {"__defaults": ["name"], "name": "x"}, "Thing") == (
            {"name": "x", "deletionProtection": False},
            [],
        )

    def test_that_is_missing_but_required_is_named(self) -> None:
        assert problems(LockboxSecretIamMember.fields) == {
            "secretId": "is required",
            "role": "is required",
            "member": "is required",
        }

    def test_of_the_wrong_type_is_refused_without_showing_it(self) -> None:
        found = problems(
            KmsSymmetricKey.fields,
            name=5,
            description=["s3cret"],
            labels="s3cret",
            defaultAlgorithm=5,
            rotationPeriod=8,
        )
        assert found == {
            "name": "must be a string, not a number",
            "description": "must be a string, not a list",
            "labels": "must be a map of strings, not a string",
            "defaultAlgorithm": "must be a string, not a number",
            "rotationPeriod": "must be a string such as 8760h, not a number",
        }
        assert problems(LockboxSecret.fields, deletionProtection="yes") == {
            "deletionProtection": "must be true or false, not a string"
        }

    def test_beyond_the_limits_of_the_api_is_refused_in_their_words(self) -> None:
        found = problems(ServiceAccount.fields, name="Not A Name", description="x" * 257, folderId="b" * 51)
        assert found["name"] == "has to match [a-z]([-a-z0-9]{0,61}[a-z0-9])?"
        assert found["description"] == "is 257 characters long; at most 256 are allowed"
        assert found["folderId"] == "is 51 characters long; at most 50 are allowed"

    def test_that_is_not_known_yet_passes(self) -> None:
        given = dict.fromkeys(("name", "folderId", "labels", "kmsKeyId", "deletionProtection"), UNKNOWN)
        assert checked(LockboxSecret.fields, given, "Thing") == (given, [])

    def test_that_names_no_algorithm_is_answered_with_the_nearest(self) -> None:
        assert problems(KmsSymmetricKey.fields, defaultAlgorithm="aes256") == {
            "defaultAlgorithm": "is not one that the cloud knows; did you mean AES_256?"
        }
        assert "SYMMETRIC" not in problems(KmsSymmetricKey.fields, defaultAlgorithm="x")["defaultAlgorithm"]

    def test_that_is_no_member_is_refused(self) -> None:
        for member in ("aje123", "serviceAccount:", ":aje", "service account:aje", f"serviceAccount:{'a' * 101}"):
            assert list(problems(LockboxSecretIamMember.fields, secretId="e6q", role="viewer", member=member)) == [
                "member"
            ]
        for member in ("serviceAccount:aje123", "system:allUsers", "system:group:organization:bpf:users"):
            assert not problems(LockboxSecretIamMember.fields, secretId="e6q", role="viewer", member=member)


class TestLabels:
    def test_are_judged_one_by_one(self) -> None:
        labels = {"Team": "a", "team": "A", "owner": 5, "later": UNKNOWN, "fine": "x"}
        assert problems(LockboxSecret.fields, labels=labels) == {
            "labels[Team]": "the key has to match [a-z][-_0-9a-z]*",
            "labels[team]": "has to match [-_0-9a-z]*",
            "labels[owner]": "must be a string, not a number",
        }

    def test_may_not_be_the_ones_by_which_we_know_what_is_ours(self) -> None:
        found = problems(LockboxSecret.fields, labels=dict.fromkeys(LABELS, "x"))
        assert found == {f"labels[{key}]": "is set by the provider itself: choose another key" for key in LABELS}

    def test_leave_room_for_our_own(self) -> None:
        assert not problems(LockboxSecret.fields, labels={f"l{number}": "" for number in range(62)})
        too_many = problems(LockboxSecret.fields, labels={f"l{number}": "" for number in range(63)})
        assert too_many == {"labels": "has 65 elements; at most 64 are allowed; 2 of them are the provider's own"}

    def test_differ_key_by_key(self) -> None:
        had = {"labels": {"a": "1", "b": "2", "c": "3"}}
        wanted = {"labels": {"a": "1", "b": "other", "d": "4"}}
        assert changes(LockboxSecret.fields, had, wanted) == {
            "labels.b": Change("update"),
            "labels.c": Change("delete"),
            "labels.d": Change("add"),
        }

    def test_that_are_not_known_yet_differ(self) -> None:
        assert changes(LockboxSecret.fields, {"labels": {"a": "1"}}, {"labels": UNKNOWN}) == {
            "labels": Change("update")
        }
        assert changes(LockboxSecret.fields, {"labels": {"a": "1"}}, {"labels": {"a": UNKNOWN}}) == {
            "labels.a": Change("update")
        }


class TestTwoValues:
    @pytest.mark.parametrize(
        ("had", "wanted"),
        [
            ({}, {"description": "", "labels": {}, "deletionProtection": False}),
            ({"description": "", "deletionProtection": False}, {}),
            ({"name": "a", "id": "e6q", "__meta": "{}"}, {"name": "a"}),
        ],
    )
    def test_that_mean_the_same_make_no_difference(self, had: dict[str, Any], wanted: dict[str, Any]) -> None:
        assert changes(LockboxSecret.fields, had, wanted) == {}

    def test_of_a_period_are_the_same_for_the_same_time(self) -> None:
        assert changes(KmsSymmetricKey.fields, {"rotationPeriod": "8760h0m0s"}, {"rotationPeriod": "8760h"}) == {}
        for other in ("24h", None):
            assert changes(KmsSymmetricKey.fields, {"rotationPeriod": "8760h"}, {"rotationPeriod": other})

    def test_are_an_addition_a_change_or_a_removal(self) -> None:
        assert changes(LockboxSecret.fields, {"name": "a", "kmsKeyId": "abj"}, {"name": "b", "description": "new"}) == {
            "name": Change("update"),
            "kmsKeyId": Change("delete", replace=True),
            "description": Change("add"),
        }

    def test_of_which_one_is_empty_are_an_addition_or_a_removal(self) -> None:
        assert changes(LockboxSecret.fields, {"name": ""}, {"name": "b"}) == {"name": Change("add")}
        assert changes(LockboxSecret.fields, {"name": "b"}, {"name": ""}) == {"name": Change("delete")}
        assert changes(LockboxSecret.fields, {"deletionProtection": True}, {"deletionProtection": False}) == {
            "deletionProtection": Change("update")
        }

    def test_of_which_one_is_not_known_differ(self) -> None:
        assert changes(LockboxSecret.fields, {"kmsKeyId": "abj"}, {"kmsKeyId": UNKNOWN}) == {
            "kmsKeyId": Change("update", replace=True)
        }


def test_periods_are_refused_with_a_remedy() -> None:
    assert "such as 8760h" in problems(KmsSymmetricKey.fields, rotationPeriod="1 year")["rotationPeriod"]
    assert "above zero" in problems(KmsSymmetricKey.fields, rotationPeriod="0s")["rotationPeriod"]
