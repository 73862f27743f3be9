"""Where the engine comes from, on machines that have different things. The commands are stand-ins on a PATH of their own."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from setup.engine import go_build, record, release
from setup.engine.places import MODULE, REPOSITORY, VERSION, shared_build, user_cache
from setup.engine.provision import ADVICE, Engine, EngineMissing, provide
from tests.pipelines.http_stub import Answer, serving

# Stands for `go build … -o <file> <package>`: takes down that it was called, and writes an engine.
GO = """#!/bin/sh
echo "$@" >> "{log}"
[ "$1" = build ] || exit 0
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
        return sum(command.startswith("build ") for command in self.go_commands())

    def go_commands(self) -> list[str]:
        log = self.directory / "go.log"
        return log.read_text().splitlines() if log.exists() else []

    def installer(self, directory: Path) -> None:
        self.installs.append(directory)
        if not self.installer_reaches_its_server:
            raise release.ReleaseUnavailable("no such host")
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


def test_without_one_the_release_is_fetched_and_nothing_is_built(machine: Machine) -> None:
    machine.installer_reaches_its_server = True
    machine.put_go()
    found = machine.provide()
    assert found == Engine(machine.clone / ".local" / "engine" / "bin" / "pulumi", "release")
    assert machine.builds() == 0


def test_the_official_language_host_is_never_replaced(machine: Machine) -> None:
    machine.installer_reaches_its_server = True
    machine.provide()
    host = machine.clone / ".local" / "engine" / "bin" / "pulumi-language-python"
    assert host.read_text() == "#!/bin/sh\n"


def test_where_the_release_cannot_be_had_one_line_says_so_and_the_engine_is_built(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.put_go()
    found = machine.provide()
    assert found.origin == "built"
    assert sorted(path.name for path in found.executable.parent.iterdir()) == ["pulumi", "pulumi-language-python"]
    said = capfd.readouterr().err.splitlines()
    assert said == ["Pulumi's release could not be had: no such host", go_build.TITLE]


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


@pytest.mark.parametrize("version", ["v3.258.9", "v2.300.0", "v3.99.0-alpha.1+dirty"])
def test_an_engine_on_path_that_is_older_than_the_pin_is_refused_in_one_line(machine: Machine, version: str) -> None:
    pulumi = machine.put("pulumi", f"#!/bin/sh\necho {version}\n")
    machine.put_go()
    with pytest.raises(EngineMissing) as refused:
        machine.provide()
    assert str(refused.value).startswith(f"{pulumi} is {version.partition('-')[0]}, older than {VERSION}")
    assert "upgrade it" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_engine_on_path_of_the_pinned_version_is_used(machine: Machine) -> None:
    machine.put("pulumi", f"#!/bin/sh\necho {VERSION}\n")
    assert machine.provide().origin == "path"


def test_an_engine_on_path_that_does_not_say_its_version_is_passed_over(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.put("pulumi", "#!/bin/sh\necho hello\n")
    machine.put_go()
    assert machine.provide().origin == "built"
    assert "doesn't say its version" in capfd.readouterr().err


def test_an_engine_for_other_pins_is_replaced(machine: Machine, capfd: pytest.CaptureFixture[str]) -> None:
    machine.put_go()
    file = machine.provide().executable.parents[1] / "engine.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"pins": "others"}))
    machine.provide()
    assert record.read(file.parent) == ("built", "")
    assert "it was got for other pins; getting it anew" in capfd.readouterr().err


def test_a_wrapper_that_an_earlier_version_of_the_project_wrote_is_replaced_without_a_build(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.put_go()
    directory = machine.provide().executable.parents[1]
    host = directory / "bin" / "pulumi-language-python"
    written = host.read_text()
    host.write_text(written.replace("setup.language_host", "tools.language_host"))
    record.write(directory, "built")
    machine.provide()
    assert host.read_text() == written
    assert machine.builds() == 1
    assert "its language host is that of another version of this project; getting it anew" in capfd.readouterr().err


def planted(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text("#!/bin/sh\necho planted\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", ["pulumi", "pulumi-language-python", "pulumi-resource-yandex-keys"])
def test_an_engine_that_was_swapped_or_joined_by_another_program_is_not_run(
    machine: Machine, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    machine.put_go()
    true = machine.provide().executable
    planted(true.with_name(name))
    found = machine.provide().executable
    assert f"{name} is not what was installed; getting it anew" in capfd.readouterr().err
    assert [path for path in found.parent.iterdir() if "planted" in path.read_text()] == []
    assert machine.provide().executable == true


def test_an_engine_that_lies_in_the_users_cache_without_a_record_is_not_taken(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    """The first place is where it was looked for before there were records; any executable file there was taken."""
    shared = shared_build(machine.environment)
    planted(shared / "pulumi")
    planted(shared / "bin" / "pulumi")
    machine.put_go()
    assert "planted" not in machine.provide().executable.read_text()
    assert machine.builds() == 1
    assert "is not taken: nothing tells how it came" in capfd.readouterr().err


def test_an_engine_that_was_swapped_in_the_users_cache_is_built_anew(machine: Machine) -> None:
    machine.put_go()
    machine.provide()
    planted(shared_build(machine.environment) / "bin" / "pulumi")
    other = machine.directory / "other"
    other.mkdir()
    assert "planted" not in machine.provide(other).executable.read_text()
    assert machine.builds() == 2


def test_a_link_to_another_clones_engine_is_compared_as_well(machine: Machine) -> None:
    machine.put_go()
    theirs = machine.provide().executable.parents[1]
    other = machine.directory / "other"
    (other / ".local").mkdir(parents=True)
    (other / ".local" / "engine").symlink_to(theirs)
    assert machine.provide(other).executable.read_text() == (theirs / "bin" / "pulumi").read_text()
    planted(theirs / "bin" / "pulumi")
    assert "planted" not in machine.provide(other).executable.read_text()
    assert not (other / ".local" / "engine").is_symlink()
    assert "planted" in (theirs / "bin" / "pulumi").read_text()


def test_go_builds_what_go_sum_has_and_compares_its_module_cache_first(machine: Machine) -> None:
    machine.put_go()
    machine.provide()
    verify, build = machine.go_commands()
    assert verify == "mod verify"
    assert "-mod=readonly" in build.split()


def test_a_module_cache_that_was_changed_is_not_built(machine: Machine) -> None:
    machine.put("go", '#!/bin/sh\necho "example.org/m v1.0.0: dir has been modified"\nexit 1\n')
    with pytest.raises(EngineMissing, match=r"could not be built: example\.org/m v1\.0\.0: dir has been modified"):
        machine.provide()


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


def an_archive(*names: str) -> bytes:
    """A release archive with programs of these names in its folder."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            tar.addfile(entry, io.BytesIO(name.encode()))
        link = tarfile.TarInfo("pulumi/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return written.getvalue()


RELEASE = an_archive("pulumi/pulumi", "pulumi/pulumi-language-python", "pulumi/../../escaped", "elsewhere/pulumi")


def pinned(directory: Path, content: bytes = RELEASE) -> Path:
    file = directory / "checksums.txt"
    file.write_text(f"# A word\n{hashlib.sha256(content).hexdigest()}  {release.archive_name()}\n")
    return file


def test_a_release_whose_checksum_is_pinned_is_unpacked(tmp_path: Path) -> None:
    with serving(lambda _: Answer(raw=RELEASE)) as stub:
        release.install(tmp_path / "engine", ["http://127.0.0.1:1", stub.url], pinned(tmp_path))
    assert stub.asked[0].path == f"/{release.archive_name()}"
    programs = tmp_path / "engine" / "bin"
    assert {path.name: path.read_text() for path in programs.iterdir()} == {
        "pulumi": "pulumi/pulumi",
        "pulumi-language-python": "pulumi/pulumi-language-python",
    }
    assert all(path.stat().st_mode & 0o111 for path in programs.iterdir())


def test_a_release_that_is_not_the_pinned_one_is_refused_unopened(tmp_path: Path) -> None:
    with (
        serving(lambda _: Answer(raw=b"not an archive")) as stub,
        pytest.raises(release.ReleaseUnavailable, match=r"is refused: its SHA-256 is \w{64}, and \w{64} is pinned"),
    ):
        release.install(tmp_path / "engine", [stub.url], pinned(tmp_path))
    assert list((tmp_path / "engine").iterdir()) == []


def test_a_release_that_is_not_listed_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "checksums.txt").write_text("# Nothing\n")
    with (
        serving(lambda _: Answer(raw=RELEASE)) as stub,
        pytest.raises(release.ReleaseUnavailable, match=f"no checksum is pinned for pulumi-{VERSION}-"),
    ):
        release.install(tmp_path / "engine", [stub.url], tmp_path / "checksums.txt")
    assert stub.asked == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [(Answer(status=404), "127.0.0.1:\\d+: Not Found"), (Answer(raw=an_archive("pulumi/other")), "holds no pulumi")],
)
def test_a_release_that_cannot_be_had_is_said_in_one_line(tmp_path: Path, answer: Answer, words: str) -> None:
    checksums = pinned(tmp_path, answer.raw or b"")
    with serving(lambda _: answer) as stub, pytest.raises(release.ReleaseUnavailable, match=words) as failed:
        release.install(tmp_path / "engine", [stub.url], checksums)
    assert "\n" not in str(failed.value)


def test_a_release_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    with (
        serving(lambda _: Answer(raw=RELEASE)) as stub,
        pytest.raises(release.ReleaseUnavailable, match="took too long"),
    ):
        release.install(tmp_path / "engine", [stub.url], pinned(tmp_path), seconds=0)


def test_a_checksum_is_pinned_for_every_machine_that_the_project_runs_on() -> None:
    for system in ("linux", "darwin"):
        for machine in ("x86_64", "aarch64", "arm64"):
            assert re.fullmatch("[0-9a-f]{64}", release.checksum(release.archive_name(system, machine)))
    assert release.archive_name("linux", "aarch64") == f"pulumi-{VERSION}-linux-arm64.tar.gz"


def test_the_shared_build_is_named_after_all_that_goes_into_it() -> None:
    assert re.fullmatch(rf"{VERSION}-[0-9a-f]{{12}}", shared_build({"HOME": "/home/me"}).name)
    assert shared_build({"HOME": "/home/me", "XDG_CACHE_HOME": "/caches"}).is_relative_to("/caches")


def test_a_relative_cache_folder_is_not_taken() -> None:
    assert user_cache({"HOME": "/home/me", "XDG_CACHE_HOME": "caches"}).is_relative_to("/home/me")


def test_the_engine_the_module_and_the_sdk_are_of_one_version() -> None:
    bare = VERSION.removeprefix("v")
    assert f"pulumi=={bare}\n" in (REPOSITORY / "requirements.txt").read_text()
    assert f"github.com/pulumi/pulumi/pkg/v3 {VERSION} " in (MODULE / "go.mod").read_text()
