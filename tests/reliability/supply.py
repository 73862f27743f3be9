"""What is planted is not run, and what a request's job has is not shown: an engine, a wheel, a cache, an environment.

Each function answers what went wrong, a line each.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import Final

from pipelines.comment import comment
from pipelines.console import Console
from pipelines.report import written
from pipelines.run import Pipeline
from pipelines.settings import Settings
from setup.engine import record, release
from setup.engine.places import REPOSITORY, VERSION, shared_build
from setup.engine.provision import Engine, EngineMissing, provide
from tests.setup.planted import a_clone_with_a_planted_wheel, installed_module

PLANTED: Final = "#!/bin/sh\necho planted\n"
# Stands for `go`, so that nothing is fetched or compiled.
_GO: Final = """#!/bin/sh
[ "$1" = build ] || exit 0
while [ "$1" != -o ]; do shift; done
echo '#!/bin/sh' > "$2"
chmod +x "$2"
"""
# Says all that it was given, as a request's program would, in the words of the engine's events.
_TALKATIVE: Final = """
import base64, json, os
inherited = dict(os.environ)
texts = [repr(inherited), json.dumps(inherited), base64.b64encode(json.dumps(inherited).encode()).decode(), *inherited.values()]
for text in texts:
    print(json.dumps({"diagnosticEvent": {"severity": "warning", "message": text}}))
"""
TOKENS: Final = {
    "GITLAB_TOKEN": "glpat-of-a-request",
    "GITHUB_TOKEN": "ghs-of-a-request",
    "CI_JOB_TOKEN": "job-token-of-a-request",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token-of-a-request",
    "CHAT_WEBHOOK": "https://chat.example/hook-of-a-request",
}
LOGIN: Final = {
    "PULUMI_CONFIG_PASSPHRASE": "passphrase of a request",
    "YC_TOKEN": "t1.iam-token-of-a-request",
    "AWS_SECRET_ACCESS_KEY": "a/secret+access-key-of-a-request",
}


def planted_engines(directory: Path) -> list[str]:
    """In the clone, in place of its language host, in the user's cache with and without a record; and an old one on PATH."""
    # What set-up says to the person who waits would look like findings here.
    with redirect_stderr(io.StringIO()):
        return _planted_engines(directory)


def _planted_engines(directory: Path) -> list[str]:
    environment = _machine(directory)
    wrong = []
    for place in ("bin/pulumi", "bin/pulumi-language-python", "bin/pulumi-resource-other"):
        clone = directory / place.replace("/", "-")
        planted = provide(environment, clone, _no_release).executable.parents[1] / place
        _plant(planted)
        wrong += _planted_in(provide(environment, clone, _no_release), f"the clone's {place}")
    shared = shared_build(environment)
    for forged in (False, True):
        _plant(shared / "bin" / "pulumi")
        if not forged:
            (shared / "engine.json").unlink()
        name = f"the cache, with {'another' if forged else 'no'} record"
        wrong += _planted_in(provide(environment, directory / f"clone-{forged}", _no_release), name)
    old = directory / "old" / "pulumi"
    _plant(old, "#!/bin/sh\necho v3.100.0\n")
    path = os.pathsep.join([str(old.parent), environment["PATH"]])
    try:
        found = provide({**environment, "PATH": path}, directory / "clone-old", _no_release)
        wrong.append(f"an old pulumi on PATH was taken: {found.executable}")
    except EngineMissing as refused:
        if f"older than {VERSION}" not in str(refused) or "\n" in str(refused):
            wrong.append(f"an old pulumi on PATH is refused so: {refused}")
    return wrong


def planted_wheel(directory: Path) -> list[str]:
    """In pip's cache, as what pip built of the very file that the lock pins."""
    directory.mkdir()
    environment = {**os.environ, **a_clone_with_a_planted_wheel(directory), "PYTHONPATH": str(REPOSITORY)}
    script = "import pathlib, sys; from setup.virtual_environment import provide; provide(pathlib.Path(sys.argv[1]), 'runtime')"
    done = subprocess.run(
        [sys.executable, "-c", script, str(directory)], check=False, env=environment, capture_output=True, text=True
    )
    if done.returncode != 0:
        return [f"set-up failed: {done.stderr.strip()}"]
    return ["the planted wheel was installed"] if installed_module(directory) != "PLANTED = False\n" else []


def planted_command(directory: Path) -> list[str]:
    """A `pulumi` on PATH, which pulumi-yandex's own set-up would run, while pip installs it as `pulumi install` does."""
    directory.mkdir()
    (directory / "third_party").symlink_to(REPOSITORY / "third_party")
    (directory / "requirements.txt").write_text("./third_party/pulumi_yandex\n")
    _plant(directory / "bin" / "pulumi", f"#!/bin/sh\necho called >> {directory / 'called'}\n")
    path = os.pathsep.join([str(directory / "bin"), os.environ.get("PATH", os.defpath)])
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-deps",
        "--target",
        "site",
        "-r",
        "requirements.txt",
    ]
    environment = {**os.environ, "PATH": path, "PIP_FIND_LINKS": "", "PIP_NO_CACHE_DIR": "1"}
    done = subprocess.run(pip, check=False, cwd=directory, env=environment, capture_output=True, text=True)
    wrong = [] if done.returncode == 0 else [f"pip failed: {done.stderr.strip()[-300:]}"]
    return [*wrong, "the planted pulumi ran"] if (directory / "called").exists() else wrong


def talkative_request(directory: Path) -> list[str]:
    """A request's program that prints its environment in several forms: nothing of it in log, report or comment, no forge's token in it."""
    directory.mkdir()
    (directory / "engine.py").write_text(_TALKATIVE)
    _plant(directory / "pulumi", f'#!/bin/sh\nexec "{sys.executable}" "{directory / "engine.py"}"\n')
    settings = Settings.read({"PATH": os.defpath, **TOKENS, **LOGIN, "PIPELINE_STATE_DIR": str(directory / "journal")})
    log = io.StringIO()
    pipeline = Pipeline(directory, Engine(directory / "pulumi", "path"), settings, Console(log))
    _, reports = pipeline.preview(["prod"])
    _, more = pipeline.up(["prod"])
    texts = {"log": log.getvalue(), "report": written([*reports, *more]), "comment": comment(reports)}
    wrong = [f"{name} is in the {place}" for name in TOKENS for place, text in texts.items() if name in text]
    for name, secret in (TOKENS | LOGIN).items():
        seen = (secret, base64.b64encode(secret.encode()).decode().rstrip("=")[:-1], json.dumps(secret)[1:-1])
        wrong += [
            f"the value of {name} is in the {place}" for place, text in texts.items() if any(s in text for s in seen)
        ]
    if "***" not in texts["report"] or "PULUMI" not in texts["log"]:
        wrong.append("the program said nothing")
    return wrong


def workflows() -> tuple[int, list[str]]:
    """Zizmor's findings on the workflow, and what the rules for it and its GitLab twin find: the number of rules, and the findings."""
    rules = REPOSITORY / "tests" / "pipelines" / "test_pipeline_files.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(rules)]
    done = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True)
    output = done.stdout
    held = output.count(".", 0, output.find("%]"))
    findings = re.findall(r"^(?:FAILED|ERROR) (.*)", output, re.M)
    return held + len(findings), findings or (
        [] if done.returncode == 0 and held else [output[-500:] + done.stderr[-500:]]
    )


def _machine(directory: Path) -> dict[str, str]:
    """A machine with nothing but a shell, a `go` and a home of its own."""
    _plant(directory / "machine" / "go", _GO)
    (directory / "home").mkdir(exist_ok=True)
    return {"PATH": f"{directory / 'machine'}:/bin:/usr/bin", "HOME": str(directory / "home")}


def _no_release(directory: Path) -> None:
    raise release.ReleaseUnavailable("no release in this proof")


def _plant(path: Path, content: str = PLANTED) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(content)
    path.chmod(0o755)


def _planted_in(engine: Engine, place: str) -> list[str]:
    programs = engine.executable.parent
    wrong = [f"{place}: {path.name} is the planted one" for path in programs.iterdir() if path.read_text() == PLANTED]
    origin, flaw = record.read(programs.parent)
    return wrong if origin else [*wrong, f"{place}: {flaw}"]
