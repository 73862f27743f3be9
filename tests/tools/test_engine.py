"""Where the engine comes from, on machines that have different things. The commands are stand-ins on a PATH of their own."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tools.engine import go_build
from tools.engine.places import MODULE, REPOSITORY, VERSION, shared_build, user_cache
from tools.engine.provision import ADVICE, Engine, EngineMissing, provide
from tools.engine.sdk_install import InstallFailed, install

# Stands for `go build … -o <file> <package>`: takes down that it was called, and writes an engine.
GO = """#!/bin/sh
echo "$@" >> "{log}"
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho {version}\\n' > "$2"
chmod +x "$2"
"""


@dataclass
class Machine:
    """A machine with nothing but /bin, a repository and a home."""

    directory: Path
    installs: list[Path] = field(default_factory=list)
    installer_reaches_its_server: bool = False

    def __post_init__(self) -> None:
        for name in ("bin", "clone", "home"):
            (self.directory / name).mkdir()

    @property
    def clone(self) -> Path:
        return self.directory / "clone"

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": f"{self.directory / 'bin'}:/bin:/usr/bin", "HOME": str(self.directory / "home")}

    def put(self, name: str, script: str) -> Path:
        path = self.directory / "bin" / name
        path.write_text(script)
        path.chmod(0o755)
        return path

    def put_go(self) -> None:
        self.put("go", GO.format(log=self.directory / "go.log", version=VERSION))

    def builds(self) -> int:
        log = self.directory / "go.log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def installer(self, directory: Path, environment: Mapping[str, str], log: Path) -> None:
        self.installs.append(directory)
        if not self.installer_reaches_its_server:
            raise InstallFailed("no such host")
        (directory / "bin").mkdir(parents=True)
        for name in ("pulumi", "pulumi-language-python"):
            path = directory / "bin" / name
            path.write_text("#!/bin/sh\n")
            path.chmod(0o755)

    def provide(self, clone: Path | None = None) -> Engine:
        return provide(self.environment, clone or self.clone, self.installer)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    # A Go of the machine that runs the tests must not be found.
    monkeypatch.setattr(go_build, "_USUAL_GO", tmp_path / "no-go")
    return Machine(tmp_path)


def test_an_engine_on_path_is_used_as_it_is(machine: Machine) -> None:
    pulumi = machine.put("pulumi", "#!/bin/sh\necho v3.300.0\n")
    found = machine.provide()
    assert found == Engine(pulumi, "path")
    assert found.search_path("/a:/b") == "/a:/b"
    assert not (machine.clone / ".local").exists()


def test_an_engine_on_path_that_does_not_run_is_passed_over(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.put("pulumi", "#!/bin/sh\nexit 1\n")
    machine.put_go()
    assert machine.provide().origin == "built"
    assert "is on PATH but doesn't run" in capfd.readouterr().err


def test_without_one_the_sdks_installer_is_asked_and_nothing_is_built(machine: Machine) -> None:
    machine.installer_reaches_its_server = True
    machine.put_go()
    found = machine.provide()
    assert found == Engine(machine.clone / ".local" / "engine" / "bin" / "pulumi", "installed")
    assert machine.builds() == 0


def test_the_official_language_host_is_never_replaced(machine: Machine) -> None:
    machine.installer_reaches_its_server = True
    machine.provide()
    host = machine.clone / ".local" / "engine" / "bin" / "pulumi-language-python"
    assert host.read_text() == "#!/bin/sh\n"


def test_where_the_installer_fails_one_line_says_so_and_the_engine_is_built(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.put_go()
    found = machine.provide()
    assert found.origin == "built"
    assert sorted(path.name for path in found.executable.parent.iterdir()) == ["pulumi", "pulumi-language-python"]
    said = capfd.readouterr().err.splitlines()
    assert said == ["the SDK's installer could not bring the Pulumi CLI: no such host", go_build.TITLE]


def test_an_engine_is_got_once(machine: Machine) -> None:
    machine.put_go()
    assert machine.provide() == machine.provide()
    assert (len(machine.installs), machine.builds()) == (1, 1)


def test_a_shell_that_has_our_own_engine_on_path_gets_the_same(machine: Machine) -> None:
    machine.put_go()
    built = machine.provide()
    environment = {**machine.environment, "PATH": built.search_path(machine.environment["PATH"])}
    assert provide(environment, machine.clone, machine.installer) == built
    assert built.search_path(environment["PATH"]) == environment["PATH"]


def test_another_clone_on_the_machine_takes_the_engine_that_is_built(machine: Machine) -> None:
    machine.put_go()
    machine.provide()
    other = machine.directory / "other"
    other.mkdir()
    assert machine.provide(other).executable == other / ".local" / "engine" / "bin" / "pulumi"
    assert (len(machine.installs), machine.builds()) == (1, 1)


def test_two_at_once_build_once(machine: Machine) -> None:
    machine.put_go()
    found: list[Engine] = []
    runs = [threading.Thread(target=lambda: found.append(machine.provide())) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert found == [found[0]] * 4
    assert machine.builds() == 1


def test_an_engine_of_another_version_is_replaced(machine: Machine) -> None:
    machine.put_go()
    record = machine.provide().executable.parents[1] / "engine.json"
    record.write_text(json.dumps({"version": "v3.1.0", "origin": "built"}))
    machine.provide()
    assert json.loads(record.read_text())["version"] == VERSION


def test_a_build_that_was_interrupted_leaves_nothing_half_done(machine: Machine) -> None:
    machine.put("go", "#!/bin/sh\necho 'no space left on device'\nexit 1\n")
    with pytest.raises(EngineMissing, match="no space left on device"):
        machine.provide()
    assert not (machine.clone / ".local" / "engine").exists()
    machine.put_go()
    assert machine.provide().origin == "built"


def test_without_go_one_line_says_what_to_install(machine: Machine) -> None:
    with pytest.raises(EngineMissing) as missing:
        machine.provide()
    assert str(missing.value) == ADVICE
    assert "\n" not in ADVICE


def test_the_sdks_installer_is_ended_when_it_takes_too_long(machine: Machine, tmp_path: Path) -> None:
    with pytest.raises(InstallFailed, match="longer than 0 seconds"):
        install(tmp_path / "engine", machine.environment, tmp_path / "log", seconds=0.01)


def test_the_shared_build_is_named_after_all_that_goes_into_it() -> None:
    assert re.fullmatch(rf"{VERSION}-[0-9a-f]{{12}}", shared_build({"HOME": "/home/me"}).name)
    assert shared_build({"HOME": "/home/me", "XDG_CACHE_HOME": "/caches"}).is_relative_to("/caches")


def test_a_relative_cache_folder_is_not_taken() -> None:
    assert user_cache({"HOME": "/home/me", "XDG_CACHE_HOME": "caches"}).is_relative_to("/home/me")


def test_the_engine_the_module_and_the_sdk_are_of_one_version() -> None:
    bare = VERSION.removeprefix("v")
    assert f"pulumi=={bare}\n" in (REPOSITORY / "requirements.txt").read_text()
    assert f"github.com/pulumi/pulumi/pkg/v3 {VERSION} " in (MODULE / "go.mod").read_text()
