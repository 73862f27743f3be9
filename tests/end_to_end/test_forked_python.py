"""A forked Python is to be taken for an ordinary one: a command comes to the same in both, and ends in the same way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.engine_environment import allowed
from setup.engine.places import REPOSITORY
from tests.support.forked_python import forked_python
from tests.support.process_end import wait_until_gone

WHAT_IT_SEES = """
import atexit, gc, json, os, signal, sys, threading, time
import neighbour

main = sys.modules["__main__"]
numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE)
seen = {
    "descriptors": sorted(os.listdir("/dev/fd")),
    "arguments": sys.argv,
    "folder": os.getcwd(),
    "environment": dict(os.environ),
    "inherited by a child": os.popen("env").read().splitlines()[:-1],
    "path": sys.path,
    "input": sys.stdin.read(),
    "python": sys.prefix,
    "signals": [str(signal.getsignal(number)) for number in numbers],
    "blocked": str(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "garbage": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
    "main": [__name__, vars(main) is globals(), globals().get("__file__"), type(__loader__).__name__],
    "streams": [(each.encoding, each.errors, each.fileno(), each.isatty()) for each in (sys.stdin, sys.stdout, sys.stderr)],
    "threads": threading.active_count(),
    "writes bytecode": not sys.dont_write_bytecode,
    "neighbour": neighbour.__file__,
    "zone": time.tzname,
}
atexit.register(print, "at the end")
threading.Timer(0.1, print, ["from a thread"]).start()
print(json.dumps(seen, sort_keys=True, indent=1))
print("an error", file=sys.stderr)
"""
ENDS = {
    "by itself": "pass",
    "by a number": "sys.exit(7)",
    "by a large number": "sys.exit(300)",
    "by words": "sys.exit('why it ends')",
    "by an error": "def broken(): raise ValueError('wrong')\nbroken()",
    "by a mistake": "this is no Python",
    "at once": "os._exit(9)",
    "by SIGTERM": "os.kill(os.getpid(), signal.SIGTERM)\nwhile True: time.sleep(0.05)",
    "by SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)\nwhile True: time.sleep(0.05)",
    "by SIGABRT": "os.kill(os.getpid(), signal.SIGABRT)\nwhile True: time.sleep(0.05)",
    "by an interrupt": "os.kill(os.getpid(), signal.SIGINT)\nwhile True: time.sleep(0.05)",
    "with an error at the end": """import atexit
class Late:
    def __repr__(self): return "late"
    def __call__(self): 1 / 0
atexit.register(Late())""",
}
IMPORTS = "import os, signal, sys, time\n"
# A signal that comes just before a long sleep would be told after it.
RUNS = IMPORTS + "print(os.getpid(), flush=True)\nwhile True:\n    time.sleep(0.05)\n"
OF_OTHER_TESTS = """
import subprocess, sys, tempfile
from pathlib import Path
sys.path.insert(0, {root!r})
from setup.engine.places import REPOSITORY
from tests.support.forked_python import ForkedPython

forked = ForkedPython()
folder = Path(tempfile.mkdtemp())
(folder / "PulumiPlugin.yaml").write_text("")
(folder / "__main__.py").write_text("import os, time; os.write(1, b'%d\\\\n' % os.getpid()); time.sleep(600)")
processes = [subprocess.Popen([forked.virtual_environment / "bin" / "python", "-u", folder]) for _ in range(2)]
processes[0].wait()
"""
ORDINARY = Path(sys.prefix) / "bin" / "python"


@pytest.fixture
def forked() -> Path:
    """What stands where Python would."""
    return forked_python().virtual_environment / "bin" / "python"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plugin's, by what lies in it."""
    made = tmp_path / "plugin"
    made.mkdir()
    (made / "PulumiPlugin.yaml").write_text("runtime: python\n")
    (made / "neighbour.py").write_text("")
    return made


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A program's, by its place: the language host has it there."""
    made = tmp_path / "setup" / "language_host" / "program.py"
    made.parent.mkdir(parents=True)
    made.with_name("neighbour.py").write_text("")
    return made


def outcome(python: Path, *arguments: str | Path) -> tuple[int, str, str]:
    """How the command ended, and what it wrote."""
    done = subprocess.run([python, *arguments], check=False, cwd="/", input="given\n", capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def start(python: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    """Starts a command that says its number first."""
    return subprocess.Popen(
        [python, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_folder_sees_in_both_the_same(forked: Path, folder: Path) -> None:
    (folder / "__main__.py").write_text(WHAT_IT_SEES)
    assert outcome(forked, "-u", folder, "one", "two") == outcome(ORDINARY, "-u", folder, "one", "two")


@pytest.mark.parametrize("changed", [{}, {"PYTHONDONTWRITEBYTECODE": "1"}, {"TZ": "Europe/Moscow", "A": "\udcff"}])
def test_a_script_sees_in_both_the_same(
    forked: Path, script: Path, changed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    script.write_text(WHAT_IT_SEES)
    assert outcome(forked, "-u", script, "one", "two") == outcome(ORDINARY, "-u", script, "one", "two")


def test_code_sees_in_both_the_same(forked: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the language host is started: what it sets before it loads its packages is set already."""
    monkeypatch.setenv("GRPC_ENABLE_FORK_SUPPORT", "0")
    sees = WHAT_IT_SEES.replace(", gc.get_freeze_count()", "")
    command = ("-P", "-u", "-c", "import sys; sys.path.insert(0, sys.argv.pop(1))\n" + sees, folder, "one")
    assert outcome(forked, *command) == outcome(ORDINARY, *command)


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_ends_in_both_in_the_same_way(forked: Path, folder: Path, script: Path, end: str) -> None:
    for file, command in ((folder / "__main__.py", folder), (script, script)):
        file.write_text(f"{IMPORTS}print('begun')\n{ENDS[end]}\n")
        assert outcome(forked, "-u", command) == outcome(ORDINARY, "-u", command)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("caught", [False, True])
def test_a_signal_reaches_it(forked: Path, folder: Path, number: signal.Signals, caught: bool) -> None:
    handler = f"signal.signal({number.value}, lambda *_: (print('caught', flush=True), os._exit(5)))\n"
    (folder / "__main__.py").write_text(IMPORTS + (handler if caught else "") + RUNS)
    ends = []
    for python in (forked, ORDINARY):
        process = start(python, "-u", folder)
        first_line(process)
        process.send_signal(number)
        printed, errors = process.communicate()
        # Python tells of an interrupt where it was: that differs.
        ends.append((printed, errors.splitlines()[:1], errors.splitlines()[-1:], process.returncode))
    assert ends[0] == ends[1]


def test_it_is_gone_when_what_stands_for_it_was_killed(forked: Path, folder: Path) -> None:
    (folder / "__main__.py").write_text(RUNS)
    process = start(forked, "-u", folder)
    command = int(first_line(process))
    assert command != process.pid
    process.kill()
    process.communicate()
    wait_until_gone(command)


def test_it_ends_with_the_tests() -> None:
    """All of it, however they end: what holds the servers is a pipe."""
    tests = start(ORDINARY, "-c", OF_OTHER_TESTS.format(root=str(REPOSITORY)))
    commands = [int(first_line(tests)) for _ in range(2)]
    tests.kill()
    tests.communicate()
    for command in commands:
        wait_until_gone(command)


@pytest.mark.parametrize("lean", [False, True])
def test_what_was_loaded_before_is_there_and_nothing_of_ours(
    forked: Path, folder: Path, script: Path, lean: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with the few variables that a pipeline's job gives the engine."""
    if lean:
        for name in os.environ.keys() - allowed(os.environ).keys():
            monkeypatch.delenv(name)
    for file, command, loaded in (
        (folder / "__main__.py", folder, {"pulumi", "requests", "yandexcloud"}),
        (script, script, {"pulumi", "pydantic", "yaml"}),
    ):
        file.write_text("import sys\nprint(*sys.modules)\n")
        there = set(outcome(forked, "-u", command)[1].split())
        assert loaded <= there
        assert {name.partition(".")[0] for name in there} & {"components", "provider", "tests", "yandex_keys"} == set()


@pytest.mark.parametrize(
    "command",
    [("-c", "import sys; print(*sys.modules)"), ("-m", "pip", "--version"), ("--version",), ("-u", "nowhere.py")],
)
def test_any_other_command_is_an_ordinary_pythons(forked: Path, command: tuple[str, ...]) -> None:
    assert outcome(forked, *command) == outcome(ORDINARY, *command)


def test_who_sets_what_python_reads_at_its_start_gets_an_ordinary_one(
    forked: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere.py").write_text("print('found')")
    (folder / "__main__.py").write_text("import sys, elsewhere\nprint('pulumi' in sys.modules)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert outcome(forked, "-u", folder) == (0, "found\nFalse\n", "")


def test_many_at_once_get_each_its_own(forked: Path, folder: Path) -> None:
    """Also while others are killed."""
    (folder / "__main__.py").write_text("import sys\nprint(sys.argv[1])\nsys.exit(sys.stdin.readline() != '')")
    for _ in range(5):
        processes = [start(forked, "-u", folder, str(number)) for number in range(20)]
        for process in processes[::3]:
            process.kill()
        ends = [(process.communicate()[0], process.returncode) for process in processes]
        assert [end for number, end in enumerate(ends) if number % 3] == [
            (f"{number}\n", 0) for number in range(20) if number % 3
        ]
