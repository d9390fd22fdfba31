"""One step in a build directory: who waits for whom, and what is left when it does not go well."""

import hashlib
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from integration.real import TOP, clean_environment
from unit.samples import configured

STEP = "x86_64/cross/small"
RECIPE = """
from ruckus_aux.recipe import Recipe
recipe = Recipe("small")

@recipe.step("cross", cpu=1, memory=1, profiles=("tiny",))
def cross(sh):
    '''a step'''
    {source}
    sh.sh({text!r})
"""
INSTALL = 'mkdir -p "$OUT/bin"; echo {} > "$OUT/bin/small"'
WAIT = 'touch "$HOME/begun"; while [ ! -e "$HOME/go" ]; do sleep 0.05; done; '


class Place:
    """A source tree with one small recipe, and its build directories with a common cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "src/packages").mkdir(parents=True)
        (folder / "mirror").mkdir()
        (folder / "src/packages/sources.toml").write_text("")
        self.running: list[subprocess.Popen[str]] = []

    def recipe(self, text: str, source: str = "") -> None:
        (self.folder / "src/packages/small.py").write_text(RECIPE.format(text=text, source=source))

    def builddir(self, name: str = "one", isolation: str = "bwrap") -> Path:
        build = self.folder / name
        if not build.exists():
            build.mkdir()
            configured(
                build,
                ruckus_srcdir=str(self.folder / "src"),
                BUILDROOT=str(build),
                CLFS=str(build / "baby"),
                ruckus_cache=str(self.folder / "cache"),
                ruckus_arch="x86_64",
                ruckus_isolation=isolation,
                ruckus_mirrors=str(self.folder / "mirror"),
                ruckus_hostprep_tools="",
            )
        return build

    def start(self, *command: str, name: str = "one", isolation: str = "bwrap", **more: str) -> "subprocess.Popen[str]":
        build = self.builddir(name, isolation)
        environment = {**clean_environment(), "PYTHONPATH": str(TOP / "python"), "RUCKUS_BUILDDIR": str(build), **more}
        pipe = subprocess.PIPE
        words = [sys.executable, "-m", "ruckus_aux", *(command or ("step", STEP))]
        self.running.append(subprocess.Popen(words, env=environment, stdout=pipe, stderr=pipe, text=True))
        return self.running[-1]

    def run(self, *command: str, status: int = 0, **options: str) -> str:
        process = self.start(*command, **options)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == status, output + errors
        return output + errors

    def work(self, name: str = "one") -> Path:
        return self.folder / name / "work" / STEP

    def artifacts(self) -> list[Path]:
        return sorted((self.folder / "cache/store").glob("*/bin/small"))

    def outcomes(self, name: str = "one") -> list[tuple[str, str]]:
        with sqlite3.connect(self.folder / name / "journal.sqlite") as journal:
            return journal.execute("SELECT outcome, reason FROM entry ORDER BY id").fetchall()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    for process in place.running:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.communicate()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_recipe_that_changes_while_its_step_is_built(place: Place) -> None:
    """Both are built one after the other, each whole, in a working folder of its own."""
    place.recipe(WAIT + INSTALL.format("first"))
    first = place.start()
    wait_for((place.work() / "begun").exists)
    place.recipe(INSTALL.format("second"))
    second = place.start()
    assert second.stdout is not None
    assert f"process {first.pid} on " in second.stdout.readline()
    assert "x86_64.cross.small is in use: process" in place.run("clean", status=1)
    assert place.artifacts() == []
    (place.work() / "go").touch()
    assert first.wait(60) == 0
    assert second.wait(60) == 0
    assert sorted(path.read_text() for path in place.artifacts()) == ["first\n", "second\n"]
    assert [outcome for outcome, _ in place.outcomes()] == ["built", "built"]
    place.run("clean")


def test_who_waits_for_another_build_says_so_and_when_that_is_stopped(place: Place) -> None:
    place.recipe(WAIT + INSTALL.format("it"))
    first = place.start()
    wait_for((place.work() / "begun").exists)
    first.send_signal(signal.SIGSTOP)
    second = place.start(name="two")
    assert second.stdout is not None
    line = second.stdout.readline()
    assert f"  WAITING  {STEP}: process {first.pid} on " in line
    assert f" has {STEP} in {place.folder}/one, which is stopped; it goes on with: kill -CONT {first.pid}" in line
    first.send_signal(signal.SIGCONT)
    (place.work() / "go").touch()
    assert first.wait(60) == 0
    assert second.wait(60) == 0
    assert [outcome for outcome, _ in place.outcomes("two")] == ["stored"]


def test_what_a_killed_step_has_left_goes_when_another_build_makes_the_step(place: Place) -> None:
    place.recipe(WAIT + INSTALL.format("it"))
    first = place.start()
    wait_for((place.work() / "begun").exists)
    first.kill()
    second = place.start(name="two")
    wait_for((place.work("two") / "begun").exists)
    (place.work("two") / "go").touch()
    assert second.wait(60) == 0
    assert place.work().exists()
    assert "STORED" in place.run()
    assert not place.work().exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_a_step(place: Place, number: signal.Signals) -> None:
    """SIGHUP is what a closed terminal sends."""
    place.recipe("sleep 60")
    step = place.start()
    wait_for(lambda: (place.folder / f"one/log/{STEP}.log").exists())
    step.send_signal(number)
    _, errors = step.communicate(timeout=60)
    assert "interrupted; the same command continues" in errors
    assert [outcome for outcome, _ in place.outcomes()] == ["interrupted"]


def test_a_step_that_leaves_what_lets_readers_wait(place: Place) -> None:
    place.recipe('mkfifo "$HOME/ccache.log"; ' + INSTALL.format("it"))
    assert "BUILT" in place.run()


def test_a_step_that_installs_nothing_has_failed(place: Place) -> None:
    place.recipe('mkdir -p "$OUT/bin"')
    assert f"{STEP} installs nothing: there is no file in $OUT" in place.run(status=1)
    assert place.artifacts() == []


def test_a_failure_without_a_word(place: Place) -> None:
    place.recipe("exit 3")
    assert "failed (exit status 3)\n    (it has said nothing)" in place.run(status=1)


def test_without_a_sandbox_a_shared_source_is_copied(place: Place) -> None:
    """What a step does to its $SRC stays with it."""
    top = place.folder / "small-1"
    top.mkdir()
    (top / "file").write_text("as it came\n")
    tarball = place.folder / "mirror/small-1.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(top, "small-1")
    digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
    (place.folder / "src/packages/sources.toml").write_text(
        f'[small]\nversion = "1"\nfile = "small-1.tar.gz"\nsha256 = "{digest}"\nurls = []\n'
    )
    place.recipe('echo changed >> "$SRC/file"; ' + INSTALL.format("it"), source="sh.shared_source()")
    place.run("download", STEP, isolation="none")
    place.run("step", "x86_64/source/small")
    assert "BUILT" in place.run()
    (kept,) = (place.folder / "cache/store").glob("*/file")
    assert kept.read_text() == "as it came\n"
