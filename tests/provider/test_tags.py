"""What marks a key as ours: the end of its description, from which the user's words come back unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys.field_limits import field_violations
from provider.yandex_keys.tags import TAG_ROOM, expected_tag, first_tag, tagged, untagged

from .examples import URN

OTHER = URN + "-other"
TAGS = st.from_regex(r"\A[0-9a-f]{12}\.[0-9]{1,9}\Z")


def test_a_tag_is_a_hash_of_the_urn_and_which_instance_it_is() -> None:
    assert first_tag(URN, ()) == "de6bf6c42957.0"


def test_the_tag_of_a_replacement_differs_from_those_of_all_instances_that_live() -> None:
    first = first_tag(URN, ())
    second = first_tag(URN, (first,))
    assert second == first.replace(".0", ".1")
    assert first_tag(URN, (first, second)).endswith(".2")
    assert first_tag(URN, (second,)).endswith(".2")
    tenth = first.replace(".0", ".10")
    assert first_tag(URN, (first.replace(".0", ".9"), tenth)).endswith(".11")


def test_tags_of_other_resources_do_not_count() -> None:
    assert first_tag(URN, (first_tag(OTHER, ()), "")) == first_tag(URN, ())


def test_an_instance_keeps_its_tag() -> None:
    assert expected_tag(URN, first_tag(URN, ())) == first_tag(URN, ())
    second = first_tag(URN, (first_tag(URN, ()),))
    assert expected_tag(URN, second) == second


def test_a_renamed_resource_gets_a_tag_of_its_new_name_for_the_same_instance() -> None:
    assert expected_tag(URN, first_tag(OTHER, ())) == first_tag(URN, ())
    assert expected_tag(URN, first_tag(OTHER, (first_tag(OTHER, ()),))) == first_tag(URN, (first_tag(URN, ()),))


def test_an_imported_key_gets_the_first_tag() -> None:
    assert expected_tag(URN, "") == first_tag(URN, ())


def test_the_cloud_gets_the_words_and_the_mark() -> None:
    assert tagged("Nightly batch", "0123456789ab.0") == "Nightly batch [yandex-keys 0123456789ab.0]"
    assert tagged("", "0123456789ab.0") == "[yandex-keys 0123456789ab.0]"


WORDS = st.text(max_size=60) | st.lists(
    st.sampled_from([" ", "\n", "[yandex-keys 0123456789ab.0]", "[yandex-keys ", "]", "a", "\t"]), max_size=5
).map("".join)


@given(WORDS, TAGS)
def test_the_words_come_back_unchanged_whatever_they_are(words: str, tag: str) -> None:
    assert untagged(tagged(words, tag)) == (words, tag)


@pytest.mark.parametrize(
    "description",
    [
        "",
        "made by hand",
        "[yandex-keys 0123456789ab.0] is not at its end",
        "[yandex-keys 0123456789ab.0]\n",
        "[yandex-keys 0123456789AB.0]",
        "[yandex-keys 0123456789ab]",
        "[yandex-keys 0123456789ab.]",
        "[yandex-keys 0123456789ab.٣]",
        "yandex-keys 0123456789ab.0",
    ],
)
def test_a_description_without_the_mark_at_its_end_is_not_ours(description: str) -> None:
    assert untagged(description) == (description, "")


def test_the_longest_words_fit_beside_the_mark() -> None:
    words, tag = "x" * (256 - TAG_ROOM), f"0123456789ab.{10**18}"
    limits = field_violations("yandex.cloud.iam.v1.CreateApiKeyRequest", "description", tagged(words, tag))
    assert limits == []
