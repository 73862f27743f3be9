"""The comment on a pull or merge request."""

from __future__ import annotations

from pipelines.comment import LONGEST, MARKER, comment, shortened
from pipelines.engine import EngineRun
from tests.pipelines.engine_words import SECRET, rotation, said, step
from tests.pipelines.test_events import fed


def previewed(*lines: str, code: int = 0, errors: str = "") -> EngineRun:
    return EngineRun(fed(*lines), code, errors)


def test_each_stack_folds_under_a_headline() -> None:
    text = comment(
        {"dev": previewed(step("resOutputsEvent", "same", "a")), "prod": previewed(*rotation("a"))}, "0123456789abcdef"
    )
    assert text.startswith(MARKER)
    assert "of 0123456789ab\n" in text
    assert "<details>\n<summary><b>dev</b>: nothing to do</summary>" in text
    assert "<details open>\n<summary><b>prod</b>: 1 key rotates</summary>" in text
    assert text.count("<details") == text.count("</details>") == 2


def test_it_says_what_rotates_and_why_and_what_a_human_must_know() -> None:
    text = comment({"prod": previewed(*rotation("translator/default"), said("warning", "still used", "mail/smtp"))})
    assert "**Rotates**" in text
    assert "<code>translator/default</code>: rotates: due since 2026-12-24 03:00 UTC" in text
    assert "**Needs a human**\n\n- ⚠️ mail/smtp: still used" in text


def test_other_changes_are_listed_apart() -> None:
    text = comment({"prod": previewed(step("resourcePreEvent", "create", "a", SECRET))})
    assert "**Other resources**\n\n- <code>a</code> (LockboxSecret): is created" in text


def test_a_failed_preview_shows_the_engines_words() -> None:
    text = comment({"prod": previewed(code=255, errors="error: incorrect passphrase <oops>")})
    assert "<b>prod</b>: the preview failed" in text
    assert "<pre>error: incorrect passphrase &lt;oops&gt;</pre>" in text


def test_a_stack_without_a_preview_says_why() -> None:
    assert "no preview" in comment({"prod": "the OIDC token opens no service account"})


def test_nothing_in_it_is_taken_for_markup_or_calls_anybody() -> None:
    text = comment({"prod": previewed(said("warning", "<script> @everyone [x](http://evil) `code` #1", "a"))})
    assert "<script>" not in text
    assert "@everyone" not in text
    assert "\\[x\\](http://evil)" in text
    assert "\\`code\\` \\#1" in text


def test_a_long_one_is_cut_with_its_folds_closed() -> None:
    lines = [step("resourcePreEvent", "create", f"account/secret-{number}", SECRET) for number in range(3000)]
    text = comment({"prod": previewed(*lines)})
    assert len(text) <= LONGEST
    assert text.count("<details") == text.count("</details>")
    assert text.endswith("the rest is in the job's log.")


def test_a_short_one_is_left_alone() -> None:
    assert shortened("short", 10) == "short"
