# SPDX-License-Identifier: GPL-3.0-or-later
"""What people type after invoke is the same from task to task."""

import json
import sys
from pathlib import Path

import invoke
import pytest
import tasks
from pytest_subprocess import FakeProcess

from ruckus_aux.runs.request import Request
from ruckus_aux.tasks.build import build, estimate
from ruckus_aux.words.errors import RuckusError

# Once only: Invoke forgets the help of an option when it has been asked for it.
ARGUMENTS = [
    (task.name, argument)
    for task in vars(tasks).values()
    if isinstance(task, invoke.Task)
    for argument in task.get_arguments()
]


def test_a_short_option_means_the_same_everywhere_and_what_it_means_to_make() -> None:
    short = {(name, argument.names[0]) for _, argument in ARGUMENTS for name in argument.names if len(name) == 1}
    assert short == {("j", "jobs"), ("k", "keep-going")}


def test_every_option_is_explained() -> None:
    assert not [f"{task} --{argument.names[0]}" for task, argument in ARGUMENTS if not argument.help]


def test_the_command_that_sets_up_takes_and_explains_what_invoke_build_does() -> None:
    text = (Path(tasks.__file__).parent / "build-aux/build").read_text()
    usage, code = text.split("\nEND\n")
    options = {argument.names[0] for task, argument in ARGUMENTS if task == "build"}
    options -= {"configure", "locked"}  # words behind --, and one for who makes releases
    options = {{"boot": "no-boot", "sharing": "no-sharing"}.get(name, name) for name in options}
    assert not [name for name in options if f"--{name}" not in usage]
    assert not [name for name in options if f"--{name}" not in code]


@pytest.fixture
def nowhere(tmp_path: Path, host: FakeProcess) -> str:
    """The folder of a build that nobody has begun."""
    host.register(["gcc", "-print-file-name=libelf.so"], stdout="/usr/lib/libelf.so\n", occurrences=50)
    return str(tmp_path / "build")


@pytest.mark.parametrize(("until", "builds"), [("configure", False), ("download", False), ("hostprep", True)])
def test_what_builds_nothing_costs_nothing(
    nowhere: str, capsys: pytest.CaptureFixture[str], until: str, builds: bool
) -> None:
    estimate(invoke.Context(), build_dir=nowhere, profile="final", until=until, json=True)
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["steps"] > 0, row["cpu"] > 0, row["volume"] > 0) == (builds, builds, builds)
    estimate(invoke.Context(), build_dir=nowhere, until=until)
    assert len(capsys.readouterr().out.splitlines()) >= 2


@pytest.mark.parametrize(
    ("profile", "until", "end"),
    [("tiny", "", "boot"), ("clfs", "", "boot"), ("final", "", "final"), ("final", "boot", "boot")],
)
def test_a_build_ends_when_what_was_asked_for_is_whole(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    profile: str,
    until: str,
    end: str,
) -> None:
    def check(request: Request) -> None:
        raise RuckusError(f"until {request.until}")

    monkeypatch.setattr(Request, "check", check)
    with pytest.raises(invoke.Exit):
        build(invoke.Context(), build_dir=str(tmp_path), profile=profile, until=until)
    assert capsys.readouterr().err.startswith(f"ruckus: error: until {end}\n")


def test_an_estimate_is_of_a_profile_that_there_is(nowhere: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(invoke.Exit):
        estimate(invoke.Context(), build_dir=nowhere, profile="Final")
    said = "ruckus: error: --profile=Final: no such profile\n  choose one of: tiny, clfs, final\n"
    assert capsys.readouterr().err == said


def test_words_after_two_dashes_are_for_configure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(request: Request) -> None:
        raise RuckusError(" ".join(request.configure))

    monkeypatch.setattr(Request, "check", check)
    monkeypatch.setattr(sys, "argv", ["invoke", "build", "--configure=CPUCOUNT=2", "--", "--with-user=me"])
    with pytest.raises(invoke.Exit):
        build(invoke.Context(), build_dir=str(tmp_path), configure=["CPUCOUNT=2"])
    assert "CPUCOUNT=2 --with-user=me" in capsys.readouterr().err
