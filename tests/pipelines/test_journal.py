"""The journal tells whether a lock's holder was ours, and is gone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.engine import Engine
from pipelines.journal import Journal
from pipelines.lock import Lock


def held_by(pid: int, host: str | None = None) -> Lock:
    return Lock("runner", host or socket.gethostname(), pid, datetime.now(UTC))


def journal(directory: Path) -> Journal:
    return Journal.of("prod", {"PIPELINE_STATE_DIR": str(directory), "PULUMI_BACKEND_URL": "s3://state"})


def gone(book: Journal) -> int:
    """The number of a process that the journal knows and that has been killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    book.began(process.pid)
    process.kill()
    process.communicate()
    return process.pid


def test_our_killed_run_is_dead(tmp_path: Path) -> None:
    book = journal(tmp_path)
    assert book.is_dead(held_by(gone(book)))


def test_our_living_run_is_not(tmp_path: Path) -> None:
    book = journal(tmp_path)
    book.began(os.getpid())
    assert not book.is_dead(held_by(os.getpid()))


def test_a_strangers_process_is_not_known_dead(tmp_path: Path) -> None:
    book = journal(tmp_path)
    pid = gone(book)
    assert not book.is_dead(held_by(pid, "another-machine"))
    assert not book.is_dead(held_by(pid + 1))


def test_a_number_that_was_given_to_another_process_is_told_apart(tmp_path: Path) -> None:
    book = journal(tmp_path)
    book.began(os.getpid())
    entries = json.loads(book.path.read_text())
    book.path.write_text(json.dumps([{**entries[0], "started": "1"}]))
    assert book.is_dead(held_by(os.getpid()))


def test_runs_before_the_machine_started_anew_are_dead(tmp_path: Path) -> None:
    book = journal(tmp_path)
    book.began(os.getpid())
    entries = json.loads(book.path.read_text())
    book.path.write_text(json.dumps([{**entries[0], "boot": "the one before"}]))
    assert book.is_dead(held_by(os.getpid()))


def test_a_run_that_stops_at_a_lock_does_not_forget_the_dead_one(tmp_path: Path) -> None:
    book = journal(tmp_path)
    pid = gone(book)
    book.began(os.getpid())
    book.ended(os.getpid())
    assert book.is_dead(held_by(pid))


def test_a_run_that_ended_is_forgotten(tmp_path: Path) -> None:
    book = journal(tmp_path)
    book.began(os.getpid())
    book.ended(os.getpid())
    assert not book.path.exists()


def test_stacks_and_backends_have_journals_of_their_own(tmp_path: Path) -> None:
    where = {"PIPELINE_STATE_DIR": str(tmp_path)}
    paths = {
        Journal.of(stack, {**where, "PULUMI_BACKEND_URL": backend}).path
        for stack in ("dev", "prod")
        for backend in ("s3://a", "s3://b")
    }
    assert len(paths) == 4


def test_a_journal_that_cannot_be_written_or_read_only_knows_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    book = Journal(tmp_path / "file" / "prod.json")
    book.began(os.getpid())
    assert not book.is_dead(held_by(os.getpid()))
    broken = Journal(tmp_path / "file")
    assert not broken.is_dead(held_by(os.getpid()))


def test_it_tells_by_what_time_a_dead_run_judged_keys(tmp_path: Path) -> None:
    book = journal(tmp_path)
    book.began(os.getpid(), "2030-01-01T00:00:00Z")
    assert book.time_of(held_by(os.getpid())) == datetime(2030, 1, 1, tzinfo=UTC)
    stranger = held_by(os.getpid(), "another-machine")
    assert book.time_of(stranger) == stranger.since


@pytest.mark.parametrize(("ends", "known"), [("exit 1", False), ("kill -9 $$", True)])
def test_an_engine_that_was_killed_alone_is_known_for_the_lock_that_it_left(
    tmp_path: Path, ends: str, known: bool
) -> None:
    executable, number = tmp_path / "pulumi", tmp_path / "number"
    executable.write_text(f"#!/bin/sh\necho $$ >{number}\nsleep 0.2\n{ends}\n")
    executable.chmod(0o755)
    book = journal(tmp_path)
    assert not Engine(executable, tmp_path, "prod", os.environ, book).preview().succeeded
    assert book.is_dead(held_by(int(number.read_text()))) is known
