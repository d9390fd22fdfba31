# SPDX-License-Identifier: GPL-3.0-or-later
"""A recipe that is wrong stops only the goals that need it."""

import errno
import os
from pathlib import Path

import pytest
from unit.samples import OTHER, PIGZ, ZLIB

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName

OTHERS = {"x86_64/cross/other-32", "x86_64/cross/other-64"}
TYPO = ZLIB.replace("unpack()", "unpak()")


def test_a_function_that_fails_breaks_its_step_and_what_needs_it(settings: Settings, recipes: Path) -> None:
    (recipes / "zlib.py").write_text(TYPO)
    plan = evaluate(settings)
    assert set(plan.steps) == OTHERS
    assert set(plan.broken) == {"hostprep/zlib", "x86_64/stage1/pigz"}
    for name in plan.broken:
        with pytest.raises(RuckusError, match=r"zlib\.py:9: AttributeError"):
            plan[name]
    with pytest.raises(RuckusError, match=r"zlib\.py:9: AttributeError"):
        plan.of_profile()
    assert {step.name for step in plan.closure(OTHERS)} == OTHERS
    assert plan.hostprep() == []
    steps, broken = plan.split(plan.goal("bootstrap"))
    assert {step.name for step in steps} == OTHERS
    assert {one.name for one in broken} == set(plan.broken), "with what is the cause"


def test_an_error_of_the_system_is_not_the_recipes(settings: Settings, recipes: Path) -> None:
    fault = f"raise PermissionError({errno.EACCES}, 'Permission denied', '/root/key.pub')"
    (recipes / "zlib.py").write_text(ZLIB.replace("sh.unpack()", fault))
    with pytest.raises(RuckusError, match=r"zlib\.py:9: /root/key\.pub: Permission denied") as caught:
        evaluate(settings)["hostprep/zlib"]
    assert "see whose it is" in caught.value.hint


def test_a_change_of_the_same_size_within_a_second_is_seen(settings: Settings, recipes: Path) -> None:
    file = recipes / "zlib.py"
    times = (1_700_000_000, 1_700_000_000)
    os.utime(file, times)
    assert not evaluate(settings).broken
    file.write_text(ZLIB.replace("unpack()", "umpack()"))
    os.utime(file, times)
    assert "hostprep/zlib" in evaluate(settings).broken


def test_what_a_recipe_that_cannot_be_read_has_is_unknown(settings: Settings, recipes: Path) -> None:
    (recipes / "zlib.py").write_text("this, is; not Python")
    plan = evaluate(settings)
    assert set(plan.steps) == OTHERS
    assert plan.knows(StepName("hostprep/zlib"))
    assert plan.knows(StepName("hostprep/of-whatever-recipe"))
    with pytest.raises(RuckusError, match="needs 'hostprep/zlib', which no recipe builds") as caught:
        plan.of_profile()
    assert "zlib.py:1: SyntaxError" in caught.value.hint
    with pytest.raises(RuckusError) as caught:
        plan["hostprep/zlib"]
    assert "zlib.py:1: SyntaxError" in caught.value.hint


def test_two_recipes_with_one_step_stop_only_what_needs_it(settings: Settings, recipes: Path) -> None:
    (recipes / "mine.py").write_text(OTHER)
    plan = evaluate(settings)
    assert set(plan.broken) == OTHERS
    with pytest.raises(RuckusError, match=r"other.py:\d+: another recipe has step cross/other-32: .*/mine.py:\d+"):
        plan["x86_64/cross/other-32"]
    assert [step.name for step in plan.closure(["x86_64/stage1/pigz"])] == ["hostprep/zlib", "x86_64/stage1/pigz"]


def test_steps_that_want_different_sources_stop_nothing_else(settings: Settings, recipes: Path) -> None:
    text = PIGZ.replace("sh.unpack()", "sh.shared_source()")
    more = text.partition("@recipe")[2].replace('"stage1"', '"cross"').replace("_source()", '_source(without=("doc",))')
    (recipes / "pigz" / "recipe.py").write_text(f"{text}\n@recipe{more}")
    plan = evaluate(settings)
    assert set(plan.broken) == {"x86_64/source/pigz", "x86_64/stage1/pigz", "x86_64/cross/pigz"}
    assert set(plan.steps) == {*OTHERS, "hostprep/zlib"}


def test_all_that_is_wrong_is_said_at_once(settings: Settings, recipes: Path) -> None:
    (recipes / "zlib.py").write_text(TYPO)
    (recipes / "bad.py").write_text("import nonsense")
    (recipes / "other.py").write_text(OTHER.replace("abi.flag", "abi.flags"))
    with pytest.raises(RuckusError, match="3 mistakes in recipes") as caught:
        evaluate(settings).check()
    for said in ("bad.py:1: ModuleNotFoundError", "other.py:8: AttributeError", "zlib.py:9: AttributeError"):
        assert said in caught.value.hint


def test_a_profile_that_lists_what_no_recipe_has(settings: Settings, recipes: Path) -> None:
    (recipes / "profiles" / "tiny.toml").write_text('steps = ["stage1/pigz", "stage1/nothing"]')
    plan = evaluate(settings)
    with pytest.raises(RuckusError, match=r"lists what no recipe has: stage1/nothing"):
        plan.of_profile()
    assert [step.name for step in plan.hostprep()] == ["hostprep/zlib"]
