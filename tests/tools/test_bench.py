"""What the benchmark makes of its figures: medians, goals, tables, pictures, a page. Times themselves are never held."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import resvg_py

from tools.bench import page, pictures
from tools.bench.accounts import accounts
from tools.bench.figures import (
    CREATE,
    FLOOR,
    FLOOR_WRITTEN_ONCE,
    NO_OP,
    OURS,
    OURS_WRITTEN_ONCE,
    PREVIEW,
    REFRESH,
    ROTATE,
    STEPS,
    Figures,
    Place,
    Sample,
    read,
)
from tools.bench.goals import BEFORE_KEYS, BEFORE_STATE, BEFORE_WRITTEN, goals
from tools.bench.machine import Machine
from tools.bench.rounds import Plan
from tools.bench.run import NothingKept, Run, add_beside, keep, newest
from tools.bench.spent import Spent, role_of
from tools.marked_page import END, between_marks

PLAN = Plan((6, 100, 300))
MACHINE = Machine(
    datetime(2026, 12, 1, 10, 30, tzinfo=UTC), "2 cores, some model", "Pulumi v3", 0.1, 0.05, "abc1234567"
)
MB = 1_000_000


def sample(seconds: float, calls: int | None = None) -> Sample:
    """One whose other figures follow from its seconds."""
    by_role = {"engine": seconds / 2, "program": seconds / 4, "plugin": seconds / 4}
    memory = {"engine": 120 * MB, "program": 90 * MB, "plugin": 80 * MB}
    return Sample(Spent(seconds, seconds, by_role, memory, int(seconds * MB)), calls, 0.5, int(seconds * 10_000))


def measured() -> Figures:
    """A run that meets every goal that it can."""
    figures = Figures(accounts={keys: len(accounts(keys)) for keys in (6, 100, 200, 300)})
    for keys in (6, 100, 200, 300):
        for step in STEPS:
            calls = {CREATE: 3 * keys, NO_OP: 0, ROTATE: 3 * keys, REFRESH: keys}[step]
            for seconds in (1.0, 1.1, 9.0):
                figures.add(Place(FLOOR, step, keys), sample(seconds * keys / 100))
                figures.add(Place(OURS, step, keys), sample(seconds * keys / 100, calls))
                figures.add(Place(OURS, step, keys, 50), sample(2 * seconds * keys / 100, calls))
    figures.add(Place(OURS, PREVIEW, 1), sample(1.2))
    figures.add(Place(FLOOR, PREVIEW, 1), sample(1.0))
    figures.add(Place(OURS_WRITTEN_ONCE, CREATE, 1_000), sample(5))
    figures.add(Place(FLOOR_WRITTEN_ONCE, CREATE, 1_000), sample(4))
    return figures


def put(figures: Figures, place: Place, one: Sample) -> None:
    figures.samples[place] = [one]


def verdicts(figures: Figures, beside: str = "") -> dict[str, bool | None]:
    return {goal.figure: goal.met for goal in goals(figures, PLAN, beside)}


def test_a_figure_is_the_median_so_one_run_that_was_disturbed_says_nothing() -> None:
    assert measured().seconds(Place(OURS, NO_OP, 100)) == 1.1


def test_accounts_have_ten_keys_each_and_the_last_what_is_left() -> None:
    assert [len(list(account["keys"])) for account in accounts(25)] == [10, 10, 5]  # type: ignore[call-overload]


def test_a_run_that_meets_its_goals_says_so_of_all_that_it_measured() -> None:
    unmet = {figure: met for figure, met in verdicts(measured()).items() if not met}
    # Only what needs a peer beside is open.
    assert set(unmet) == {f"{step} of 300 keys, {delay} ms a call" for step in STEPS for delay in (0, 50)}
    assert set(unmet.values()) == {None}


@pytest.mark.parametrize(
    ("place", "one", "figure"),
    [
        (Place(OURS, NO_OP, 6), sample(0.066 * 1.16), "no-op of 6 keys"),
        (Place(OURS, NO_OP, 300), sample(3.3 * 1.16, 0), "no-op of 300 keys"),
        (Place(OURS, CREATE, 300), sample(3.3 * 1.21, 900), "create of 300 keys"),
        (Place(OURS, CREATE, 300), sample(3.3, 1_201), "calls, create of 300 keys"),
        (Place(OURS, NO_OP, 300), sample(3.3, 1), "calls, no-op of 300 keys"),
        (Place(OURS, ROTATE, 300), sample(3.3, 961), "calls, rotate of 300 keys"),
        (Place(OURS, REFRESH, 300), sample(3.3, 331), "calls, refresh of 300 keys"),
        (Place(OURS, PREVIEW, 1), sample(1.51), "start: preview of one account over the engine's own"),
        (
            Place(OURS, CREATE, BEFORE_KEYS),
            replace(sample(2.2), state=int(0.41 * BEFORE_STATE * BEFORE_KEYS)),
            "state a key, on disk",
        ),
        (
            Place(OURS, CREATE, BEFORE_KEYS),
            replace(sample(2.2), spent=Spent(2.2, 2.2, written=int(0.051 * BEFORE_WRITTEN))),
            f"bytes written to the backend, create of {BEFORE_KEYS} keys",
        ),
        (
            Place(OURS_WRITTEN_ONCE, CREATE, 1_000),
            replace(sample(5), spent=Spent(5, 5, memory={"plugin": 101 * MB})),
            "the plugin's peak memory at 1,000 keys",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_figure_over_its_goal_misses_it(place: Place, one: Sample, figure: str) -> None:
    figures = measured()
    assert verdicts(figures)[figure] is True
    put(figures, place, one)
    assert verdicts(figures)[figure] is False


def test_growth_beyond_the_floor_s_misses_its_goal() -> None:
    figures = measured()
    put(figures, Place(OURS, CREATE, 300), sample(4.0, 900))
    assert verdicts(figures)["create, from 100 keys to 300"] is False


def test_each_goal_is_told_once_also_where_no_slow_call_was_measured() -> None:
    for plan in (PLAN, replace(PLAN, slow=0)):
        told = [goal.figure for goal in goals(measured(), plan)]
        assert len(told) == len(set(told))


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert set(verdicts(Figures()).values()) == {None}


def test_what_missed_its_goal_is_explained_by_the_floor_and_by_who_used_the_time() -> None:
    figures = measured()
    put(figures, Place(OURS, CREATE, 300), sample(10.0, 900))
    shown = page.text(Run(PLAN, MACHINE, figures))
    why = "create of 300 keys: CPU seconds, in brackets the floor's: engine 5.0 ("
    assert why in shown
    figures.add(Place(OURS_WRITTEN_ONCE, CREATE, 300), sample(2.0))
    figures.add(Place(FLOOR_WRITTEN_ONCE, CREATE, 300), sample(1.5))
    assert "create of 300 keys: with the state written once, at the end, ours took 2.0 s and the floor 1.5" in (
        page.text(Run(PLAN, MACHINE, figures))
    )
    assert f"- **{why.partition(':')[0]}**: " in page.markdown(Run(PLAN, MACHINE, figures))


def test_another_tool_s_figures_stand_beside_ours_and_are_the_goal(tmp_path: Path) -> None:
    file = tmp_path / "beside.json"
    taken = [
        {"step": CREATE, "keys": 300, "delay": 50, "seconds": 6.5, "cpu": 9},
        {"step": NO_OP, "keys": 300, "seconds": 9, "cpu": 9},
    ]
    file.write_text(json.dumps({"tool": "other, 1.2", "figures": taken}))
    figures = measured()
    run = Run(PLAN, MACHINE, figures, add_beside(figures, file))
    found = verdicts(figures, run.other)
    assert (found["create of 300 keys, 50 ms a call"], found["no-op of 300 keys, 0 ms a call"]) == (False, True)
    assert "Beside: other, 1.2." in page.text(run)
    assert "6.50" in page.text(run)


@pytest.mark.parametrize("written", [{}, {"tool": "other", "figures": [{"step": "fly", "keys": 1}]}])
def test_a_file_of_another_tool_s_figures_that_is_wrong_is_said_to_be(written: object, tmp_path: Path) -> None:
    file = tmp_path / "beside.json"
    file.write_text(json.dumps(written))
    with pytest.raises(ValueError, match=r"beside\.json"):
        add_beside(Figures(), file)


def test_a_run_is_kept_whole_and_the_last_one_is_taken(tmp_path: Path) -> None:
    with pytest.raises(NothingKept, match="make bench"):
        newest(tmp_path)
    run = Run(PLAN, MACHINE, measured(), "other, 1.2")
    keep(replace(run, machine=replace(MACHINE, ended=datetime(2026, 11, 30, tzinfo=UTC))), tmp_path)
    keep(run, tmp_path)
    assert newest(tmp_path) == run
    assert read(json.loads(json.dumps(run.figures.as_json()))) == run.figures


def test_the_page_has_date_machine_pictures_and_every_table(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    file = tmp_path / "performance.md"
    file.write_text(f"# Before\n\n{page.BEGIN}\n\nthe former run\n\n{END}\n\nafter\n")
    written = page.publish(Run(PLAN, MACHINE, measured()), file)
    text = file.read_text()
    assert text.startswith("# Before\n")
    assert text.endswith("\n\nafter\n")
    assert "the former run" not in text
    assert "2026-12-01 10:30 UTC, commit abc1234567. 2 cores, some model." in text
    assert [path.name for path in written] == [
        "performance.md",
        "performance-time.svg",
        "performance-cpu.svg",
        "performance-bytes.svg",
    ]
    assert all(f"](images/{path.name})" in text for path in written[1:])
    assert text.count("| keys |") == 2


def test_a_busy_machine_is_said_to_be_one_and_judges_nothing_by_time() -> None:
    figures = measured()
    put(figures, Place(OURS, NO_OP, 300), sample(9.0, 1))
    found = {goal.figure: goal.verdict for goal in goals(figures, PLAN, is_busy=True)}
    assert found["no-op of 300 keys"] == "busy machine"
    assert found["calls, no-op of 300 keys"] == "NO"
    assert found["calls, create of 300 keys"] == "yes"
    assert "busy machine" not in MACHINE.sentence
    assert "its CPU seconds can be compared, its times can't" in replace(MACHINE, others=0.7).sentence


def test_the_page_of_a_busy_machine_has_no_picture_of_times(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    file = tmp_path / "performance.md"
    file.write_text(f"{page.BEGIN}{END}\n")
    page.publish(Run(PLAN, MACHINE, measured()), file)
    page.publish(Run(PLAN, replace(MACHINE, others=1.5), measured()), file)
    assert "performance-time.svg" not in file.read_text()
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == [
        "performance-bytes.svg",
        "performance-cpu.svg",
    ]


def test_a_page_without_its_marks_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "performance.md"
    file.write_text("# Something else\n")
    with pytest.raises(ValueError, match="marks"):
        page.publish(Run(PLAN, MACHINE, measured()), file)
    assert file.read_text() == "# Something else\n"


def test_the_page_has_its_marks() -> None:
    between_marks(page.PAGE.read_text(encoding="utf-8"), "", page.BEGIN)


def test_a_picture_has_a_panel_a_step_and_a_point_for_each_figure() -> None:
    svg = pictures.picture(pictures.time_panels(measured()), "Time <of> keys")
    assert "Time &lt;of&gt; keys" in svg
    assert svg.count("<circle") == 2 + len(STEPS) * 2 * 4
    assert "ours, 300 keys: 3.3 seconds" in svg
    assert bytes(resvg_py.svg_to_bytes(svg_string=svg)).startswith(b"\x89PNG")


def test_bytes_that_a_system_does_not_count_have_no_picture() -> None:
    figures = Figures()
    figures.add(Place(OURS, CREATE, 6), Sample(Spent(1, 1)))
    assert pictures.bytes_panels(figures) == []


@pytest.mark.parametrize("most", [0.2, 1, 3.7, 49, 51, 300, 1_000, 1_557])
def test_an_axis_has_few_round_values_and_ends_at_or_over_the_highest(most: float) -> None:
    values = pictures.ticks(most)
    assert values[0] == 0
    assert most <= values[-1] < 2 * most
    assert 3 <= len(values) <= 7


@pytest.mark.parametrize(
    ("arguments", "who"),
    [
        ("python -u /w/setup/language_host/program.py 127.0.0.1:1", "program"),
        ("python -u /usr/bin/pulumi-language-python-exec --monitor x", "program"),
        ("python -u /tmp/stack/provider 127.0.0.1:1", "plugin"),
        ("/usr/bin/pulumi-language-python 127.0.0.1:1", "language hosts"),
        ("git status --porcelain", "language hosts"),
    ],
)
def test_who_a_process_is_is_told_by_its_arguments(arguments: str, who: str) -> None:
    assert role_of(arguments.split(), is_root=False) == who
    assert role_of(arguments.split(), is_root=True) == "engine"
