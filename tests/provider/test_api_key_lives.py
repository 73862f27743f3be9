"""What becomes of live keys whatever the engine does with their resource: replaced, copied, restored, cut off in the middle. Against the emulator."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests

from provider.yandex_keys.api_key.handler import ApiKey
from provider.yandex_keys.api_key.inputs import checked
from provider.yandex_keys.errors import CloudError, InvalidInput, PartialFailure, YandexKeysError
from provider.yandex_keys.marks import mark_of
from provider.yandex_keys.properties import UNKNOWN
from provider.yandex_keys.run import Runtime
from provider.yandex_keys.times import format_time, parse_time, to_minute
from tests.provider.emulated_cloud import EmulatedCloud

URN = "urn:pulumi:prod::shop::yandex-keys:index:ApiKey::cashier"
OTHER = "urn:pulumi:prod::shop::yandex-keys:index:ApiKey::other"
State = dict[str, Any]


@dataclass
class Shop:
    """An account and a Lockbox secret, both made in another run, and the keys in them."""

    cloud: EmulatedCloud
    account: str
    secret: str
    began: int = 0

    def inputs(self, **changes: Any) -> State:
        given = {"scopes": ["yc.ai.translate.execute"], "lockbox": {"secretId": self.secret}}
        given |= changes
        given = {name: value for name, value in given.items() if value is not None}
        return checked({**given, "serviceAccountId": self.account})

    def output(self, **changes: Any) -> State:
        return self.inputs(lockbox=None, exposeSecret=True, **changes)

    def issue(self, urn: str = URN, state: str = "one-state", **changes: Any) -> State:
        return ApiKey().create(urn, self.inputs(**changes), self.cloud.runtime(state))[1]

    def up(
        self,
        had: State,
        urn: str = URN,
        state: str = "one-state",
        ahead: timedelta = timedelta(0),
        **changes: Any,
    ) -> State:
        """An `up` of a machine whose clock is that far ahead of the cloud's."""
        runtime, inputs = _at(self.cloud.runtime(state), self.now() + ahead), self.inputs(**changes)
        if not ApiKey().diff(urn, "id", had, inputs, runtime).changes:
            return had
        return ApiKey().update(urn, "id", had, inputs, runtime)

    def delete(self, had: State, urn: str = URN, state: str = "one-state") -> None:
        ApiKey().delete(urn, "id", had, self.cloud.runtime(state))

    def refresh(self, had: State, urn: str = URN, **changes: Any) -> State:
        found = ApiKey().read(urn, "id", self.inputs(**changes), had, self.cloud.runtime())
        assert found is not None
        return found.state

    def keys(self) -> dict[str, Mapping[str, Any]]:
        """The account's live keys by their ids."""
        return {key["id"]: key for key in self.cloud.state()["apiKeys"] if key["serviceAccountId"] == self.account}

    def still_readable(self) -> set[str]:
        """The keys whose secrets a version of the Lockbox secret holds that isn't scheduled for destruction."""
        secret = next(item for item in self.cloud.state()["secrets"] if item["id"] == self.secret)
        return {version["entries"]["api_key_id"] for version in secret["versions"] if version["status"] == "ACTIVE"}

    def given(self) -> dict[str, str]:
        """The entries of the secret's current version."""
        secret = next(item for item in self.cloud.state()["secrets"] if item["id"] == self.secret)
        current = [version for version in secret["versions"] if version["current"]]
        return dict(current[0]["entries"]) if current and current[0]["status"] == "ACTIVE" else {}

    def served(self, entry: str = "api_key", id_entry: str = "api_key_id") -> str:
        """The id of the key that Lockbox gives; it is alive, and it is the secret's own."""
        given = self.given()
        key = self.keys()[given[id_entry]]
        assert key["secret"] == given[entry]
        assert parse_time(key["expiresAt"]) > self.now()
        return str(key["id"])

    def now(self) -> Any:
        return parse_time(self.cloud.now())

    def warnings(self, words: str) -> list[str]:
        """The lines with these words that were printed since the shop was made."""
        return [line for line in self.cloud.logged[self.began :] if words in line]

    def may_translate(self) -> None:
        """Gives the account the role without which its keys are refused."""
        subject = {"id": self.account, "type": "serviceAccount"}
        role = {"action": "ADD", "access_binding": {"role_id": "ai.translate.user", "subject": subject}}
        folder = {"resource_id": self.cloud.folder_id, "access_binding_deltas": [role]}
        self.cloud.runtime().cloud.operate("FolderService/UpdateAccessBindings", folder)

    def by_hand(self, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return self.cloud.runtime().cloud.call(method, request)


@pytest.fixture
def shop(cloud: EmulatedCloud) -> Shop:
    runtime = cloud.runtime()
    name = f"shop-{secrets.token_hex(4)}"
    place = {"folder_id": runtime.folder_id, "name": name}
    account = runtime.cloud.operate("ServiceAccountService/Create", place, name)["response"]["id"]
    secret = runtime.cloud.operate("SecretService/Create", {**place, "create_version": False}, name)["response"]["id"]
    cloud.forget_calls()
    return Shop(cloud, account, secret, len(cloud.logged))


class TestAFirstKey:
    def test_ends_after_one_overlap_until_the_engine_is_about_to_be_told(self, shop: Shop) -> None:
        shop.cloud.fault("ApiKeyService/Update", "before", "INVALID_ARGUMENT")
        with pytest.raises(PartialFailure, match="gives it its lifetime") as caught:
            shop.issue()
        state = caught.value.state
        issued, ends = parse_time(state["issuedAt"]), parse_time(state["expiresAt"])
        assert abs(ends - issued - timedelta(days=7)) < timedelta(minutes=5)
        healed = shop.up(state)
        assert parse_time(healed["expiresAt"]) == parse_time(healed["issuedAt"]) + timedelta(days=90)
        assert healed["keyId"] == state["keyId"] == shop.served()

    def test_takes_three_calls_where_its_account_and_secret_are_new(self, shop: Shop) -> None:
        runtime = shop.cloud.runtime()
        runtime.record.made.add(shop.account)
        runtime.record.made.add(shop.secret)
        ApiKey().create(URN, shop.inputs(), runtime)
        assert shop.cloud.calls() == {
            "ApiKeyService/Create": 1,
            "SecretService/AddVersion": 1,
            "ApiKeyService/Update": 1,
        }

    def test_takes_three_calls_and_a_listing_where_both_were_there(self, shop: Shop) -> None:
        shop.issue()
        assert shop.cloud.calls() == {
            "ApiKeyService/List": 1,
            "ApiKeyService/Create": 1,
            "SecretService/AddVersion": 1,
            "ApiKeyService/Update": 1,
        }

    def test_of_a_run_that_died_is_named_with_its_end_and_not_touched(self, shop: Shop) -> None:
        died = shop.issue()
        before = shop.keys()[died["keyId"]]
        state = shop.issue()
        assert any(died["keyId"] in line and "works until" in line for line in shop.cloud.logged)
        assert shop.keys()[died["keyId"]] == before
        assert shop.served() == state["keyId"] != died["keyId"]

    def test_of_a_run_that_died_is_deleted_where_it_is_listed_as_compromised(self, shop: Shop) -> None:
        died = shop.issue()
        state = shop.issue(compromised=[died["keyId"]])
        assert set(shop.keys()) == {state["keyId"]}
        other = shop.issue(OTHER, lockbox={"secretId": shop.secret, "secretEntry": "b", "keyIdEntry": "b_id"})
        after = shop.up(state, compromised=[died["keyId"], other["keyId"], "ajenobody"])
        assert set(shop.keys()) == {state["keyId"], other["keyId"]}
        assert any(f"lists {other['keyId']}, which this resource didn't issue" in line for line in shop.cloud.logged)
        assert any("ajenobody, but account" in line for line in shop.cloud.logged)
        shop.cloud.forget_calls()
        assert shop.up(after, compromised=[died["keyId"], other["keyId"], "ajenobody"]) == after
        assert shop.cloud.calls() == {}

    def test_of_a_run_that_died_takes_its_version_along_once_it_is_listed_as_compromised(self, shop: Shop) -> None:
        died = shop.issue()
        state = shop.issue()
        shop.up(state, compromised=[died["keyId"]])
        assert shop.still_readable() == {state["keyId"]}

    def test_of_a_run_that_died_is_replaced_before_it_goes_where_lockbox_gives_it(self, shop: Shop) -> None:
        died = shop.issue()
        state = shop.issue()
        version = {"secret_id": shop.secret, "version_id": died["lockboxVersionId"]}
        shop.by_hand("SecretService/SetCurrentVersion", version)
        assert shop.served() == died["keyId"]
        after = shop.up(state, compromised=[died["keyId"]])
        assert shop.served() == after["keyId"] != state["keyId"]
        assert set(shop.keys()) == {state["keyId"], after["keyId"]}

    def test_whose_answer_was_lost_is_deleted_and_issued_again(self, shop: Shop) -> None:
        shop.cloud.fault("ApiKeyService/Create", "after", "UNAVAILABLE", times=2)
        state = shop.issue()
        assert set(shop.keys()) == {state["keyId"]}

    def test_whose_delivery_lost_its_answer_is_delivered_once(self, shop: Shop) -> None:
        shop.cloud.fault("SecretService/AddVersion", "after", "UNAVAILABLE", times=2)
        state = shop.issue()
        assert shop.served() == state["keyId"]
        secret = next(item for item in shop.cloud.state()["secrets"] if item["id"] == shop.secret)
        assert len(secret["versions"]) == 1

    @pytest.mark.parametrize("code", ["PERMISSION_DENIED", "RESOURCE_EXHAUSTED"])
    def test_whose_delivery_was_refused_after_the_fact_is_kept(self, shop: Shop, code: str) -> None:
        shop.cloud.fault("SecretService/AddVersion", "after", code)
        state = shop.issue()
        assert shop.served() == state["keyId"]

    def test_whose_delivery_is_refused_is_deleted(self, shop: Shop) -> None:
        shop.cloud.fault("SecretService/AddVersion", "before", "PERMISSION_DENIED", times=9)
        with pytest.raises(CloudError, match="PERMISSION_DENIED"):
            shop.issue()
        assert shop.keys() == {}


class TestAReplacement:
    """`--target-replace` and `state taint` reach the plugin as Create and Delete, without a Diff before."""

    def test_leaves_consumers_the_new_key_and_ends_the_old_one(self, shop: Shop) -> None:
        old = shop.issue()
        new = shop.issue()
        assert set(shop.keys()) == {old["keyId"], new["keyId"]}
        shop.delete(old)
        assert shop.served() == new["keyId"]
        assert set(shop.keys()) == {new["keyId"]}
        assert shop.up(new) == new

    def test_of_a_key_in_a_shared_secret_leaves_the_others_alone(self, shop: Shop) -> None:
        beside = {"secretId": shop.secret, "secretEntry": "b", "keyIdEntry": "b_id"}
        other, old = shop.issue(OTHER, lockbox=beside), shop.issue()
        new = shop.issue()
        shop.delete(old)
        assert (shop.served(), shop.served("b", "b_id")) == (new["keyId"], other["keyId"])

    def test_of_an_output_issues_the_new_key_before_the_old_one_goes(self, shop: Shop) -> None:
        old = ApiKey().create(URN, shop.output(), shop.cloud.runtime())[1]
        new = ApiKey().create(URN, shop.output(), shop.cloud.runtime())[1]
        assert {key["secret"] for key in shop.keys().values()} == {old["secret"], new["secret"]}
        shop.delete(old)
        assert [key["secret"] for key in shop.keys().values()] == [new["secret"]]


class TestAnotherState:
    def test_of_the_same_stack_touches_no_key_of_the_first(self, shop: Shop) -> None:
        ours = shop.up(shop.issue(), reissue="1")
        before = shop.keys()
        theirs = shop.issue(state="second-backend")
        theirs = shop.up(theirs, state="second-backend", reissue="2")
        assert {key_id: shop.keys()[key_id] for key_id in before} == before
        shop.delete(theirs, state="second-backend")
        assert shop.keys() == before
        assert mark_of({"id": ours["keyId"], "description": before[ours["keyId"]]["description"]}) is not None

    def test_restored_from_before_a_rotation_makes_the_newer_key_previous(self, shop: Shop) -> None:
        restored = shop.issue()
        newer = shop.up(restored, reissue="1")
        state = shop.up(restored, reissue="1")
        assert shop.served() == state["keyId"]
        assert {item["keyId"] for item in state["previous"]} == {restored["keyId"], newer["keyId"]}
        left = shop.keys()[newer["keyId"]]
        assert abs(parse_time(left["expiresAt"]) - shop.now() - timedelta(days=7)) < timedelta(minutes=5)
        assert shop.up(state, reissue="1") == state

    def test_that_lost_the_key_leaves_it_alone(self, shop: Shop) -> None:
        forgotten = ApiKey().create(URN, shop.output(), shop.cloud.runtime())[1]
        before = shop.keys()
        ApiKey().create(URN, shop.output(), shop.cloud.runtime())
        assert shop.keys()[forgotten["keyId"]] == before[forgotten["keyId"]]
        assert any(forgotten["keyId"] in line for line in shop.cloud.logged)


class TestARotation:
    def test_takes_four_calls(self, shop: Shop) -> None:
        state = shop.issue()
        shop.cloud.forget_calls()
        shop.up(state, reissue="1")
        assert shop.cloud.calls() == {
            "ApiKeyService/List": 1,
            "ApiKeyService/Create": 1,
            "SecretService/AddVersion": 1,
            "ApiKeyService/Update": 1,
        }

    def test_of_all_keys_of_an_account_takes_three_calls_a_key_and_one_listing(self, shop: Shop) -> None:
        urns = [f"{URN}-{number}" for number in range(4)]
        states = [shop.issue(urn) for urn in urns]
        shop.cloud.forget_calls()
        runtime, inputs = shop.cloud.runtime(), shop.inputs(reissue="1")

        def rotate(urn: str, state: State) -> State:
            assert ApiKey().diff(urn, "id", state, inputs, runtime).changes
            return ApiKey().update(urn, "id", state, inputs, runtime)

        with ThreadPoolExecutor(len(urns)) as at_once:
            rotated = list(at_once.map(rotate, urns, states))
        assert [state["generation"] for state in rotated] == [2] * 4
        assert shop.cloud.calls() == {
            "ApiKeyService/List": 1,
            "ApiKeyService/Create": 4,
            "SecretService/AddVersion": 4,
            "ApiKeyService/Update": 4,
        }

    def test_that_died_leaves_its_key_for_one_overlap_after_a_rename_too(self, shop: Shop) -> None:
        state = shop.issue()
        died = shop.up(state, reissue="1")
        renamed = shop.up(state, OTHER, reissue="1")
        assert {item["keyId"] for item in renamed["previous"]} == {state["keyId"], died["keyId"]}
        left = shop.keys()[died["keyId"]]
        assert parse_time(left["expiresAt"]) < shop.now() + timedelta(days=7, minutes=5)

    def test_leaves_a_key_with_a_copied_description_alone(self, shop: Shop) -> None:
        state = shop.issue()
        mine = shop.keys()[state["keyId"]]
        request = {
            "service_account_id": shop.account,
            "description": mine["description"],
            "scopes": ["yc.ai.translate.execute"],
        }
        copied = shop.by_hand("ApiKeyService/Create", request)["api_key"]["id"]
        before = shop.keys()[copied]
        state = shop.up(state, reissue="1")
        assert shop.keys()[copied] == before
        for days, reissue in ((8, "2"), (8, "3"), (8, "4")):
            shop.cloud.move_to(shop.now() + timedelta(days=days))
            state = shop.up(state, reissue=reissue)
        assert {item["keyId"] for item in state["previous"]}.isdisjoint({mine["id"], copied})
        assert shop.keys()[copied] == before
        shop.delete(state)
        assert set(shop.keys()) == {copied}

    def test_shortens_an_expiry_that_somebody_extended_by_hand(self, shop: Shop) -> None:
        state = shop.issue()
        far = format_time(shop.now() + timedelta(days=3_000))
        shop.by_hand(
            "ApiKeyService/Update", {"api_key_id": state["keyId"], "expires_at": far, "update_mask": "expiresAt"}
        )
        after = shop.up(state, reissue="1", overlap="7d")
        assert parse_time(shop.keys()[state["keyId"]]["expiresAt"]) == parse_time(after["previous"][0]["expiresAt"])

    def test_that_can_not_replace_a_leaked_key_says_that_it_still_works(self, shop: Shop) -> None:
        state = shop.issue()
        shop.cloud.fault("SecretService/AddVersion", "before", "PERMISSION_DENIED", times=9)
        with pytest.raises(
            YandexKeysError, match=f"COMPROMISED KEY {state['keyId']} STILL WORKS.*yc iam api-key delete"
        ):
            shop.up(state, compromised=[state["keyId"]])
        assert shop.served() == state["keyId"]

    def test_of_a_renamed_key_changes_nothing_before_it_is_due(self, shop: Shop) -> None:
        state = shop.up(shop.issue(), reissue="1")
        shop.by_hand("ApiKeyService/Delete", {"api_key_id": state["previous"][0]["keyId"]})
        shop.cloud.forget_calls()
        assert shop.up(state, OTHER, reissue="1") == state
        assert shop.cloud.calls() == {}

    @pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=1)])
    def test_replaces_a_compromised_previous_key_first_where_lockbox_gives_it_again(
        self, shop: Shop, ahead: timedelta
    ) -> None:
        state = shop.issue()
        after = shop.up(state, reissue="1")
        first = after["previous"][0]
        shop.by_hand(
            "SecretService/SetCurrentVersion", {"secret_id": shop.secret, "version_id": first["lockboxVersionId"]}
        )
        assert shop.served() == first["keyId"]
        final = shop.up(after, reissue="1", compromised=[first["keyId"]], ahead=ahead)
        assert shop.served() == final["keyId"]
        assert first["keyId"] not in set(shop.keys())


class TestARetirement:
    def test_waits_for_the_end_that_the_cloud_has_which_a_restored_state_may_not_know(self, shop: Shop) -> None:
        state = shop.up(shop.issue(), reissue="1")
        old = state["previous"][0]["keyId"]
        told = format_time(shop.now() + timedelta(days=14))
        shop.by_hand("ApiKeyService/Update", {"api_key_id": old, "expires_at": told, "update_mask": "expiresAt"})
        shop.cloud.move_to(shop.now() + timedelta(days=8))
        state = shop.up(state, reissue="1")
        assert old in set(shop.keys())
        assert state["previous"][0]["expiresAt"] == told
        assert any("later than this state set it" in line for line in shop.cloud.logged)
        shop.cloud.move_to(shop.now() + timedelta(days=7))
        state = shop.up(state, reissue="1")
        assert state["previous"] == []
        assert old not in set(shop.keys())


class TestAMove:
    @pytest.mark.parametrize(
        ("replaced", "advice"), [(False, "list its name under `secrets:`"), (True, "its own warning has the way")]
    )
    def test_from_a_secret_that_is_itself_replaced_leaves_the_way_to_that_secret(
        self, shop: Shop, replaced: bool, advice: str
    ) -> None:
        state, runtime = shop.issue(), shop.cloud.runtime()
        inputs = ApiKey().check(URN, {}, {**shop.inputs(), "lockbox": UNKNOWN}, runtime)
        if replaced:
            runtime.record.replaced.add(shop.secret)
        ApiKey().diff(URN, "id", state, inputs, runtime)
        (said,) = shop.warnings("moves away")
        assert advice in said
        assert ("`secrets:`" in said) is not replaced


class TestADeletion:
    def test_says_which_keys_ended_when_they_were_used_and_whom_it_hits(self, shop: Shop) -> None:
        first = shop.issue()
        state = shop.up(first, reissue="now")
        shop.may_translate()
        assert shop.cloud.use("translate", shop.given()["api_key"]) == 200
        shop.cloud.forget_calls()
        shop.delete(state)
        of_keys = {call: times for call, times in shop.cloud.calls().items() if call.startswith("ApiKeyService/")}
        assert of_keys == {"ApiKeyService/List": 1, "ApiKeyService/Delete": 2}
        (line,) = shop.warnings("deleted key")
        assert line == (
            f"deleted key {state['keyId']} (and previous {first['keyId']}), last used {to_minute(shop.now())}; whoever "
            f"has it from Lockbox secret {shop.secret}, entry api_key, fails from now on"
        )

    def test_of_a_key_that_nobody_has_used_says_nothing_of_its_use(self, shop: Shop) -> None:
        state = ApiKey().create(URN, shop.output(), shop.cloud.runtime())[1]
        shop.delete(state)
        (line,) = shop.warnings("deleted key")
        assert line == f"deleted key {state['keyId']}; whoever has it from the stack's outputs fails from now on"

    def test_of_a_key_that_is_gone_already_says_nothing(self, shop: Shop) -> None:
        state = shop.issue()
        shop.delete(state)
        shop.delete(state)
        assert len(shop.warnings("deleted key")) == 1

    def test_of_a_key_whose_end_is_past_says_so(self, shop: Shop) -> None:
        state = shop.issue()
        runtime = _at(shop.cloud.runtime(), shop.now() + timedelta(days=91))
        ApiKey().delete(URN, "id", state, runtime)
        ends = to_minute(parse_time(state["expiresAt"]))
        assert shop.warnings("deleted key") == [f"deleted key {state['keyId']}; it had ended {ends}"]

    def test_after_a_replacement_names_those_alone_who_have_not_read_again(self, shop: Shop) -> None:
        had, runtime = shop.issue(), shop.cloud.runtime()
        inputs = ApiKey().check(URN, {}, shop.inputs(), runtime)
        ApiKey().create(URN, inputs, runtime)
        ApiKey().delete(URN, "id", had, runtime)
        assert shop.warnings("deleted key") == [
            f"deleted key {had['keyId']}: another key has taken its place, and who read it before and not since fails from now on"
        ]

    def test_after_a_replacement_that_told_of_it_says_nothing(self, shop: Shop) -> None:
        had, runtime = shop.issue(), shop.cloud.runtime()
        ApiKey().diff(URN, "id", had, {**shop.inputs(), "serviceAccountId": UNKNOWN}, runtime)
        ApiKey().delete(URN, "id", had, runtime)
        assert shop.warnings("replaces key")
        assert shop.warnings("deleted key") == []


class TestEntriesOfASharedSecret:
    """What a key takes with it when it goes is its own: never what another one has set since."""

    def place(self, shop: Shop, name: str) -> State:
        return {"secretId": shop.secret, "secretEntry": name, "keyIdEntry": f"{name}_id"}

    def test_stay_where_another_key_has_taken_over_the_entry(self, shop: Shop) -> None:
        old = shop.issue(lockbox=self.place(shop, "a"))
        new = shop.issue(OTHER, lockbox=self.place(shop, "a"))
        shop.delete(old)
        assert shop.served("a", "a_id") == new["keyId"]

    def test_stay_where_two_keys_swap_them(self, shop: Shop) -> None:
        one = shop.issue(lockbox=self.place(shop, "a"))
        two = shop.issue(OTHER, lockbox=self.place(shop, "b"))
        one = shop.up(one, lockbox=self.place(shop, "b"))
        two = shop.up(two, OTHER, lockbox=self.place(shop, "a"))
        shop.cloud.move_to(shop.now() + timedelta(days=8))
        one = shop.up(one, lockbox=self.place(shop, "b"))
        two = shop.up(two, OTHER, lockbox=self.place(shop, "a"))
        assert (one["previous"], two["previous"]) == ([], [])
        assert (shop.served("b", "b_id"), shop.served("a", "a_id")) == (one["keyId"], two["keyId"])

    def test_go_with_a_key_that_moved_away_when_its_overlap_is_over(self, shop: Shop) -> None:
        state = shop.up(shop.issue(lockbox=self.place(shop, "a")), lockbox=self.place(shop, "b"))
        shop.cloud.move_to(shop.now() + timedelta(days=8))
        shop.up(state, lockbox=self.place(shop, "b"))
        assert set(shop.given()) == {"b", "b_id"}

    def test_written_by_hand_stay(self, shop: Shop) -> None:
        state = shop.issue()
        shop.by_hand(
            "SecretService/AddVersion",
            {
                "secret_id": shop.secret,
                "payload_entries": [
                    {"key": "api_key", "text_value": "by hand"},
                    {"key": "password", "text_value": "theirs"},
                ],
            },
        )
        shop.delete(state)
        assert shop.given()["api_key"] == "by hand"
        assert shop.given()["password"] == "theirs"
        assert any("may have been written by hand" in line for line in shop.cloud.logged)

    @pytest.mark.parametrize("empty", ["accept", "refuse"])
    def test_of_two_deleted_keys_do_not_come_back_with_a_third(self, shop: Shop, empty: str) -> None:
        shop.cloud.set(emptyVersions=empty)
        one = shop.issue(lockbox=self.place(shop, "a"))
        two = shop.issue(OTHER, lockbox=self.place(shop, "b"))
        shop.delete(one)
        assert set(shop.given()) == {"b", "b_id"}
        shop.delete(two, OTHER)
        third = shop.issue(lockbox=self.place(shop, "a"))
        assert set(shop.given()) - {"no_api_key"} == {"a", "a_id"}
        assert shop.served("a", "a_id") == third["keyId"]

    def test_with_names_as_long_as_can_be_are_told_apart(self, shop: Shop) -> None:
        long = {"secretId": shop.secret, "secretEntry": "x" * 255 + "1", "keyIdEntry": "x" * 255 + "2"}
        other = {"secretId": shop.secret, "secretEntry": "x" * 255 + "3", "keyIdEntry": "x" * 255 + "4"}
        one, two = shop.issue(lockbox=long), shop.issue(OTHER, lockbox=other)
        shop.delete(one)
        assert shop.served(other["secretEntry"], other["keyIdEntry"]) == two["keyId"]
        assert set(shop.given()) == {other["secretEntry"], other["keyIdEntry"]}


class TestARefresh:
    def test_sees_an_older_version_put_back_and_the_next_up_repairs_it(self, shop: Shop) -> None:
        first = shop.issue()
        second = shop.up(first, reissue="1")
        request = {"secret_id": shop.secret, "version_id": first["lockboxVersionId"]}
        shop.by_hand("SecretService/SetCurrentVersion", request)
        found = shop.refresh(second, reissue="1")
        assert found["status"] == "undelivered"
        (warning,) = shop.warnings("is not what Lockbox gives")
        assert warning == (
            f"key {second['keyId']} is not what Lockbox gives, and not by us: the current version {first['lockboxVersionId']} of Lockbox secret "
            f"{shop.secret} gives key {first['keyId']}; the next `pulumi up` issues a new one and delivers it; "
            "consumers that read before that get no key, or the wrong one"
        )
        repaired = shop.up(found, reissue="1")
        assert shop.served() == repaired["keyId"]

    def test_asks_for_a_key_by_its_id_before_it_believes_it_gone(self, shop: Shop) -> None:
        state = shop.up(shop.issue(), reissue="1")
        runtime = shop.cloud.runtime()
        runtime.reads.keys = lambda service_account_id: []  # type: ignore[method-assign]
        found = ApiKey().read(URN, "id", shop.inputs(reissue="1"), state, runtime)
        assert found is not None
        assert found.state == state

    def test_says_that_a_key_is_gone_which_is(self, shop: Shop) -> None:
        state = shop.issue()
        shop.by_hand("ApiKeyService/Delete", {"api_key_id": state["keyId"]})
        assert shop.refresh(state)["status"] == "missing"
        (warning,) = shop.warnings("is gone")
        assert warning == (
            f"key {state['keyId']} is gone, and not by us: the next `pulumi up` issues a new one; consumers fail until then"
        )

    def test_says_that_a_key_is_gone_with_its_account(self, shop: Shop) -> None:
        state = shop.issue()
        runtime = shop.cloud.runtime()
        runtime.cloud.operate("ServiceAccountService/Delete", {"service_account_id": shop.account}, shop.account)
        assert ApiKey().read(URN, "id", shop.inputs(), state, shop.cloud.runtime()) is None
        (warning,) = shop.warnings("is gone")
        assert warning == (
            f"key {state['keyId']} is gone, with its account {shop.account}, and not by us: the next `pulumi up` issues a new one; "
            "consumers fail until then"
        )

    def test_says_that_entries_were_taken_out_of_lockbox_or_the_secret_is_gone(self, shop: Shop) -> None:
        state = shop.issue()
        request = {"secret_id": shop.secret, "payload_entries": [{"key": "api_key", "text_value": ""}]}
        shop.by_hand("SecretService/AddVersion", request)
        assert shop.refresh(state)["status"] == "undelivered"
        assert "has no entry api_key; the next `pulumi up`" in shop.warnings("is not what Lockbox gives")[-1]
        runtime = shop.cloud.runtime()
        runtime.cloud.operate("SecretService/Delete", {"secret_id": shop.secret}, shop.secret)
        assert shop.refresh(state)["status"] == "undelivered"
        gone = f"and not by us: Lockbox secret {shop.secret} is gone; the next `pulumi up`"
        assert gone in shop.warnings("is not what Lockbox gives")[-1]

    def test_of_what_is_as_it_was_says_nothing(self, shop: Shop) -> None:
        state = shop.issue()
        assert shop.refresh(state) == state
        assert shop.warnings("not by us") == []

    def test_leaves_a_colleagues_entry_beside_ours_for_what_it_is(self, shop: Shop) -> None:
        state = shop.issue()
        shop.by_hand(
            "SecretService/AddVersion",
            {"secret_id": shop.secret, "payload_entries": [{"key": "password", "text_value": "theirs"}]},
        )
        assert shop.refresh(state)["status"] == "current"


class TestTwoClocks:
    @pytest.mark.parametrize("ahead", [timedelta(seconds=20), timedelta(hours=5), timedelta(days=400)])
    def test_a_machine_that_is_ahead_rotates_once_and_deletes_nothing(self, shop: Shop, ahead: timedelta) -> None:
        state = shop.issue()
        due = parse_time(state["nextRotationAt"])
        shop.cloud.move_to(due - min(ahead, timedelta(days=10)) + timedelta(seconds=5))
        keys = [state["keyId"]]
        for _ in range(4):
            runtime = _at(shop.cloud.runtime(), shop.now() + ahead)
            if ApiKey().diff(URN, "id", state, shop.inputs(), runtime).changes:
                state = ApiKey().update(URN, "id", state, shop.inputs(), runtime)
            keys.append(state["keyId"])
        assert len(set(keys)) <= 2
        assert set(keys) <= set(shop.keys())
        assert shop.served() == state["keyId"]
        ends, issued = parse_time(state["expiresAt"]), parse_time(state["issuedAt"])
        assert abs(ends - issued - timedelta(days=90)) <= timedelta(minutes=5)
        assert parse_time(state["nextRotationAt"]) <= ends - timedelta(days=7)

    def test_a_machine_that_is_behind_gives_a_key_its_whole_lifetime(self, shop: Shop) -> None:
        runtime = _at(shop.cloud.runtime(), shop.now() - timedelta(days=40))
        state = ApiKey().create(URN, shop.inputs(), runtime)[1]
        key = shop.keys()[state["keyId"]]
        assert parse_time(state["expiresAt"]) == parse_time(key["expiresAt"])
        assert abs(parse_time(key["expiresAt"]) - shop.now() - timedelta(days=90)) < timedelta(minutes=5)
        runtime = _at(shop.cloud.runtime(), shop.now() - timedelta(days=40))
        after = ApiKey().update(URN, "id", state, shop.inputs(reissue="1"), runtime)
        assert parse_time(after["expiresAt"]) == parse_time(after["issuedAt"]) + timedelta(days=90)
        overlap = parse_time(after["previous"][0]["expiresAt"]) - shop.now()
        assert abs(overlap - timedelta(days=7)) < timedelta(minutes=5)
        assert ApiKey().diff(URN, "id", after, shop.inputs(reissue="1"), runtime).changes == {}
        assert any("clock" in line and "behind" in line for line in shop.cloud.logged)

    def test_a_machine_for_which_an_overlap_is_over_still_extends_it_for_a_stuck_consumer(self, shop: Shop) -> None:
        state = shop.up(shop.issue(), reissue="1")
        old = state["previous"][0]
        shop.may_translate()
        shop.cloud.move_to(shop.now() + timedelta(days=5))
        stuck = {"Authorization": f"Api-Key {shop.keys()[old['keyId']]['secret']}"}
        url = f"{shop.cloud.ready['http']}/services/translate/"
        assert requests.get(url, headers=stuck, timeout=10).status_code == 200
        after = shop.up(state, reissue="1", ahead=timedelta(days=3))
        extended = parse_time(old["expiresAt"]) + timedelta(days=7)
        assert parse_time(after["previous"][0]["expiresAt"]) == extended
        assert parse_time(shop.keys()[old["keyId"]]["expiresAt"]) == extended
        assert shop.warnings(f"key {old['keyId']} is still used")

    def test_a_machine_that_is_ahead_changes_in_place_where_it_would_have_rotated(self, shop: Shop) -> None:
        scopes = ["yc.ai.translate.execute", "yc.ai.vision.execute"]
        wanted: State = {"scopes": scopes, "description": "new words", "lifetime": "60d"}
        state = shop.issue()
        after = shop.up(state, ahead=timedelta(days=40), **wanted)
        key = shop.keys()[state["keyId"]]
        assert after["keyId"] == state["keyId"]
        assert (sorted(key["scopes"]), key["description"].split(" [")[0]) == (scopes, "new words")
        assert parse_time(after["expiresAt"]) == parse_time(key["expiresAt"])
        assert parse_time(key["expiresAt"]) == parse_time(state["issuedAt"]) + timedelta(days=60)

    def test_a_time_before_what_the_state_has_seen_is_an_error(self, shop: Shop) -> None:
        state = shop.issue()
        stale = format_time(shop.now() - timedelta(days=8))
        with pytest.raises(InvalidInput, match=r"asOf: .* is before what the state has seen"):
            ApiKey().diff(URN, "id", state, shop.inputs(), shop.cloud.runtime(YANDEX_KEYS_AS_OF=stale))

    def test_a_rehearsal_a_year_ahead_deletes_nothing_that_lives(self, shop: Shop) -> None:
        state = shop.up(shop.issue(), reissue="1")
        ahead = format_time(shop.now() + timedelta(days=365))
        runtime = shop.cloud.runtime(YANDEX_KEYS_AS_OF=ahead)
        after = ApiKey().update(URN, "id", state, shop.inputs(reissue="1"), runtime)
        assert {state["keyId"], state["previous"][0]["keyId"], after["keyId"]} <= set(shop.keys())

    def test_a_rehearsal_says_once_a_run_by_which_time_it_judges(self, shop: Shop) -> None:
        state = shop.issue()
        as_of = shop.now() + timedelta(days=30)
        runtime = shop.cloud.runtime(YANDEX_KEYS_AS_OF=format_time(as_of))
        ApiKey().diff(URN, "id", state, shop.inputs(), runtime)
        ApiKey().diff(URN, "id", state, shop.inputs(), runtime)
        ApiKey().preview(OTHER, None, shop.inputs(), runtime)
        (line,) = shop.warnings("judged as of")
        assert line.startswith(f"judged as of {as_of:%Y-%m-%d %H:%M} UTC, ")
        ApiKey().preview(OTHER, None, shop.inputs(), shop.cloud.runtime(YANDEX_KEYS_AS_OF="+60d"))
        assert ", 60 days ahead: " in shop.warnings("judged as of")[-1]

    def test_a_local_cloud_s_time_that_is_now_is_no_news(self, shop: Shop) -> None:
        for behind in (timedelta(), timedelta(minutes=4)):
            runtime = shop.cloud.runtime(YANDEX_KEYS_AS_OF=format_time(shop.now() - behind))
            object.__setattr__(runtime, "clock", shop.now)
            ApiKey().preview(OTHER, None, shop.inputs(), runtime)
        assert shop.warnings("judged as of") == []
        object.__setattr__(runtime, "rehearses_only", True)
        ApiKey().preview(OTHER, None, shop.inputs(), runtime)
        assert len(shop.warnings("judged as of")) == 1

    def test_a_run_by_the_clock_says_nothing_of_it(self, shop: Shop) -> None:
        ApiKey().diff(URN, "id", shop.issue(), shop.inputs(), shop.cloud.runtime())
        assert shop.warnings("judged as of") == []


def _at(runtime: Runtime, time: Any) -> Runtime:
    object.__setattr__(runtime, "now", lambda: time)
    return runtime
