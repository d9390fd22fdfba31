# SPDX-License-Identifier: GPL-3.0-or-later
"""One step in a build directory: who waits for whom, and what is left when it does not go well."""

import hashlib
import re
import signal
import tarfile

import pytest
from integration.real import wait_for
from integration.small import INSTALL, STEP, WAIT, Small

from ruckus_aux.entry.cli import main
from ruckus_aux.steps import costs


def test_a_recipe_that_changes_while_its_step_is_built(small: Small) -> None:
    """Both are built one after the other, each whole, in a working folder of its own."""
    small.recipe(WAIT + INSTALL.format("first"))
    first = small.start()
    wait_for((small.work() / "begun").exists)
    small.recipe(INSTALL.format("second"))
    second = small.start()
    assert second.stdout is not None
    assert f"process {first.pid} on " in second.stdout.readline()
    assert "x86_64.cross.small is in use: process" in small.run("clean", status=1)
    assert small.artifacts() == []
    (small.work() / "go").touch()
    assert first.wait(60) == 0
    assert second.wait(60) == 0
    assert sorted(path.read_text() for path in small.artifacts()) == ["first\n", "second\n"]
    assert [outcome for outcome, _ in small.outcomes()] == ["built", "built"]
    small.run("clean")


def test_who_waits_for_another_build_says_so_and_when_that_is_stopped(small: Small) -> None:
    small.recipe(WAIT + INSTALL.format("it"))
    first = small.start()
    wait_for((small.work() / "begun").exists)
    first.send_signal(signal.SIGSTOP)
    second = small.start(name="two")
    assert second.stdout is not None
    line = second.stdout.readline()
    assert f"  WAITING  {STEP}: process {first.pid} on " in line
    assert f" has {STEP} in {small.folder}/one, which is stopped; it goes on with: kill -CONT {first.pid}" in line
    first.send_signal(signal.SIGCONT)
    (small.work() / "go").touch()
    assert first.wait(60) == 0
    assert second.wait(60) == 0
    assert [outcome for outcome, _ in small.outcomes("two")] == ["stored"]


def test_what_a_killed_step_has_left_goes_when_another_build_makes_the_step(small: Small) -> None:
    small.recipe(WAIT + INSTALL.format("it"))
    first = small.start()
    wait_for((small.work() / "begun").exists)
    first.kill()
    second = small.start(name="two")
    wait_for((small.work("two") / "begun").exists)
    (small.work("two") / "go").touch()
    assert second.wait(60) == 0
    assert small.work().exists()
    assert "STORED" in small.run()
    assert not small.work().exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_a_step(small: Small, number: signal.Signals) -> None:
    """SIGHUP is what a closed terminal sends."""
    small.recipe("sleep 60")
    step = small.start()
    wait_for(lambda: (small.folder / f"one/log/{STEP}.log").exists())
    step.send_signal(number)
    _, errors = step.communicate(timeout=60)
    assert "interrupted; the same command continues" in errors
    assert [outcome for outcome, _ in small.outcomes()] == ["interrupted"]


def test_a_step_cannot_rewrite_its_log(small: Small) -> None:
    """In the sandbox, whoever builds: what it says goes into a pipe, which it can also open by name."""
    small.recipe("echo one; echo two > /dev/stderr; echo three > /proc/self/fd/1; " + INSTALL.format("it"))
    assert "BUILT" in small.run()
    log = (small.folder / f"one/log/{STEP}.log").read_text()
    assert log.startswith("# run ")
    assert "\n# output:\none\ntwo\nthree\n\n# end " in log


def test_a_step_that_leaves_what_lets_readers_wait(small: Small) -> None:
    small.recipe('mkfifo "$HOME/ccache.log"; ' + INSTALL.format("it"))
    assert "BUILT" in small.run()


def test_a_step_that_installs_nothing_has_failed(small: Small) -> None:
    small.recipe('mkdir -p "$OUT/bin"')
    assert f"{STEP} installs nothing: there is no file in $OUT" in small.run(status=1)
    assert small.artifacts() == []


def test_a_failure_without_a_word(small: Small) -> None:
    small.recipe("exit 3")
    assert "failed (exit status 3)\n    (it has said nothing)" in small.run(status=1)


def test_without_a_sandbox_a_shared_source_is_copied(small: Small) -> None:
    """What a step does to its $SRC stays with it."""
    top = small.folder / "small-1"
    top.mkdir()
    (top / "file").write_text("as it came\n")
    tarball = small.folder / "mirror/small-1.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(top, "small-1")
    digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
    (small.folder / "src/packages/sources.toml").write_text(
        f'[small]\nversion = "1"\nfile = "small-1.tar.gz"\nsha256 = "{digest}"\nurls = []\n'
    )
    small.recipe('echo changed >> "$SRC/file"; ' + INSTALL.format("it"), source="sh.shared_source()")
    small.run("download", STEP, isolation="none")
    small.run("step", "x86_64/source/small")
    assert "BUILT" in small.run()
    (kept,) = (small.folder / "cache/store").glob("*/file")
    assert kept.read_text() == "as it came\n"


# A make that dies with the slots of two of its three jobs, as long as it is in the run's pool.
KILLED = """
    case ${MAKEFLAGS-} in
    *jobserver*)
        printf 'all: a b c\\na b c:\\n\\ttouch $@; sleep 60\\n' > "$HOME/Makefile"
        make -f "$HOME/Makefile" &
        while [ ! -e a ] || [ ! -e b ] || [ ! -e c ]; do sleep 0.05; done
        kill -9 $!
        sh -c 'kill -SEGV $$'
    esac
"""


def test_job_slots_of_a_killed_make_are_back_for_the_next_step(small: Small) -> None:
    small.recipe(KILLED + INSTALL.format("it"))
    output = small.run("make", STEP)
    assert "CRASHED" in output
    assert "  JOBS     2 of the run's are back, lost with a make that was killed\n" in output
    assert "INTERNAL" not in output, "what make says when some are missing at its end"


def test_a_step_that_takes_too_long_is_stopped_and_named(
    small: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small.recipe("echo working; sleep 60")
    monkeypatch.setattr(costs, "SHORTEST_LIMIT", 0.0)
    monkeypatch.setenv("RUCKUS_BUILDDIR", str(small.builddir()))
    monkeypatch.setenv("RUCKUS_STEP_TIMEOUT", "1.5")
    assert main(["step", STEP]) == 1
    said = capsys.readouterr()
    assert re.search(rf"{STEP} was stopped after 0:\d\d; usually it takes 0:01\n    working\n", said.err)
    assert "give a larger STEP_TIMEOUT (build: --step-timeout)" in said.err
    assert "CRASHED" not in said.out
    ((outcome, reason),) = small.outcomes()
    assert outcome == "failed"
    assert reason.endswith("; usually it takes 0:01")
    assert "# stopped  it took longer than STEP_TIMEOUT allows\n" in (small.folder / f"one/log/{STEP}.log").read_text()
    monkeypatch.setenv("RUCKUS_STEP_TIMEOUT", "soon")
    assert main(["step", STEP]) == 1
    assert "STEP_TIMEOUT=soon: not a number" in capsys.readouterr().err
