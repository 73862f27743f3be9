"""Changes to a stack file change what they are for and not a letter more."""

from __future__ import annotations

import difflib

import pytest
import yaml

from cli.stack_file_edit import CanNotEdit, with_compromised, with_key
from setup.engine.places import REPOSITORY

LEAKED = "ajeleaked00000000000"
FILE = """\
# Ours; ask Ann before you change it.
config:
  yandex-keys:folderId: 'b1g00000000000000000'   # production
  api-keys:defaults: { lifetime: 90d,  rotateEvery: 30d }

  api-keys:accounts:
    - name: translator   # tickets
      keys:
        # The desk
        - name: default
          uses: [translate, vision] # both

        - { name: nightly, scopes: ["yc.ai.languageModels.execute"] }
        - {name: tight}
    - keys:
      - name: listed
        uses:
          - postbox
        compromised: [ajeold, ajeolder ] # known
      - uses: [functions]
        compromised:
          - ajeold   # in March
        name: block
      # The last
      - name: empty
        compromised: []
      - name: nothing
        compromised:
        uses: [vision]
      name: 'web "shop"'
"""


def added(before: str, after: str) -> list[str]:
    """The lines that came, each with + before it, and those that went, with -."""
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


@pytest.mark.parametrize(
    ("account", "key", "change"),
    [
        ("translator", "default", [f"+           compromised: [{LEAKED}]"]),
        (
            "translator",
            "nightly",
            [
                '-         - { name: nightly, scopes: ["yc.ai.languageModels.execute"] }',
                f'+         - {{ name: nightly, scopes: ["yc.ai.languageModels.execute"], compromised: [{LEAKED}] }}',
            ],
        ),
        (
            "translator",
            "tight",
            ["-         - {name: tight}", f"+         - {{name: tight, compromised: [{LEAKED}]}}"],
        ),
        (
            'web "shop"',
            "listed",
            [
                "-         compromised: [ajeold, ajeolder ] # known",
                f"+         compromised: [ajeold, ajeolder, {LEAKED} ] # known",
            ],
        ),
        ('web "shop"', "block", [f"+           - {LEAKED}"]),
        ('web "shop"', "empty", ["-         compromised: []", f"+         compromised: [{LEAKED}]"]),
        ('web "shop"', "nothing", ["-         compromised:", f"+         compromised: [{LEAKED}]"]),
    ],
)
def test_an_id_is_added_however_the_file_is_written(account: str, key: str, change: list[str]) -> None:
    edited = with_compromised(FILE, account, key, LEAKED)
    assert added(FILE, edited) == change
    assert with_compromised(edited, account, key, LEAKED) == edited


@pytest.mark.parametrize("stack", ["dev", "local", "prod"])
def test_each_key_of_the_project_s_own_stack_files_can_be_edited(stack: str) -> None:
    text = (REPOSITORY / "stacks" / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    for account in yaml.safe_load(text)["config"]["api-keys:accounts"]:
        for key in account["keys"]:
            edited = with_compromised(text, account["name"], key["name"], LEAKED)
            assert edited.count(LEAKED) == 1
            assert [line for line in text.splitlines() if "#" in line and line not in edited.splitlines()] in (
                [],
                [line for line in text.splitlines() if line.strip().startswith("compromised:")],
            )
        assert "byhand" in with_key(text, account["name"], "byhand", ["yc.postbox.send"])


def test_a_key_is_added_behind_the_account_s_last() -> None:
    edited = with_key(FILE, "translator", "byhand", ["yc.postbox.send", "yc.ai.vision.execute"])
    assert added(FILE, edited) == ["+         - { name: byhand, scopes: [yc.postbox.send, yc.ai.vision.execute] }"]
    edited = with_key(FILE, 'web "shop"', "byhand", ["yc.postbox.send"])
    assert added(FILE, edited) == ["+       - { name: byhand, scopes: [yc.postbox.send] }"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FILE.replace("name: default", "name: other"), "the file has no key default of account translator"),
        (
            "config:\n  api-keys:accounts:\n    - name: translator\n      keys: &keys\n        - name: default\n"
            "    - name: second\n      keys: *keys\n",
            "it is written in a way that can't be edited safely",
        ),
        (
            "config:\n  api-keys:accounts:\n    - name: translator\n      keys:\n        - name: default\n"
            "          compromised: ajeold\n",
            "`compromised` is no list there",
        ),
        (
            "config:\n  api-keys:accounts:\n    - name: translator\n      keys:\n        - name: default",
            "its last line has no end: add one",
        ),
    ],
)
def test_what_can_t_be_edited_is_left_and_told(text: str, words: str) -> None:
    with pytest.raises(CanNotEdit, match=words):
        with_compromised(text, "translator", "default", LEAKED)
