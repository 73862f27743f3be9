"""`make release`: what it refuses, what it stamps and builds, and that it leaves the clone as it was where anything fails."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from provider.yandex_keys.version import VERSION
from setup.engine.places import REPOSITORY
from tools.release import changelog, installation, packages, places
from tools.release.__main__ import main, told
from tools.release.numbering import versions_of
from tools.release.refused import ReleaseRefused
from tools.release.steps import Release, release
from tools.sdk_generator import address, generator, python_sdk

DAY = dt.date(2026, 12, 24)
TOLD = "### Keys\n\n- A key that sings."
CHANGELOG = f"# Changelog\n\n## Unreleased\n\n{TOLD}\n\n## 0.9.0 (2026-10-01)\n\n- The first.\n"
NEXT = "9.1.0"


def git(clone: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=clone, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository of the files that say the version, all committed."""
    clone = tmp_path / "clone"
    for file in places.said(REPOSITORY):
        (clone / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / file, clone / file)
    leftovers = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    shutil.copytree(REPOSITORY / "sdk", clone / "sdk", dirs_exist_ok=True, ignore=leftovers)
    shutil.copy(REPOSITORY / ".gitignore", clone)
    (clone / "CHANGELOG.md").write_text(CHANGELOG)
    git(clone, "init", "--quiet")
    git(clone, "config", "user.name", "Somebody")
    git(clone, "config", "user.email", "somebody@example.com")
    commit_all(clone)
    return clone


def commit_all(clone: Path) -> None:
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "As it is")


def write_generated(clone: Path) -> None:
    """As the generator does, in so far as the version goes: it takes it from the schema."""
    version = re.findall(r'^  "version": "(.*)"', (clone / "provider/yandex_keys/schema.json").read_text(), re.M)[0]
    for place in places.GENERATED:
        (file,) = place.found_in(clone)
        file.write_text(place.pattern.sub(version, file.read_text()))
    (noted,) = (clone / "sdk" / "python").glob("*.dist-info")
    noted.rename(noted.with_name(f"pulumi_yandex_keys-{version}.dist-info"))


def never(clone: Path) -> None:
    pytest.fail("a release that is refused got as far as this")


def released(clone: Path, version: str = NEXT, check: Callable[[Path], None] = lambda clone: None) -> Release:
    return release(clone, version, DAY, generate_sdk=write_generated, check=check)


def everything(clone: Path) -> tuple[str, str, dict[str, bytes]]:
    files = {
        str(path.relative_to(clone)): path.read_bytes()
        for path in sorted(clone.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(clone).parts
    }
    return git(clone, "rev-parse", "HEAD"), git(clone, "status", "--porcelain"), files


def refusal(clone: Path, version: str = NEXT) -> str:
    """Why a release is refused, before any of its steps; the clone is as it was."""
    before = everything(clone)
    with pytest.raises(ReleaseRefused) as refused:
        release(clone, version, DAY, generate_sdk=never, check=never)
    assert everything(clone) == before
    return str(refused.value)


def test_every_place_says_the_plugin_s_version() -> None:
    said = places.said(REPOSITORY)
    assert set(said.values()) == {VERSION}
    assert len(said) >= len(places.WRITTEN) + len(places.GENERATED)


def test_no_page_says_a_version_that_a_release_would_not_stamp() -> None:
    stamped = {path for place in places.WRITTEN for path in place.found_in(REPOSITORY)}
    for page in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")]:
        if page.name != "CHANGELOG.md" and re.search(r"/provider@\d", page.read_text(encoding="utf-8")):
            assert page in stamped, page


@pytest.mark.parametrize("file", sorted(places.said(REPOSITORY)))
def test_a_file_that_disagrees_is_named(clone: Path, file: str) -> None:
    path = clone / file
    path.write_text(path.read_text().replace(VERSION, "0.1.2"))
    commit_all(clone)
    assert re.search(rf"don't agree on the version: .*'{re.escape(file)}': '0\.1\.2'", refusal(clone))


def test_a_file_that_no_longer_says_it_is_named(clone: Path) -> None:
    (clone / "pyproject.toml").write_text("[project]\n")
    commit_all(clone)
    assert 'pyproject.toml: one line has to be `version = "x.y.z"`' in refusal(clone)


def test_a_clone_with_changes_is_refused(clone: Path) -> None:
    (clone / "pyproject.toml").write_text((clone / "pyproject.toml").read_text() + "# more\n")
    (clone / "new file.py").touch()
    assert refusal(clone) == ("the clone has changes: commit them or take them away: new file.py, pyproject.toml")


@pytest.mark.parametrize("version", ["", "1", "v9.1.0", "9.1", "9.1.0.0", "9.01.0", "9.1.0-rc1", "9.1.0\n", "-h"])
def test_what_is_no_version_is_refused(clone: Path, version: str) -> None:
    assert "a version is x.y.z, such as VERSION=1.2.0" in refusal(clone, version)


def test_a_version_that_was_used_is_refused(clone: Path) -> None:
    git(clone, "tag", f"v{NEXT}")
    assert refusal(clone) == f"{NEXT} has been released: take a higher one"
    assert refusal(clone, "0.9.0") == "0.9.0 has been released: take a higher one"


def test_a_version_below_what_there_is_is_refused_by_number_not_by_letter(clone: Path) -> None:
    git(clone, "tag", "v10.0.0")
    assert refusal(clone) == f"{NEXT} is below 10.0.0, which there is already: take a higher one"


def test_tags_of_other_things_are_no_versions() -> None:
    assert versions_of(["v1.2.3", "1.2.4", "vnext", "v1.2", "v1.2.3-rc1", "nightly"]) == ["1.2.3"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# Changelog\n\n## Unreleased\n\n### Keys\n\n## 0.9.0\n\n- The first.\n", "has nothing under `## Unreleased`"),
        ("# Changelog\n\n## Unreleased\n", "has nothing under `## Unreleased`"),
        ("# Changelog\n\n## 0.9.0\n\n- The first.\n", "its first heading has to be `## Unreleased`"),
    ],
)
def test_a_release_with_nothing_to_tell_is_refused(clone: Path, text: str, why: str) -> None:
    (clone / "CHANGELOG.md").write_text(text)
    commit_all(clone)
    assert why in refusal(clone)


def test_what_was_unreleased_becomes_the_release_s_section() -> None:
    after = changelog.with_release(CHANGELOG, NEXT, DAY)
    assert after == CHANGELOG.replace("## Unreleased\n", f"## Unreleased\n\n## {NEXT} (2026-12-24)\n")
    assert changelog.released_versions(after) == [NEXT, "0.9.0"]


def test_a_release_is_a_commit_its_packages_and_its_notes(clone: Path) -> None:
    checked = []

    def check(stamped: Path) -> None:
        checked.append(set(places.said(stamped).values()))

    done = released(clone, check=check)
    assert checked == [{NEXT}]
    assert git(clone, "log", "-1", "--format=%s") == f"Release {NEXT}"
    assert git(clone, "status", "--porcelain") == ""
    assert set(places.said(clone).values()) == {NEXT}
    assert sorted(path.name for path in (clone / "dist").iterdir()) == [
        f"notes-{NEXT}.md",
        f"pulumi_yandex_keys-{NEXT}-py3-none-any.whl",
        f"pulumi_yandex_keys-{NEXT}.tar.gz",
    ]
    assert (clone / "dist" / f"notes-{NEXT}.md").read_text() == f"{TOLD}\n"
    said = told(done, "https://github.com/somebody/keys")
    assert f"push --atomic origin HEAD v{NEXT}" in said
    assert "placeholder" not in said
    assert "Repository is a placeholder" in told(done, address.PLACEHOLDER)
    # It is told to be tagged, and is not: a tag is for somebody to push.
    assert git(clone, "tag") == ""
    assert refusal(clone) == f"{NEXT} has been released: take a higher one"


def test_the_version_that_was_worked_on_is_released_first(clone: Path) -> None:
    released(clone, VERSION)
    assert git(clone, "show", "--format=", "--name-only") == "CHANGELOG.md"


@pytest.mark.parametrize("failure", [ReleaseRefused("a check failed"), KeyboardInterrupt()])
def test_a_release_that_fails_leaves_the_clone_as_it_was(clone: Path, failure: BaseException) -> None:
    before = everything(clone)

    def check(stamped: Path) -> None:
        raise failure

    with pytest.raises(type(failure)):
        released(clone, check=check)
    assert everything(clone) == before


def test_what_somebody_changes_while_checks_run_is_not_released_and_stays(clone: Path) -> None:
    head, _, files = everything(clone)

    def check(stamped: Path) -> None:
        (stamped / "thought.py").write_text("# mine\n")

    with pytest.raises(ReleaseRefused, match="something changed while the checks ran"):
        released(clone, check=check)
    assert everything(clone) == (head, "?? thought.py", files | {"thought.py": b"# mine\n"})


def test_an_sdk_that_was_not_made_anew_is_not_released(clone: Path) -> None:
    before = everything(clone)
    with pytest.raises(ReleaseRefused, match=r"another version than 9\.1\.0 is said: .*sdk/python"):
        release(clone, NEXT, DAY, generate_sdk=lambda clone: None, check=never)
    assert everything(clone) == before


def test_the_generator_takes_the_stamp_into_the_whole_sdk(clone: Path, tmp_path: Path) -> None:
    try:
        command = generator.build(os.environ, download=False)
    except generator.GeneratorMissing as lacking:
        pytest.skip(str(lacking))
    places.stamp(clone, NEXT)
    generator.generate(command, "python", tmp_path / "generated", clone / "provider" / "yandex_keys" / "schema.json")
    python_sdk.replace(clone, tmp_path / "generated")
    assert set(places.said(clone).values()) == {NEXT}
    assert python_sdk.staleness(clone) == []


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_packages_have_the_same_bytes_wherever_and_whenever_they_are_built(tmp_path: Path) -> None:
    sdk = tmp_path / "another place" / "python"
    shutil.copytree(REPOSITORY / "sdk" / "python", sdk)
    for path in sdk.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)
    first = packages.build(REPOSITORY / "sdk" / "python", tmp_path / "first", DAY)
    second = packages.build(sdk, tmp_path / "second", DAY)
    assert [digest(path) for path in first] == [digest(path) for path in second]


def test_packages_hold_the_sdk_and_nothing_of_the_machine(tmp_path: Path) -> None:
    archive, wheel = packages.build(REPOSITORY / "sdk" / "python", tmp_path, DAY)
    sdk = {
        name: content
        for name, content in python_sdk.files(REPOSITORY / "sdk" / "python").items()
        if name.startswith("pulumi_yandex_keys/")
    }
    with zipfile.ZipFile(wheel) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    shipped = {name: content for name, content in files.items() if ".dist-info/" not in name}
    assert {name for name in sdk if not name.endswith((".pyi", "README.md"))} <= shipped.keys() <= sdk.keys()
    assert shipped == {name: sdk[name] for name in shipped}
    metadata = files[f"pulumi_yandex_keys-{VERSION}.dist-info/METADATA"].decode()
    assert "\nRequires-Dist: pulumi<4.0.0,>=3.231.0\n" in metadata
    assert metadata.rstrip().endswith((REPOSITORY / "sdk/python/pulumi_yandex_keys/README.md").read_text().strip())
    with tarfile.open(archive) as packed_source:
        members = packed_source.getmembers()
        contents = [read.read() for member in members if (read := packed_source.extractfile(member))]
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "", "")}
    traces = (str(REPOSITORY).encode(), str(tmp_path).encode())
    assert not [trace for trace in traces for content in [*files.values(), *contents] if trace in content]


def test_the_wheel_is_installed_without_network_into_an_empty_environment_and_is_what_is_imported(
    tmp_path: Path,
) -> None:
    _, wheel = packages.build(REPOSITORY / "sdk" / "python", tmp_path, DAY)
    installation.try_wheel(wheel, VERSION)
    with pytest.raises(ReleaseRefused, match=rf"says that it is {VERSION} and {VERSION}, not {NEXT}"):
        installation.try_wheel(wheel, NEXT)


def test_a_wheel_that_asks_for_what_there_is_not_is_not_released(tmp_path: Path) -> None:
    sdk = tmp_path / "python"
    shutil.copytree(REPOSITORY / "sdk" / "python", sdk)
    project = sdk / "pyproject.toml"
    project.write_text(project.read_text().replace("pulumi>=3.231.0,<4.0.0", "pulumi>=99"))
    _, wheel = packages.build(sdk, tmp_path / "dist", DAY)
    with pytest.raises(ReleaseRefused, match="No matching distribution found for pulumi>=99"):
        installation.try_wheel(wheel, VERSION)


def test_an_interrupt_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*given: object) -> Release:
        raise KeyboardInterrupt

    monkeypatch.setattr("tools.release.__main__.release", interrupted)
    assert main([NEXT]) == 130
    assert capsys.readouterr().err == "interrupted: nothing is released, and the clone is as it was\n"


def test_it_is_used_with_one_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err == "usage: make release VERSION=x.y.z\n"


def test_a_refusal_is_one_line_and_no_release() -> None:
    """As a process, of the repository itself: what is no version is refused whatever state the clone is in."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.release", "soon"], cwd=REPOSITORY, check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
