# SPDX-License-Identifier: GPL-3.0-or-later

import math
from dataclasses import replace

import pytest
from unit.reports.test_history import BUILT

from ruckus_aux.recipes.costs import Costs
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.costs import SHORTEST_LIMIT, costs, limit, limit_factor
from ruckus_aux.words.errors import RuckusError


@pytest.mark.usefixtures("recipes")
def test_a_limit_is_a_multiple_of_what_a_step_took_at_most(settings: Settings) -> None:
    step = replace(evaluate(settings)["hostprep/zlib"], costs=Costs(cpu=1000.0, memory=1))
    before = [replace(BUILT, wall=300.0), replace(BUILT, wall=900.0), replace(BUILT, wall=200.0)]
    assert limit(step, before, 3.0) == 2700.0
    assert limit(step, [], 3.0) == 3000.0, "what its recipe states, before it was built here"
    assert limit(step, [replace(BUILT, wall=1.0)], 3.0) == SHORTEST_LIMIT
    assert limit(step, before, 0.0) == math.inf
    suite = replace(step, only_tests=True)
    assert limit(suite, before, 0.0) == 9000.0, "tests may hang"
    assert limit(suite, before, 3.0) == 2700.0


@pytest.mark.usefixtures("recipes")
def test_what_was_not_measured_is_as_stated_on_a_machine_that_is_so_much_faster(settings: Settings) -> None:
    step = replace(evaluate(settings)["hostprep/zlib"], costs=Costs(cpu=100.0, shared_cpu=10.0, memory=1))
    whole = replace(BUILT, user=50.0, system=0.0, hits=0, misses=0)  # by a step that shares no objects, for instance
    shared = replace(BUILT, user=2.0, system=0.0, hits=9, misses=1)
    assert costs(step, []) == (100.0, 10.0)
    assert costs(step, [whole]) == (50.0, 5.0)
    assert costs(step, [shared]) == (20.0, 2.0)
    assert costs(step, [whole, shared, replace(whole, user=60.0)]) == (60.0, 2.0)


@pytest.mark.parametrize(("text", "factor"), [("", 0.0), ("0", 0.0), ("5", 5.0), ("1.5", 1.5)])
def test_factors(text: str, factor: float) -> None:
    assert limit_factor(text, "--step-timeout") == factor


@pytest.mark.parametrize("text", ["0.5", "-1", "x", "nan", "inf", "10 minutes"])
def test_what_is_no_factor(text: str) -> None:
    with pytest.raises(RuckusError, match=f"^--step-timeout={text}: not a number"):
        limit_factor(text, "--step-timeout")
