# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal has of a step that was made, or was not."""

import time
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.process import Usage
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.settings.journal import Entry, Journal
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import logs, runner
from ruckus_aux.steps.failure import StepFailed
from ruckus_aux.steps.kinds import workplace_of
from ruckus_aux.steps.outcome import Built
from ruckus_aux.steps.work import Work
from ruckus_aux.words.errors import RuckusError

SUITE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("suite")

@recipe.step("stage1")
def stage1(sh):
    '''tests'''
    sh.tests_only()
    sh.sh("make check")
"""
STEP, RESULTS = "x86_64/stage1/suite", "3 passed"
RAN = Usage(0, 9.0, 8.0, 1.0, 1000, 1000)


@pytest.mark.parametrize(
    ("built", "outcome", "results"),
    [
        (Built(RAN), "built", RESULTS),
        (StepFailed("failed", "", RAN), "failed", RESULTS),
        (RuckusError("its source is not there"), "failed", ""),
        (KeyboardInterrupt(), "interrupted", ""),
        (None, "stored", ""),
    ],
)
def test_results_of_tests_are_of_this_attempt(
    settings: Settings,
    recipes: Path,
    fp: FakeProcess,
    monkeypatch: pytest.MonkeyPatch,
    built: Built | BaseException | None,
    outcome: str,
    results: str,
) -> None:
    """An attempt that runs nothing finds the log of an earlier one."""

    def build(work: Work, **_: object) -> Built:
        if isinstance(built, BaseException):
            raise built
        assert built
        store.add(step.key, empty, step.name, inside=work.inside, ended=time.time_ns())
        return built

    fp.pass_command(["rm", fp.any()], occurrences=10)
    monkeypatch.setattr(runner, "build", build)
    (recipes / "suite.py").write_text(SUITE)
    step, store, empty = evaluate(settings)[STEP], Store(settings.cache), settings.work("empty")
    empty.mkdir(parents=True)
    log = settings.log(STEP)
    log.parent.mkdir(parents=True)
    log.write_text(f"{logs.OUTPUT}ruckus: tests: {RESULTS}\n")
    if built is None:
        store.add(step.key, empty, step.name, inside=Path("/ruckus"), ended=time.time_ns())
    work = Work(step, workplace_of(settings, step.stage))
    if isinstance(built, BaseException):
        with pytest.raises(type(built)):
            runner.run_step(work)
    else:
        runner.run_step(work)
    (entry,) = Journal(settings.journal).rows(Entry)
    assert (entry.outcome, entry.tests) == (outcome, results)
