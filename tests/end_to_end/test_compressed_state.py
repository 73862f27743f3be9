"""A state that lies there plain is read and written compressed by the next run, and back: nobody has to move anything."""

from __future__ import annotations

import json
from pathlib import Path

from cli.checkpoint_files import FileBackend
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

ACCOUNTS = [{"name": "translator", "keys": [{"name": "default", "uses": ["translate"]}]}]
PLAIN, COMPRESSED = "test.json", "test.json.zst"


def lying_there(stack: Stack) -> list[str]:
    folder = stack.directory / "state" / ".pulumi" / "stacks" / "api-keys"
    return sorted(file.name for file in folder.iterdir() if not file.name.endswith(".bak"))


def test_a_state_changes_its_form_with_the_next_run_and_nothing_else(stack: Stack, cloud: LocalCloud) -> None:
    stack.write(ACCOUNTS)
    plainly = {"PULUMI_DIY_BACKEND_ZSTD": "false"}
    stack.up(more=plainly)
    assert lying_there(stack) == [PLAIN]
    (key,) = cloud.live_keys("translator")
    forms = []
    for more, name in (({}, COMPRESSED), (plainly, PLAIN), ({}, COMPRESSED)):
        cloud.forget_calls()
        stack.up("--expect-no-changes", more=more)
        assert cloud.calls() == {}
        assert lying_there(stack) == [name]
        backend = FileBackend.of(Path(stack.directory / "state").as_uri(), "api-keys")
        assert backend is not None
        exported = json.loads(stack.run("stack", "export").partition("\n\n")[0])["deployment"]
        assert backend.deployment("test") == exported
        # Their order is that in which a run came to them, and says nothing.
        forms.append({it["urn"]: (it.get("id"), it.get("outputs")) for it in exported["resources"]})
    assert forms[0] == forms[1] == forms[2]
    assert stack.key("translator/default")["keyId"] == key["id"]
    assert len(json.loads(stack.run("stack", "history", "--json").strip())) == 4
