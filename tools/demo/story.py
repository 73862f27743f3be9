"""The story: what happens to one key, day by day, and what its consumer has to say of it at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

from yandexcloud.auth import get_auth_token

from tools.demo.cloud_time import CloudTime
from tools.demo.consumer import Assignment, Report, Wanted
from tools.demo.consumer_process import ConsumerProcess
from tools.demo.stack import KEY, LIFETIME, OVERLAP, ROTATE_EVERY, DemoStack
from tools.demo.stage import Stage
from tools.demo.timeline import LEGEND, WIDTH, Lifespan, draw
from tools.local_stack.client import Lockbox, Services
from tools.local_stack.local_cloud import LocalCloud
from tools.table import Table

SERVICE = "translate"
_REFRESH_SECONDS = 2.0


@dataclass
class SeenKey:
    """A key that the consumer was seen with: its number in the story, its ids, its secret for calls of our own, and its lifespan."""

    number: int
    key_id: str
    secret: str
    lifespan: Lifespan

    def __str__(self) -> str:
        return f"key {self.number} ({self.key_id})"


@dataclass
class Story:
    """Tells it on `stage`. The consumer is started by the story, and stopped by whoever called it."""

    stage: Stage
    stack: DemoStack
    cloud: LocalCloud
    time: CloudTime
    keys: list[SeenKey] = field(default_factory=list)
    marks: list[float] = field(default_factory=list)
    compromised: list[str] = field(default_factory=list)
    consumer: ConsumerProcess | None = None
    secret_id: str = ""

    def tell(self) -> None:
        """From the first key to the consumer's count."""
        self._issue()
        self._rotate()
        self._overlap_ends()
        self._compromise()
        self._miss_a_hundred_days()

    def _issue(self) -> None:
        self._chapter(f"A key for {SERVICE}: lifetime {LIFETIME}d, rotated every {ROTATE_EVERY}d, overlap {OVERLAP}d.")
        self.stack.declare()
        self._up()
        key = self.stack.key()
        lockbox = key.get("lockbox")
        assert lockbox is not None
        self.secret_id = lockbox["secretId"]
        self.stage.tell(f"Its secret went straight into Lockbox. All that the state has of it: {key['maskedSecret']}.")
        self.time.run_as(key["serviceAccountId"])
        wanted = {KEY: Wanted(self.secret_id, SERVICE, lockbox["secretEntry"], lockbox["keyIdEntry"])}
        assignment = Assignment(self.cloud.endpoint, self.cloud.ca, self.cloud.http, wanted, refresh=_REFRESH_SECONDS)
        self.consumer = ConsumerProcess(assignment)
        self.stage.tell(
            f"Its consumer starts, in a process of its own ({self.consumer.pid}): it reads Lockbox with the account's own token, again every "
            f"{_REFRESH_SECONDS:.0f} s, and calls {SERVICE} all the time."
        )
        self._see_new_key()
        self._consumer_says()

    def _rotate(self) -> None:
        self._pass(31, "The key is due. Nobody changed a file; the preview says it all the same.")
        self.stage.command("pulumi preview")
        self.stage.said(self.stack.preview().lines)
        self._up()
        self._see_new_key()
        self.stage.tell(f"Both keys work: whoever has not read Lockbox again yet has {OVERLAP} days to do so.")
        self._call(self.keys[0])
        self._call(self.keys[1])
        self._consumer_says()

    def _overlap_ends(self) -> None:
        self._pass(8, "The overlap is over. Nothing was run: the cloud itself has ended key 1.")
        lifespan = self.keys[0].lifespan
        lifespan.ended = (lifespan.rotated or 0.0) + OVERLAP
        self._call(self.keys[0])
        self._call(self.keys[1])
        self._up()
        self._consumer_says()

    def _compromise(self) -> None:
        leaked = self.keys[-1]
        self._pass(
            2,
            f"Key {leaked.number} has leaked. Its id goes into the stack file; the next run replaces it at once, without overlap.",
        )
        self.stage.command(f"edit the stack file: compromised: [{leaked.key_id}]")
        self.compromised.append(leaked.key_id)
        self.stack.declare(self.compromised)
        self._up()
        self._call(leaked)
        leaked.lifespan.ended, leaked.lifespan.killed = self.time.today(), True
        self._see_new_key()
        self._call(self.keys[-1])
        self._consumer_says()

    def _miss_a_hundred_days(self) -> None:
        ends = LIFETIME - 100
        self._pass(
            100,
            f"The pipeline stood still for 100 days. Key {self.keys[-1].number} is overdue, and works: its lifetime has {ends} days left.",
        )
        self._call(self.keys[-1])
        self.stage.tell("One run catches up, with one rotation and not with three.")
        self._up()
        self._see_new_key()
        self._call(self.keys[-2])
        self._call(self.keys[-1])

    def close(self, report: Report) -> None:
        """The consumer's count, and the picture."""
        other = report.refused_but_for(self.compromised)
        meant = report.refused_but_for(()) - other
        self.stage.picture(["", LEGEND, ""])
        self.stage.picture(draw([key.lifespan for key in self.keys], self.marks, self.time.today() + OVERLAP / 2))
        made = (
            f"The consumer made {report.calls} calls with {len(self.keys)} keys, and read Lockbox {report.reads} times."
        )
        count = Table(made, ["what became of them", "calls"])
        count.add("refused with the compromised key, until it read Lockbox again", meant)
        count.add("refused otherwise", other)
        count.add("calls and readings without an answer", report.failed)
        self.stage.picture(["", *count.text(WIDTH).splitlines()])

    def _chapter(self, text: str) -> None:
        today = self.time.today()
        self.marks.append(today)
        self.stage.chapter(round(today), self.time.date(), text)

    def _pass(self, days: int, text: str) -> None:
        # A real consumer reads thousands of times in these days; this one must have read once since the last change.
        self._reading()
        self.time.pass_days(days)
        self._chapter(text)

    def _up(self) -> None:
        self.stage.command("pulumi up")
        before = self.time.calls()
        run = self.stack.up()
        calls = self.time.calls() - before
        resources = "1 resource" if run.changed == 1 else f"{run.changed} resources"
        self.stage.said([*run.lines, f"{resources} changed, {calls} API calls, {run.seconds:.1f} s"])

    def _reading(self) -> Report:
        assert self.consumer is not None
        return self.consumer.wait_for_reading()

    def _see_new_key(self) -> None:
        """The consumer reads Lockbox again, and finds the key that is current now."""
        report = self._reading()
        (name,) = report.keys
        token = get_auth_token(metadata_addr=self.cloud.http.removeprefix("http://"))
        entries = Lockbox(self.cloud.endpoint, self.cloud.ca, token).read(self.secret_id).entries
        now = self.time.today()
        if self.keys and self.keys[-1].lifespan.ended is None:
            self.keys[-1].lifespan.rotated = now
        number = len(self.keys) + 1
        self.keys.append(SeenKey(number, report.keys[name], entries["api_key"], Lifespan(f"key {number}", now)))

    def _call(self, key: SeenKey) -> None:
        answer = Services(self.cloud.http).call(SERVICE, key.secret)
        self.stage.answer(f"{SERVICE} with {key}:", answer.status, answer.reason)

    def _consumer_says(self) -> None:
        report = self._reading()
        refused = report.refused_but_for(())
        self.stage.tell(f"The consumer so far: {report.calls} calls, {refused} refused; it uses {self.keys[-1]}.")
