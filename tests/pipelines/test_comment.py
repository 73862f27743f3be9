"""The comment on a pull or merge request."""

from __future__ import annotations

import html
import re

from pipelines.comment import LONGEST, MARKER, comment, shortened
from pipelines.engine import EngineRun
from pipelines.report import of_preview
from tests.pipelines.engine_words import SECRET, rotation, said, step
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
