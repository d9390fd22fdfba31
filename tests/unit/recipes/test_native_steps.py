# SPDX-License-Identifier: GPL-3.0-or-later
"""What the system itself builds: it needs all of that system, and knows nothing of the host."""

from dataclasses import replace
from pathlib import Path

import pytest
from unit.samples import built

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.systems.install import _waiting
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName

NATIVE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("native", source="zlib")
recipe.autotools("stage2", options=("--with-x={prefix}",), replaces=("stage1/pigz",))

@recipe.step("stage2", name="more")
def more(sh):
    sh.needs("native")
    sh.tests_only()
    LINE
"""
KERNEL = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("kernel")

@recipe.step("stage1")
def kernel(sh):
    sh.freestanding()
    sh.sh("true")
"""
LISTED = 'steps = ["cross/other", "stage1/pigz", "stage1/kernel", "stage2/native", "stage2/more"]'
SYSTEM = ["x86_64/cross/other-32", "x86_64/cross/other-64", "x86_64/stage1/pigz"]
OWN = ["x86_64/stage2/native", "x86_64/stage2/more"]


@pytest.fixture
def native(settings: Settings, recipes: Path) -> Path:
    (recipes / "profiles" / "tiny.toml").write_text(LISTED)
    (recipes / "native.py").write_text(NATIVE.replace("LINE", "sh.sh('true')"))
    (recipes / "kernel.py").write_text(KERNEL)
    return recipes


def names(plan: Plan, goal: str) -> list[str]:
    return [step.name for step in plan.closure(plan.goal(goal))]


def test_it_needs_all_of_the_system_but_what_only_boots_it(settings: Settings, native: Path) -> None:
    plan = evaluate(settings)
    assert [need.name for need in plan[OWN[0]].needs] == SYSTEM
    assert [need.name for need in plan[OWN[1]].needs] == [*SYSTEM, OWN[0]]
    assert set(names(plan, "stage2")) - set(names(plan, "bootstrap")) == set(OWN)


def test_its_compilers_and_triplet_are_the_systems(settings: Settings, native: Path) -> None:
    script = evaluate(settings)[OWN[0]].script
    assert """CC='gcc -m64' CXX='g++ -m64' CFLAGS=-O2 CXXFLAGS=-O2 "$SRC/configure" \\
    --prefix=/tools-x86_64 \\
    --build=x86_64-ruckus-linux-gnu \\
    --libdir=/tools-x86_64/lib64 \\
    --disable-nls \\
    --disable-dependency-tracking \\
    --with-x=/tools-x86_64
""" in script  # fmt: skip


def test_nothing_of_the_host_is_in_its_key_but_what_is_in_those_of_the_system(settings: Settings, native: Path) -> None:
    inputs, others = (evaluate(settings)[name].inputs for name in (OWN[0], SYSTEM[-1]))
    assert "host" in others
    assert {name.partition(" ")[0] for name in inputs} == {
        *("format", "isolation", "environment", "script", "source", "dependency")
    }
    without = evaluate(replace(settings, isolation="none", buildroot=Path("/elsewhere")))[OWN[0]].inputs
    assert without["isolation"] == inputs["isolation"]


def test_a_profile_without_such_steps_has_none(settings: Settings, native: Path) -> None:
    (native / "profiles" / "tiny.toml").write_text('steps = ["stage1/pigz"]')
    plan = evaluate(settings)
    assert not plan.steps.keys() & set(OWN)
    assert not plan.has("stage2")
    for what in (lambda: plan.goal("stage2"), lambda: plan[OWN[0]]):
        with pytest.raises(RuckusError, match="the profile 'tiny' has no steps for stage2") as caught:
            what()
        assert "--with-profile=clfs" in caught.value.hint


def test_a_part_of_the_system_that_is_wrong_or_lacking_stops_it(settings: Settings, native: Path) -> None:
    (native / "pigz" / "recipe.py").write_text("this, is; not Python")
    assert "needs 'stage1/pigz', which no recipe builds" in evaluate(settings).broken[StepName(OWN[0])].error.message
    (native / "pigz" / "recipe.py").unlink()
    (native / "profiles" / "tiny.toml").write_text('steps = ["cross/other", "stage2/native", "stage2/nothing"]')
    plan = evaluate(settings)
    assert plan[OWN[0]].needs
    assert set(names(plan, "bootstrap")) == set(SYSTEM[:2])
    with pytest.raises(RuckusError, match="lists what no recipe has: stage2/nothing"):
        names(plan, "stage2")


def test_no_program_of_the_host_can_be_declared(settings: Settings, native: Path) -> None:
    (native / "native.py").write_text(NATIVE.replace("LINE", 'sh.tools("m4")'))
    with pytest.raises(RuckusError, match=r"native.py:\d+: it wants the host's m4, but runs in the system"):
        evaluate(settings)[OWN[1]]


def test_what_was_built_while_the_system_is_roots_is_merged_by_its_next_installation(
    settings: Settings, native: Path
) -> None:
    plan = evaluate(settings)
    built(plan, *names(plan, "bootstrap"))
    assert _waiting(plan) == []
    built(plan, OWN[0])
    (settings.stamps / f"{OWN[0]}.{plan[OWN[0]].key}").unlink()
    assert _waiting(plan) == ["bootstrap", OWN[0]]
