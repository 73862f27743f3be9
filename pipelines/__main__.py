"""`python3 -m pipelines COMMAND`: what a runner calls, from the root of a clone."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pipelines import event_delivery, forge, login, preparation, publication, report, secrets, shards, stacks
from pipelines.console import Console
from pipelines.fleet import INTERRUPTED, Fleet
from pipelines.fleet_file import MOST_JOBS, FleetFile
from pipelines.limits import Limits
from pipelines.run import DONE, FAILED, LOCKED, Pipeline
from pipelines.settings import BadSetting, Settings
from pipelines.stopping import Stopped
from setup.engine.places import REPOSITORY

USAGE = 2
_EXIT_CODES = f"""exit codes: 0 all is well; {FAILED} a stack failed, was stopped by a limit or held back, or people could not be
told; {USAGE} wrong use; {LOCKED} a stack is locked by a run that may be alive, try again later; PIPELINE_WARNING_EXIT_CODE (0 unless
set) a warning needs a human; {INTERRUPTED} ended by the runner"""


def main(arguments: list[str]) -> int:
    """Runs one command; everything that goes wrong is said in words."""
    asked = _parser().parse_args(arguments)
    console = Console()
    try:
        settings = Settings.read()
        console.on_github = settings.on_github
        for secret in secrets.found_in(settings.environment):
            console.hide(secret, known_to_runner=secret in settings.environment.values())
        match asked.command:
            case "stacks":
                chosen = stacks.chosen(REPOSITORY, asked.stacks)
                listed = shards.names(chosen, FleetFile.read(REPOSITORY), asked.shards) if asked.shards else chosen
                print(json.dumps(listed))
                return DONE
            case "state-key":
                # What the SDK reads is the key alone: words, if any, go where people look.
                print(login.state_key_for_an_sdk(settings.environment, Console(sys.stderr)))
                return DONE
            case "comment":
                return publication.comment(asked.report, settings, console, forge.find(settings.environment))
            case "send":
                event_delivery.send(asked.events, settings, console)
                return DONE
            case "tell":
                chosen = stacks.chosen(REPOSITORY, asked.stacks)
                found = forge.find(settings.environment)
                return publication.tell(asked.report, chosen, settings, console, found, asked.ended)
            case _:
                return _run(asked, settings, console)
    except (stacks.UnknownStack, BadSetting) as error:
        console.fail("wrong use", str(error))
        return USAGE
    except login.LoginFailed as error:
        console.fail("login", str(error))
        return FAILED
    except preparation.SetUpFailed as error:
        console.fail("set-up", str(error))
        return FAILED
    except (Stopped, KeyboardInterrupt) as error:
        console.fail("stopped", str(error) or "the runner ended the job")
        return INTERRUPTED


def _run(asked: argparse.Namespace, settings: Settings, console: Console) -> int:
    """`preview` and `up`: the commands that run the stacks' program."""
    chosen, file = stacks.chosen(REPOSITORY, asked.stacks), FleetFile.read(REPOSITORY)
    file.check(chosen)
    if asked.shard:
        chosen = shards.of(asked.shard, chosen, file)
    for name in forge.TOKENS:
        if settings.environment.get(name):
            console.warn(
                name, "it is in a job that runs a program, which could find it there: only `comment` and `tell` need it"
            )
    engine = preparation.prepare(REPOSITORY, settings.environment)
    limits = Limits() if asked.command == "up" and asked.beyond_limits else file.limits
    alone = Pipeline(REPOSITORY, engine, settings, console, limits=limits)
    pipeline = Fleet(alone, file, asked.jobs or file.jobs) if asked.jobs or file.exists else alone
    code, reports = pipeline.preview(chosen) if asked.command == "preview" else pipeline.up(chosen)
    if asked.report is not None:
        asked.report.parent.mkdir(parents=True, exist_ok=True)
        asked.report.write_text(report.written(reports), encoding="utf-8")
    elif asked.command == "preview":
        console.say(publication.plain(reports))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m pipelines", description="GitOps for API keys.", epilog=_EXIT_CODES
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (
        ("preview", "say what `up` would do; runs the program"),
        ("up", "bring stacks up; runs the program"),
        ("stacks", "list the stacks as JSON"),
        ("tell", "tell people what needs them, from the reports of `up`; runs nothing of the stacks'"),
    ):
        command = commands.add_parser(name, help=words)
        if name == "tell":
            command.add_argument("report", type=Path, metavar="REPORT", help="a file, or a folder of them")
            command.add_argument(
                "--ended", default="", help="how the jobs of `up` ended, where the runner says: `cancelled`"
            )
        elif name == "stacks":
            command.add_argument(
                "--shards",
                type=_count,
                metavar="N",
                help="list as many shards instead, or fewer, such as 1/4: what `--shard` takes",
            )
        else:
            command.add_argument("--report", type=Path, metavar="FILE", help="for `comment` and `tell`")
            command.add_argument(
                "--jobs",
                type=_count,
                metavar="N",
                help="how many stacks at once (default: 1, or jobs of stacks/fleet.toml)",
            )
            command.add_argument(
                "--shard",
                metavar="I/N",
                help="only these: part I of N parts; stacks that wait for each other are in one part",
            )
        if name == "up":
            command.add_argument(
                "--beyond-limits",
                action="store_true",
                help="do all that is due, whatever the limits of stacks/fleet.toml are: for stacks that you looked at",
            )
        command.add_argument("stacks", nargs="*", metavar="STACK", help="by default all but `local`")
    commands.add_parser(
        "state-key",
        help="print a key of one hour for the state in Object Storage, as an AWS SDK asks for it (credential_process)",
    )
    send = commands.add_parser(
        "send", help="send what `up` has written down of keys to a webhook or a command; runs nothing of the stacks'"
    )
    send.add_argument(
        "events",
        type=Path,
        metavar="FILE",
        help="what PIPELINE_EVENTS named in the job of `up`; or a folder of such files",
    )
    comment = commands.add_parser(
        "comment", help="put a report of `preview` on the request; runs nothing of the stacks'"
    )
    comment.add_argument("report", type=Path, metavar="REPORT", help="a file, or a folder of them")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text!r}: give a whole number from 1 to {MOST_JOBS}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
