"""`python3 -m pipelines preview|up|stacks [STACK…]`: what a runner calls, from the root of a clone."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pipelines import forge, preparation, stacks
from pipelines.console import Console
from pipelines.engine import Stopped
from pipelines.run import FAILED, LOCKED, Pipeline
from pipelines.settings import BadSetting, Settings

REPOSITORY = Path(__file__).resolve().parents[1]
USAGE = 2
INTERRUPTED = 130
_EXIT_CODES = f"""exit codes: 0 all is well; {FAILED} a stack failed; {USAGE} wrong use; {LOCKED} a stack is locked by a run that
may be alive, try again later; PIPELINE_WARNING_EXIT_CODE (0 unless set) a warning needs a human; {INTERRUPTED} ended by the runner"""


def main(arguments: list[str]) -> int:
    """Runs one command; everything that goes wrong is said in words."""
    parser = argparse.ArgumentParser(
        prog="python3 -m pipelines", description="GitOps for API keys.", epilog=_EXIT_CODES
    )
    parser.add_argument("command", choices=("preview", "up", "stacks"))
    parser.add_argument("stacks", nargs="*", metavar="STACK", help="by default all but `local`")
    asked = parser.parse_args(arguments)
    console = Console()
    try:
        settings = Settings.read()
        console.on_github = settings.on_github
        chosen = stacks.chosen(REPOSITORY, asked.stacks)
        if asked.command == "stacks":
            print(json.dumps(chosen))
            return 0
        engine = preparation.prepare(REPOSITORY, settings.environment)
        for name in ("GITHUB_TOKEN", "GITLAB_TOKEN"):
            console.hide(settings.environment.get(name, ""), known_to_runner=True)
        pipeline = Pipeline(REPOSITORY, engine, settings, console, forge.find(settings.environment))
        return pipeline.preview(chosen) if asked.command == "preview" else pipeline.up(chosen)
    except (stacks.UnknownStack, BadSetting) as error:
        console.fail("wrong use", str(error))
        return USAGE
    except preparation.SetUpFailed as error:
        console.fail("set-up", str(error))
        return FAILED
    except (Stopped, KeyboardInterrupt) as error:
        console.fail("stopped", str(error) or "the runner ended the job")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
