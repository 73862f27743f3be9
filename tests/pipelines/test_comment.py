"""The comment on a pull or merge request."""

from __future__ import annotations

import html
import re

from pipelines.comment import LONGEST, MARKER, comment, shortened
from pipelines.engine import EngineRun
from pipelines.report import of_preview
from tests.pipelines.engine_words import ACCOUNT, KEY, READER, SECRET, rotation, said, step
from tests.pipelines.test_events import fed


def previewed(*lines: str, code: int = 0, errors: str = "") -> EngineRun:
    return EngineRun(fed(*lines), code, errors)


def commented(runs: dict[str, EngineRun | str], commit: str = "") -> str:
    return comment([of_preview(stack, run) for stack, run in runs.items()], commit)


def shown(text: str) -> str:
    """A comment as people read it: numbers of characters as characters."""
    return html.unescape(text)


def test_each_stack_folds_under_a_headline() -> None:
    text = shown(
        commented(
            {"dev": previewed(step("resOutputsEvent", "same", "a")), "prod": previewed(*rotation("a"))},
            "0123456789abcdef",
        )
    )
    assert text.startswith(MARKER)
    assert "of <code>0123456789ab</code>\n" in text
    assert "<details>\n<summary><b><code>dev</code></b>: <code>nothing to do</code></summary>" in text
    assert "<details open>\n<summary><b><code>prod</code></b>: <code>1 key rotates</code></summary>" in text
    assert text.count("<details") == text.count("</details>") == 2


def test_it_says_what_rotates_and_why_and_what_a_human_must_know() -> None:
    run = previewed(*rotation("translator/default"), said("warning", "still used", "mail/smtp"))
    text = shown(commented({"prod": run}))
    assert "**Rotates**" in text
    assert "<code>translator/default: rotates: due since 2026-12-24 03:00 UTC" in text
    assert "**Needs a human**\n\n- <code>mail/smtp: still used</code>" in text


def test_other_changes_are_listed_apart() -> None:
    text = shown(commented({"prod": previewed(step("resourcePreEvent", "create", "a", SECRET))}))
    assert "**Other resources**\n\n- <code>a (LockboxSecret): is created</code>" in text


def test_a_failed_preview_shows_the_engines_words() -> None:
    text = commented({"prod": previewed(code=255, errors="error: incorrect passphrase\n\n<oops>")})
    assert "<b><code>prod</code></b>: <code>the preview failed</code>" in text
    assert "<pre>error&#x3a; incorrect passphrase\n \n&#x3c;oops&#x3e;</pre>" in text


def test_a_stack_without_a_preview_says_why() -> None:
    assert "<code>no preview</code>" in commented({"prod": "the OIDC token opens no service account"})
    assert "There is no preview: <code>its job ended" in comment([], problem="its job ended")


def test_nothing_from_elsewhere_is_anything_but_text() -> None:
    hostile = "<script> @everyone [x](http://evil) `code` #1 !2 | a/b~~ www.evil.example \n/assign @me\n- *list*"
    run = previewed(said("warning", hostile, "a"), said("error", hostile, "b"), code=1)
    text = commented({"prod": run, "dev": hostile, "@everyone": previewed()}, "@everyone")
    ours = re.sub(r"<(code|pre)>.*?</\1>", "", text, flags=re.DOTALL)
    for sign in ("script", "everyone", "evil", "assign", "list", "/a"):
        assert sign not in ours
    assert [line for line in text.splitlines() if line.lstrip().startswith("/")] == []
    held = "".join(re.findall(r"<(?:code|pre)>(.*?)</(?:code|pre)>", text, flags=re.DOTALL))
    assert set(re.sub(r"&#x[0-9a-f]+;", "", held)) <= set(filter(str.isalnum, held)) | {" ", "\n"}


def test_a_long_one_is_cut_with_its_folds_closed() -> None:
    lines = [step("resourcePreEvent", "create", f"account/secret-{number}", SECRET) for number in range(3000)]
    for text in (commented({"prod": previewed(*lines)}), commented({"prod": "word\n" * 50_000})):
        assert len(text) <= LONGEST
        assert text.count("<details") == text.count("</details>")
        assert text.count("<pre") == text.count("</pre>")
        assert text.endswith("the rest is in the job's log.")


def test_a_short_one_is_left_alone() -> None:
    assert shortened("short", 10) == "short"


def gone(name: str, key_id: str = "aje1", secret_id: str = "e6q1") -> str:
    lockbox = {"secretId": secret_id, "secretEntry": "api_key", "keyIdEntry": "api_key_id"}
    before = {"keyId": key_id, "scopes": ["yc.ai.translate.execute"], "lockbox": lockbox, "previous": []}
    return step("resourcePreEvent", "delete", name, before=before)


def comes(name: str, scope: str = "yc.ai.translate.execute") -> str:
    return step("resourcePreEvent", "create", name, inputs={"scopes": [scope]})


def test_a_removal_says_which_key_dies_and_who_reads_it() -> None:
    reader = {"secretId": "e6q1", "role": "lockbox.payloadViewer", "member": "serviceAccount:aje9"}
    text = shown(
        commented({"prod": previewed(gone("billing/old"), step("resOutputsEvent", "same", "r", READER, before=reader))})
    )
    assert "**Keys that die**" in text
    assert (
        "<code>billing/old: key aje1 dies at once; its secret is in Lockbox secret e6q1, entry api_key, read by serviceAccount:aje9; "
        "`yc iam api-key get aje1` says when it was last used</code>" in text
    )


def test_a_key_delivered_as_an_output_and_its_previous_ones_are_told_too() -> None:
    before = {"keyId": "aje2", "scopes": [], "previous": [{"keyId": "aje1"}]}
    text = shown(commented({"prod": previewed(step("resourcePreEvent", "delete", "a/b", KEY, before=before))}))
    assert "key aje2 dies at once (and so do its previous ones, aje1); whoever got its secret as an output" in text


def test_a_secret_that_goes_names_its_readers() -> None:
    reader = {"secretId": "e6q1", "role": "lockbox.payloadViewer", "member": "serviceAccount:aje9"}
    run = previewed(
        step("resourcePreEvent", "delete", "r", READER, before=reader),
        step("resourcePreEvent", "delete", "own", SECRET, before={"name": "own"}, id="e6q1"),
    )
    assert "own (LockboxSecret): is deleted with all that it holds, read by serviceAccount:aje9" in shown(
        commented({"prod": run})
    )


def test_a_secret_that_is_replaced_names_its_readers_for_they_read_the_one_before() -> None:
    reader = {"secretId": "e6q1", "role": "lockbox.payloadViewer", "member": "serviceAccount:aje9"}
    steps = [("create-replacement", "e6q2"), ("replace", "e6q1"), ("delete-replaced", "e6q1")]
    for preview in (steps[:2], steps):
        run = previewed(
            step("resOutputsEvent", "replace", "r", READER, before=reader),
            *(step("resourcePreEvent", how, "own", SECRET, before={"name": "own"}, id=of) for how, of in preview),
        )
        assert (
            "own (LockboxSecret): is replaced by one with another id, and deleted in the same run, read by serviceAccount:aje9"
            in shown(commented({"prod": run}))
        )


def test_one_that_goes_beside_one_that_comes_and_looks_like_it_is_told_how_to_stay() -> None:
    renamed = shown(commented({"prod": previewed(gone("billing/old"), comes("billing/new"))}))
    assert "it looks like billing/new, which is new: if that is the same" in renamed
    assert "write `renamedFrom: old` at billing/new, and nothing dies" in renamed
    for other in (comes("billing/new", "yc.ai.vision.execute"), comes("mail/old")):
        assert "renamedFrom" not in shown(commented({"prod": previewed(gone("billing/old"), other)}))


def test_the_keys_of_an_account_that_goes_beside_one_that_comes_in_its_place_are_told_so() -> None:
    accounts = [
        step("resourcePreEvent", "delete", "billing", ACCOUNT, before={"name": "billing"}),
        step("resourcePreEvent", "create", "invoices", ACCOUNT),
    ]
    text = shown(commented({"prod": previewed(*accounts, gone("billing/default"), comes("invoices/default"))}))
    assert (
        "billing (IamServiceAccount): is deleted, and all its keys with it; it looks like invoices, which is new"
        in text
    )
    assert text.count("write `renamedFrom: billing` at invoices, and nothing dies") == 1


def test_each_message_is_in_the_comment_once() -> None:
    text = "failed with UNAUTHENTICATED: the token of YC_TOKEN has expired"
    run = previewed(
        said("error", text, "a"), said("error", text, "b"), said("error", f"preview failed: {text}"), code=1
    )
    assert shown(commented({"prod": run})).count(text) == 1
