"""The import command is whole: type, name, id, parent and provider, each as a shell takes it."""

from __future__ import annotations

import shlex

from provider.yandex_keys.import_command import import_command

TOKEN = "yandex:index/iamServiceAccount:IamServiceAccount"
PROVIDER = "urn:pulumi:prod::api-keys::pulumi:providers:yandex-keys::yandex-keys"
COMPONENT = "yandex-keys:index:ServiceAccountKeys"


def options(urn: str, provider_urn: str = PROVIDER) -> dict[str, str]:
    """The command's options; the words before them have to be the import of that resource."""
    words = shlex.split(import_command(TOKEN, urn, "ajeid", provider_urn))
    assert words[:5] == ["pulumi", "import", TOKEN, urn.split("::", 3)[3], "ajeid"]
    assert words[-2:] == ["--generate-code=false", "--protect=false"]
    return dict(zip(words[5:-2:2], words[6:-2:2], strict=True))


def test_a_child_of_our_component_has_it_as_its_parent() -> None:
    parent = f"urn:pulumi:prod::api-keys::{COMPONENT}::translator"
    for name in ("translator", "translator/default", "translator/secret/shared"):
        urn = f"urn:pulumi:prod::api-keys::{COMPONENT}${TOKEN}::{name}"
        assert options(urn) == {"--parent": f"parent={parent}", "--provider": f"provider={PROVIDER}"}


def test_a_component_in_another_has_its_whole_urn() -> None:
    urn = f"urn:pulumi:prod::api-keys::mine:index:Outer${COMPONENT}${TOKEN}::translator"
    parent = f"urn:pulumi:prod::api-keys::mine:index:Outer${COMPONENT}::translator"
    assert options(urn)["--parent"] == f"parent={parent}"


def test_a_resource_without_a_parent_has_no_parent_and_without_a_provider_no_provider() -> None:
    assert options(f"urn:pulumi:prod::api-keys::{TOKEN}::translator", "") == {}


def test_the_name_of_a_parent_that_is_not_ours_is_for_the_user_to_fill_in() -> None:
    urn = f"urn:pulumi:prod::api-keys::mine:index:Team${TOKEN}::translator"
    assert options(urn)["--parent"] == "parent=urn:pulumi:prod::api-keys::mine:index:Team::PARENT"


def test_names_with_spaces_and_separators_are_one_word() -> None:
    assert options(f"urn:pulumi:prod::api-keys::{TOKEN}::the a::b $c") == {"--provider": f"provider={PROVIDER}"}


def test_the_commands_own_words_for_parent_and_provider_are_not_the_resources_name() -> None:
    assert options(f"urn:pulumi:prod::api-keys::{TOKEN}::provider") == {"--provider": f"its-provider={PROVIDER}"}
