"""Events reach a webhook signed and in order, or a warning says that they didn't."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.__main__ import main as command_line
from pipelines.console import Console
from pipelines.event_delivery import send, signature
from pipelines.settings import Settings
from tests.pipelines.http_stub import Answer, Asked, serving

KEY = "a-key-that-signs-events"


def event(number: int) -> str:
    """A line as `up` writes it."""
    return json.dumps({"specversion": "1.0", "type": "yandex-keys.key.rotated", "id": str(number), "data": {}})


class Delivery:
    """One job of `send`; waiting takes no time."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.file, self.log = folder / "events.jsonl", io.StringIO()
        self.rested: list[float] = []
        self.file.write_text("".join(f"{line}\n" for line in lines))

    def to(self, url: str, key: str = KEY, command: str = "") -> str:
        """Sends; the log."""
        settings = Settings.read(
            {"PIPELINE_EVENTS_WEBHOOK": url, "PIPELINE_EVENTS_KEY": key, "PIPELINE_EVENTS_COMMAND": command}
        )
        send(self.file, settings, Console(self.log), self.rested.append)
        return self.log.getvalue()


def test_each_event_is_posted_in_order_under_its_signature(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, event(1), event(2))
    with serving(lambda _: Answer(raw=b"ok")) as stub:
        assert "2 events sent" in delivery.to(stub.url)
    assert [it.body.decode() for it in stub.asked] == [event(1), event(2)]
    for it in stub.asked:
        assert it.headers["x-signature-256"] == signature(KEY, it.body)
        assert it.headers["content-type"].startswith("application/cloudevents+json")


def test_the_signature_is_the_hmac_that_others_compute() -> None:
    """RFC 4231, test case 2."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert signature("Jefe", b"what do ya want for nothing?") == f"sha256={expected}"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_receiver_that_is_busy_is_asked_again(tmp_path: Path, status: int) -> None:
    answers: Iterator[Answer] = iter([Answer(status=status), Answer(status=status), Answer()])
    delivery = Delivery(tmp_path, event(1))
    with serving(lambda _: next(answers)) as stub:
        assert "1 event sent" in delivery.to(stub.url)
    assert len(stub.asked) == 3
    assert delivery.rested == [1.0, 4.0]


def test_a_refusal_is_not_tried_again_and_the_rest_is_left(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, event(1), event(2), event(3))

    def answer(asked: Asked) -> Answer:
        return Answer(status=200 if asked.json()["id"] == "1" else 403)

    with serving(answer) as stub:
        assert "warning: events: 2 of 3 could not be sent: 127.0.0.1 answers 403" in delivery.to(stub.url)
    assert len(stub.asked) == 2
    assert delivery.rested == []


def test_what_is_no_event_is_not_sent(tmp_path: Path) -> None:
    """The program of the job before could write anything there."""
    long = json.dumps({"specversion": "1.0", "type": "yandex-keys.key.rotated", "data": "a" * 40_000})
    delivery = Delivery(tmp_path, "not JSON", "[1]", '{"specversion": "1.0", "type": "another"}', long, event(1))
    with serving(lambda _: Answer()) as stub:
        log = delivery.to(stub.url)
    assert "4 of 5 lines of events.jsonl are no events, and weren't sent" in log
    assert len(stub.asked) == 1


def test_it_goes_by_https_or_to_this_machine(tmp_path: Path) -> None:
    assert "only https" in Delivery(tmp_path, event(1)).to("http://example.invalid/")


def test_without_an_address_or_a_key_nothing_is_sent(tmp_path: Path) -> None:
    with serving(lambda _: Answer()) as stub:
        assert "have to be set" in Delivery(tmp_path, event(1)).to(stub.url, key="")
    assert stub.asked == []


def to_command(delivery: Delivery, command: str) -> str:
    return delivery.to("", "", command)


def test_a_command_gets_every_event_once_on_its_standard_input(tmp_path: Path) -> None:
    delivery, out = Delivery(tmp_path, event(1), "not JSON", event(2)), tmp_path / "out"
    log = to_command(delivery, f"cat >> {out}; echo once >> {out}.times")
    assert "2 events given to PIPELINE_EVENTS_COMMAND" in log
    assert out.read_text() == f"{event(1)}\n{event(2)}\n"
    assert Path(f"{out}.times").read_text() == "once\n"


def test_a_command_and_a_webhook_get_the_same(tmp_path: Path) -> None:
    delivery, out = Delivery(tmp_path, event(1)), tmp_path / "out"
    with serving(lambda _: Answer()) as stub:
        delivery.to(stub.url, command=f"cat > {out}")
    assert [it.body.decode() for it in stub.asked] == [event(1)] == out.read_text().splitlines()


@pytest.mark.parametrize("command", ["exit 7", "cat > /dev/null; exit 7", "no-such-program-of-anybodys"])
def test_a_command_that_fails_is_a_warning(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first one doesn't even read what it is given."""
    delivery = Delivery(tmp_path, *[event(number) for number in range(3000)])
    code = 127 if "such" in command else 7
    assert f"warning: events: PIPELINE_EVENTS_COMMAND failed with exit code {code}" in to_command(delivery, command)
    monkeypatch.setenv("PIPELINE_EVENTS_COMMAND", command)
    assert command_line(["send", str(delivery.file)]) == 0


def test_where_nothing_happened_no_command_is_run(tmp_path: Path) -> None:
    delivery, out = Delivery(tmp_path), tmp_path / "out"
    to_command(delivery, f"touch {out}")
    assert not out.exists()


def test_the_files_of_several_jobs_are_sent_as_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for stack in ("dev", "prod"):
        (tmp_path / "reports" / stack).mkdir(parents=True)
        (tmp_path / "reports" / stack / "report.json").write_text("{}")
        (tmp_path / "reports" / stack / "events.jsonl").write_text(event(len(stack)) + "\n")
    delivery = Delivery(tmp_path)
    delivery.file = tmp_path / "reports"
    assert "2 events given" in to_command(delivery, f"cat > {out}")
    assert out.read_text().splitlines() == [event(3), event(4)]
    delivery.file = tmp_path / "reports" / "none"
    delivery.file.mkdir()
    assert "no events: nothing happened to a key" in to_command(delivery, f"cat > {out}")


def test_a_run_in_which_nothing_happened_left_no_file(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path)
    delivery.file.unlink()
    assert "no events: nothing happened to a key" in delivery.to("https://example.invalid/")


def test_the_command_never_fails_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    delivery = Delivery(tmp_path, event(1))
    with serving(lambda _: Answer(status=403)) as stub:
        monkeypatch.setenv("PIPELINE_EVENTS_WEBHOOK", stub.url)
        monkeypatch.setenv("PIPELINE_EVENTS_KEY", KEY)
        assert command_line(["send", str(delivery.file)]) == 0
    assert "1 of 1 could not be sent" in capsys.readouterr().out
