# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told of a step that failed."""

from pathlib import Path

import pytest

from ruckus_aux.host.process import Usage
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import logs
from ruckus_aux.steps.failure import Crashed, StepFailed, failure

SUITE = "PASS: one\nSegmentation fault\nruckus: not expected to fail: two\nruckus: tests: 1 passed, 1 failed, 0\n"


def failed(settings: Settings, output: str, *, stopped: bool = False) -> StepFailed:
    step = evaluate(settings)["x86_64/stage1/pigz"]
    log = settings.log(step.name)
    log.parent.mkdir(parents=True)
    log.write_text(logs.OUTPUT + output)
    return failure(step, Usage(1, 7200.0, 5.0, 1.0, 1000, 1000, stopped=stopped), 600.0, resumable=True)


@pytest.mark.parametrize(("output", "kind"), [("Segmentation fault\n", Crashed), (SUITE, StepFailed)])
def test_a_test_that_dies_is_no_crash_of_its_suite(
    settings: Settings, recipes: Path, output: str, kind: type[StepFailed]
) -> None:
    assert type(failed(settings, output)) is kind


def test_what_has_failed_is_named(settings: Settings, recipes: Path) -> None:
    assert "\n    ruckus: not expected to fail: two\n" in str(failed(settings, SUITE))


def test_a_suite_that_hangs_is_stopped_with_what_it_said_last_and_the_way_out(
    settings: Settings, recipes: Path
) -> None:
    error = failed(settings, "PASS: one\ntwo is tried\n", stopped=True)
    assert "was stopped after 2:00:00; usually it takes 10:00\n    PASS: one\n    two is tried" in str(error)
    assert "the same make command continues with this step" in error.hint
    assert "give a larger STEP_TIMEOUT (build: --step-timeout)" in error.hint
