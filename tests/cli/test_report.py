"""`yckeys report`: one file that says all, holds no secret, loads nothing, and works in a browser."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import resvg_py

from cli.inventory import KeyState
from cli.report import Report
from cli.report_page import HAPPENS, STATES, page
from cli.timeline import MOST
from tests.cli.bench import write
from tests.cli.browser import chromium, framed, opened
from tests.cli.conftest import Yckeys, changed_outputs
from tests.cli.recorded_cloud import MOMENT, RECORDED, RecordedCloud

Golden = Callable[[str, str], None]
PROBE = (Path(__file__).parent / "page_probe.js").read_text(encoding="utf-8")
_NEVER_CLOSED = frozenset({"meta", "link", "br", "input"})


class Page(HTMLParser):
    """Reads a page strictly: each element is closed in its turn. Keeps its text, its ids, and where it points."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.points_at: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _NEVER_CLOSED:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "action", "xlink:href", "srcset"):
                self.points_at.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _NEVER_CLOSED:
            assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & {*self.open} and data.strip():
            self.words.append(" ".join(data.split()))


def written(yckeys: Yckeys, folder: Path, *arguments: str) -> str:
    """The report, as text."""
    file = folder / "keys.html"
    ended = yckeys("report", "--html", str(file), *arguments)
    assert (ended.code, ended.errors) == (0, "")
    return file.read_text(encoding="utf-8")


def test_it_says_what_is_to_be_said(yckeys: Yckeys, golden: Golden, tmp_path: Path) -> None:
    words = Page(written(yckeys, tmp_path, "--cloud")).words
    golden("report.txt", "".join(f"{it}\n" for it in words))


def test_states_alone_ask_nobody_and_it_says_so(yckeys: Yckeys, tmp_path: Path) -> None:
    text = written(yckeys, tmp_path)
    assert "The cloud was not asked" in text
    assert not yckeys.cloud.calls


def test_json_has_the_documented_shape(own_copy: Yckeys, golden: Golden) -> None:
    golden("report.json", own_copy("report", "--cloud", "--html", "keys.html", "--json").out)


def test_it_points_at_nothing_but_itself(yckeys: Yckeys, tmp_path: Path) -> None:
    text = written(yckeys, tmp_path, "--cloud")
    page = Page(text)
    assert len(set(page.ids)) == len(page.ids)
    assert [it for it in page.points_at if it != "data:," and it.removeprefix("#") not in page.ids] == []
    assert re.findall(r"https?://|@import|url\((?!#)", text) == []


def test_no_secret_is_in_it(yckeys: Yckeys, tmp_path: Path) -> None:
    text = written(yckeys, tmp_path, "--cloud")
    for file in (RECORDED / "state").rglob("*.json"):
        for encrypted in re.findall(r'"ciphertext": ?"([^"]+)"', file.read_text(encoding="utf-8")):
            assert encrypted not in text
    assert "AQVN" not in text


def test_what_a_name_holds_is_text(own_copy: Yckeys, tmp_path: Path) -> None:
    name = '</script><img src=x onerror="alert(1)">&amp;'
    with changed_outputs(own_copy, "IamServiceAccount::translator") as outputs:
        outputs["name"] = name
    page = Page(written(own_copy, tmp_path))
    assert any(name in words for words in page.words)
    assert "x" not in page.points_at
    assert html.escape("<img") in written(own_copy, tmp_path)


def test_owners_are_shown_and_chosen_by_where_a_key_has_one(
    yckeys: Yckeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 'id="owner"' not in written(yckeys, tmp_path, "--stack", "staging")
    of_teams = written(yckeys, tmp_path)
    assert "<option>data-team</option><option>shop</option><option>support-team</option>" in of_teams
    assert '<span class="faint">owner shop</span>' in of_teams

    def of_an_owner(report: Report) -> str:
        first, *others = report.records
        return page(replace(report, records=[replace(first, owner="billing & co"), *others]))

    monkeypatch.setattr("cli.commands.report.page", of_an_owner)
    text = written(yckeys, tmp_path)
    assert "<option>billing &amp; co</option>" in text
    assert text.count('data-owner="billing &amp; co"') == 1


def test_a_finding_that_somebody_lives_with_counts_no_more_and_keeps_its_reason(
    own_copy: Yckeys, tmp_path: Path
) -> None:
    rule = {"rule": "overdue", "subject": "*", "why": "until the freeze is over", "until": "2031-01-01"}
    (own_copy.folder / "yckeys.yaml").write_text(json.dumps({"suppressions": [rule]}))
    words = Page(written(own_copy, tmp_path)).words
    assert words[words.index("errors") - 1] == "0"
    assert "because until the freeze is over" in words


def test_many_findings_of_a_rule_are_folded_away_and_all_there(yckeys: Yckeys, tmp_path: Path) -> None:
    (tmp_path / "yckeys.yaml").write_text("limits: { lifetime: 1d }\n")
    write(tmp_path, stacks=1, keys=30)
    yckeys.environment |= {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}"}
    words = Page(written(yckeys, tmp_path, "--project", str(tmp_path))).words
    assert "and 48 others" in words
    # Each key and its previous one.
    assert sum("the limit is 1d" in it for it in words) == 60


def test_every_state_and_event_has_words_for_people() -> None:
    assert STATES.keys() == set(KeyState)
    assert len(HAPPENS) == 4


def test_without_a_file_it_is_wrong_use(yckeys: Yckeys) -> None:
    ended = yckeys("report")
    assert ended.code == 2
    assert "--html FILE" in ended.errors


def test_a_file_that_can_t_be_written_is_said(yckeys: Yckeys, tmp_path: Path) -> None:
    ended = yckeys("report", "--html", str(tmp_path / "none" / "keys.html"))
    assert ended.code == 3
    assert "can't be written" in ended.errors


def test_the_timeline_shows_every_generation_and_its_overlap(yckeys: Yckeys, golden: Golden, tmp_path: Path) -> None:
    file = tmp_path / "timeline.svg"
    ended = yckeys("report", "--svg", str(file))
    assert (ended.code, ended.errors) == (0, "")
    text = file.read_text(encoding="utf-8")
    golden("timeline.svg", text)
    titles = [it.text or "" for it in ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}title")]
    known = [key["keyId"] for key in json.loads(yckeys("inventory", "--json").out)["keys"]]
    assert [key_id for key_id in known if sum(f"key {key_id}:" in it for it in titles) != 1] == []
    planned = json.loads(yckeys("plan", "--days", "45", "--json").out)["events"]
    assert sum("to be issued" in it for it in titles) == sum(event["kind"] == "rotates" for event in planned)
    assert titles.count("due since 2030-03-29 05:57 UTC") == 1


def test_of_many_keys_the_timeline_shows_those_that_come_first_and_how_many_there_are(tmp_path: Path) -> None:
    yckeys = Yckeys(tmp_path, RecordedCloud())
    write(tmp_path, stacks=2, keys=30)
    yckeys.environment |= {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}", "YANDEX_KEYS_AS_OF": MOMENT}
    text = written(yckeys, tmp_path, "--project", str(tmp_path))
    assert "The 40 keys of 60 keys that are replaced next" in text
    assert text.count('<path class="tl-due"') == 1 + MOST
    assert "all 60 keys: rotations a day" in text
    (most,) = re.findall(r"2030-04-\d\d: (\d+) rotations", text)
    assert most == "60"


def test_a_png_is_the_same_picture(yckeys: Yckeys, tmp_path: Path) -> None:
    svg, png = tmp_path / "timeline.svg", tmp_path / "timeline.png"
    ended = yckeys("report", "--svg", str(svg), "--png", str(png))
    assert ended.out == f"wrote {svg}, {png}\n"
    root = ElementTree.fromstring(svg.read_text(encoding="utf-8"))
    content = png.read_bytes()
    assert content.startswith(b"\x89PNG\r\n")
    assert struct.unpack(">II", content[16:24]) == (2 * int(root.attrib["width"]), 2 * int(root.attrib["height"]))


def test_a_machine_without_fonts_is_told_so(yckeys: Yckeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = resvg_py.svg_to_bytes
    monkeypatch.setattr(resvg_py, "svg_to_bytes", lambda **how: rendered(skip_system_fonts=True, **how))
    ended = yckeys("report", "--png", str(tmp_path / "timeline.png"))
    assert ended.code == 3
    assert "no font to write with" in ended.errors


def seen_in_chromium(page: Path, dark: bool, size: tuple[int, int]) -> dict[str, Any]:
    """What the probe sees in the page, which keeps its own policy of what may run: the probe alone is let in besides."""
    if chromium() is None:
        pytest.skip("no Chromium on PATH: whether the page works in a browser is not tested here")
    digest = base64.b64encode(hashlib.sha256(PROBE.encode()).digest()).decode()
    text = page.read_text(encoding="utf-8").replace("script-src ", f"script-src 'sha256-{digest}' ")
    probed = page.with_name("probed.html")
    probed.write_text(text.replace("</body>", f"<script>{PROBE}</script></body>"), encoding="utf-8")
    printed, said = opened(framed(probed, *size), "--dump-dom", "--virtual-time-budget=3000", dark=dark)
    assert "CONSOLE" not in said
    (seen,) = re.findall(r'<pre id="seen" hidden="">(.*?)</pre>', printed, re.DOTALL)
    found: dict[str, Any] = json.loads(html.unescape(seen))
    return found


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [(1280, 1000), (375, 800)])
def test_it_works_in_a_browser(yckeys: Yckeys, tmp_path: Path, dark: bool, size: tuple[int, int]) -> None:
    written(yckeys, tmp_path, "--cloud")
    keys = json.loads(yckeys("inventory", "--cloud", "--json").out)["keys"]
    ids = [key["keyId"] for key in keys]
    seen = seen_in_chromium(tmp_path / "keys.html", dark=dark, size=size)
    assert (seen["width"], seen["dark"]) == (size[0], dark)
    assert (seen["all"], seen["again"]) == (ids, ids)
    vision = [key["keyId"] for key in keys if key["account"] == "translator" and "vision" in " ".join(key["scopes"])]
    assert seen["searched"] == vision
    assert seen["said"] == f"{len(vision)} of {len(ids)} keys"
    assert seen["unmanaged"] == [key["keyId"] for key in keys if key["state"] == "unmanaged"]
    assert (seen["nothing"], seen["nothingSaid"]) == ([], True)
    findings = json.loads(yckeys("audit", "--cloud", "--json").out)["findings"]
    assert set(seen["concerned"]) == {finding["keyId"] for finding in findings} & set(ids)
    assert seen["staging"] == [key["keyId"] for key in keys if key["stack"] == "staging"]
    assert seen["sorted"] == sorted(seen["sorted"])
    assert seen["resources"] == []
    assert (seen["content"], seen["wide"]) == (size[0], [])
    assert seen["faintest"][0] >= 4.5, seen["faintest"]
    assert seen["unreachable"] == 0
