"""The log of a runner."""

from __future__ import annotations

import io

from pipelines.console import Console


def printed(on_github: bool = False) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(stream, on_github), stream


def test_a_secret_is_never_shown() -> None:
    console, stream = printed()
    console.hide("s3cr3t-value")
    console.say("it is s3cr3t-value")
    console.fail("s3cr3t-value", "s3cr3t-value again")
    assert "s3cr3t" not in stream.getvalue()
    assert stream.getvalue().startswith("it is ***\n")


def test_github_is_told_to_mask_what_the_run_got() -> None:
    console, stream = printed(on_github=True)
    console.hide("s3cr3t-value")
    console.hide("s3cr3t-value")
    console.hide("")
    console.hide("its own setting", known_to_runner=True)
    assert stream.getvalue() == "::add-mask::s3cr3t-value\n"


def test_annotations_keep_their_lines_and_cannot_be_forged() -> None:
    console, stream = printed(on_github=True)
    console.warn("prod: needs a human, now", "one\n::error::two 100%")
    assert stream.getvalue() == "::warning title=prod%3A needs a human%2C now::one%0A::error::two 100%25\n"


def test_elsewhere_they_are_plain_lines() -> None:
    console, stream = printed()
    console.warn("prod", "a word")
    console.fail("prod", "a problem\n")
    assert stream.getvalue() == "warning: prod: a word\nerror: prod: a problem\n"


def test_a_program_cannot_move_the_cursor_over_what_was_written() -> None:
    console, stream = printed()
    console.say("one\x1b[2K\rtwo\tthree\nfour")
    assert stream.getvalue() == "one\ufffd[2K\ufffdtwo\tthree\nfour\n"
