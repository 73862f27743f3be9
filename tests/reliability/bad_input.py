"""Bad input: wrong stack files, hostile texts, absurd questions to `decide`. Each is refused in lines that name a path, or carried verbatim."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import yaml

from components.spec import SpecError, parse
from tests.provider.decide_inputs import fault, question
from tests.reliability.engine_bench import EngineBench
from tests.reliability.workers import processors
from tests.reliability.wrong_stack_files import Written, by_fuzzer, by_hand, hostile, value_at
from tools.table import Table

_PATH: Final = re.compile(r"(accounts|defaults)(\[\d+\])?([.\[].*)?")
_LONGEST_LINE: Final = 1_500
_FUZZED: Final = 5_000
_QUESTIONS: Final = 1_000_000
_SHARE: Final = 10_000

Told = Callable[[str], None]


def bad_input(quick: bool, tell: Told) -> Table:
    """Runs all; a row for each kind."""
    table = Table("Bad input", ("what", "cases", "refused, or carried verbatim", "wrong"), wrong=("wrong",))

    def row(name: str, cases: int, wrong: Iterable[str]) -> None:
        lines = list(wrong)
        for line in lines:
            tell(f"bad input: {name}: {line}")
        table.add(name, cases, cases - len(lines), len(lines))

    hand, fuzzed = by_hand(), list(by_fuzzer(_FUZZED // 10 if quick else _FUZZED))
    row("wrong stack files by hand", len(hand), filter(None, map(flaw, hand)))
    row("wrong stack files by a fuzzer over the schema", len(fuzzed), filter(None, map(flaw, fuzzed)))
    texts = list(hostile())
    row("hostile texts, in every field", len(texts), filter(None, (hostile_flaw(*item) for item in texts)))
    engine = _raw_files()[:3] if quick else _raw_files()
    row("wrong stack files through the real engine", len(engine), engine_flaws(engine))
    questions = _QUESTIONS // 20 if quick else _QUESTIONS
    row("questions to `decide`, at random", questions, decide_flaws(questions))
    return table


def flaw(written: Written) -> str:
    """What is wrong with how a wrong file is refused; empty where nothing is."""
    name, defaults, accounts = written
    try:
        parse(defaults, accounts)
    except SpecError as error:
        return _unreadable(name, error)
    except Exception as error:
        return f"{name}: {type(error).__name__}"
    return f"{name}: taken for right"


def hostile_flaw(written: Written, place: tuple[str | int, ...], text: str) -> str:
    """A hostile text is refused in readable lines, or it is read exactly as it was written."""
    name, defaults, accounts = written
    try:
        spec = parse(defaults, accounts)
    except SpecError as error:
        return _unreadable(name, error)
    except Exception as error:
        return f"{name}: {type(error).__name__}"
    read = value_at(spec.accounts[0].model_dump(by_alias=True, mode="json"), place)
    return "" if read == text else f"{name}: read as {str(read)[:40]!r}"


def engine_flaws(files: Iterable[tuple[str, str, str]]) -> list[str]:
    """Through the real engine: exit code not 0, each path named, no traceback, no API call. Files as name, text, and what must be printed."""
    directory = Path(tempfile.mkdtemp(prefix="reliability-input-"))
    wrong = []
    try:
        with EngineBench(directory) as bench:
            kept = yaml.safe_load(bench.stack.file.read_text()) or {}
            for name, text, path in files:
                bench.stack.file.write_text(yaml.safe_dump(kept) + text)
                bench.cloud.forget_calls()
                code, printed = bench.stack.attempt("up", "--yes", "--skip-preview")
                calls = bench.cloud.calls()
                if not code or path not in printed or "Traceback" in printed or calls:
                    wrong.append(f"{name}: exit code {code}, {calls}, {printed}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return wrong


def decide_flaws(count: int) -> list[str]:
    """`decide` answers each of `count` random questions, and sensibly."""
    shares = [(first, min(first + _SHARE, count)) for first in range(0, count, _SHARE)]
    with ProcessPoolExecutor(processors(), mp_context=get_context("spawn")) as pool:
        return [line for lines in pool.map(_asked, shares) for line in lines]


def _asked(share: tuple[int, int]) -> list[str]:
    wrong = []
    for seed in range(*share):
        try:
            found = fault(question(seed))
        except Exception as error:
            found = f"raised {type(error).__name__}"
        if found:
            wrong.append(f"question {seed}: {found}")
    return wrong


def _unreadable(name: str, error: SpecError) -> str:
    for problem in error.problems:
        line = str(problem)
        if not _PATH.fullmatch(problem.path) or not problem.wrong or not problem.right:
            return f"{name}: {line!r} names no path, fault or remedy"
        if not line.isprintable() or len(line) > _LONGEST_LINE:
            return f"{name}: not one readable line: {line[:80]!r}"
    return "" if error.problems else f"{name}: refused without a reason"


def _raw_files() -> list[tuple[str, str, str]]:
    def config(text: str) -> str:
        return "config:\n" + "".join(f"  {line}\n" for line in text.splitlines())

    def account(text: str) -> str:
        return config(f"api-keys:accounts:\n  - {text}")

    good: Any = "{name: translator, keys: [{name: default, uses: [translate]}]}"
    return [
        (
            "an unknown service",
            account("{name: translator, keys: [{name: a, uses: [tranlsate]}]}"),
            "accounts[0] (translator).keys[0] (a).uses[0]",
        ),
        (
            "a lifetime that is too short",
            account("{name: translator, keys: [{name: a, uses: [translate], lifetime: 1d}]}"),
            "accounts[0] (translator).keys[0] (a).lifetime",
        ),
        ("no accounts at all", config("api-keys:defaults: {overlap: 7d}"), "accounts"),
        ("accounts that are a text", config("api-keys:accounts: translator"), "accounts"),
        (
            "a key without a use",
            account("{name: translator, keys: [{name: a}]}"),
            "accounts[0] (translator).keys[0] (a)",
        ),
        ("an unknown field", account("{name: translator, kyes: []}"), "accounts[0] (translator).kyes"),
        ("a control character", account('{name: "trans\\u0007lator", keys: []}'), "accounts[0].name"),
        ("an unknown setting of ours", config(f"api-keys:acounts: x\napi-keys:accounts: [{good}]"), "acounts"),
        ("an unknown setting of the provider", config(f"yandex-keys:folder: x\napi-keys:accounts: [{good}]"), "folder"),
        (
            "an endpoint with a scheme",
            config(f'yandex-keys:endpoint: "https://x"\napi-keys:accounts: [{good}]'),
            "endpoint",
        ),
        ("a time that is none", config(f"yandex-keys:asOf: yesterday\napi-keys:accounts: [{good}]"), "asOf"),
        (
            "several at once",
            account("{name: T, keys: [{name: a, uses: [x]}, {name: b, uses: [translate], overlap: soon}]}"),
            "accounts[0].keys[1] (b).overlap",
        ),
    ]
