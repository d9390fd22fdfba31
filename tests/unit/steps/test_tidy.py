# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from unit.samples import OTHER, built, tree

from ruckus_aux.artifacts.store import Store
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.merge import merge
from ruckus_aux.steps.tidy import tidy
from ruckus_aux.steps.why import explain_step
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName


@pytest.fixture
def plan(settings: Settings, recipes: Path) -> Plan:
    (settings.buildroot).mkdir()
    return evaluate(settings)


def test_nothing_to_tidy(plan: Plan, settings: Settings) -> None:
    built(plan, *plan.steps)
    assert tidy(plan, plan.of_profile()) == []


def test_a_merged_file_that_is_missing(plan: Plan, settings: Settings) -> None:
    built(plan, *plan.steps)
    (settings.clfs / "share" / "x86_64-stage1-pigz").unlink()
    (dropped,) = tidy(plan, plan.of_profile())
    assert dropped.name.startswith("pigz.")
    assert "would be merged again" not in explain_step(plan["hostprep/zlib"])


def test_a_recipe_that_is_gone_takes_its_files_along(plan: Plan, settings: Settings) -> None:
    built(plan, *plan.steps)
    (settings.recipes / "other.py").unlink()
    (settings.recipes / "profiles" / "tiny.toml").write_text('steps = ["stage1/pigz"]')
    smaller = evaluate(settings)
    assert len(tidy(smaller, smaller.of_profile())) == 2
    assert not (settings.clfs / "share" / "x86_64-cross-other-32").exists()
    assert (settings.clfs / "share" / "x86_64-stage1-pigz").exists()


def test_what_a_step_that_is_gone_had_overwritten_is_merged_again(plan: Plan, settings: Settings) -> None:
    built(plan, *plan.steps)
    below = plan["x86_64/cross/other-32"]
    above = Step(settings, StepName("x86_64/cross/gone"), replaces=(below.name,))
    vars(above).update(key="k", inputs={})
    merge(above, tree(settings.buildroot / "artifact", **{"share__x86_64-cross-other-32": "gone"}))
    file = settings.clfs / "share" / "x86_64-cross-other-32"
    assert file.read_text() == "gone"
    dropped = tidy(plan, plan.of_profile())
    assert {path.name.partition(".")[0] for path in dropped} == {"gone", "other-32"}
    built(plan, below.name)
    assert file.read_text() == below.name
    assert tidy(plan, plan.of_profile()) == []


@pytest.mark.parametrize("change", ["arch", "clfs"])
def test_another_system_in_the_same_build_directory_is_refused(plan: Plan, settings: Settings, change: str) -> None:
    built(plan, *plan.steps)
    changes = {"arch": ARCHITECTURES["i686"], "clfs": settings.clfs / "other"}
    other = Settings(**{**settings.__dict__, change: changes[change]})
    with pytest.raises(RuckusError) as caught:
        tidy(evaluate(other), [])
    assert "/build clean" in caught.value.hint
    assert (settings.clfs / "share" / "x86_64-stage1-pigz").exists()


def test_what_is_needed_and_gone_from_the_store_is_made_again(plan: Plan, settings: Settings, fp: FakeProcess) -> None:
    built(plan, "hostprep/zlib")
    Store(settings.cache).tree(plan["hostprep/zlib"].key).rename(settings.cache / "lost")
    (dropped,) = tidy(plan, plan.of_profile())
    assert dropped.name.startswith("zlib.")


def test_an_empty_store_alone_is_no_reason_to_build(plan: Plan, settings: Settings) -> None:
    built(plan, *plan.steps)
    Store(settings.cache).folder.rename(settings.cache / "lost")
    assert tidy(plan, plan.of_profile()) == []


def test_but_what_is_asked_for_by_name_is_made_again(plan: Plan, settings: Settings) -> None:
    """With what it needs, where that is gone, too; errors of what is missing in the store say `make STEP`."""
    built(plan, *plan.steps)
    Store(settings.cache).folder.rename(settings.cache / "lost")
    name = "x86_64/stage1/pigz"
    dropped = tidy(plan, plan.closure([name]), [name])
    assert {path.name.partition(".")[0] for path in dropped} == {"pigz", "zlib"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"step": "x86_64/stage1/pigz"}'])
def test_a_stamp_that_cannot_be_read_is_not_taken_as_done(plan: Plan, settings: Settings, text: str) -> None:
    built(plan, *plan.steps)
    (stamp,) = settings.stamps.rglob("pigz.*")
    stamp.write_text(text)
    assert tidy(plan, plan.of_profile()) == [stamp]
    assert not stamp.exists()
    built(plan, "x86_64/stage1/pigz")
    assert tidy(plan, plan.of_profile()) == []


@pytest.mark.parametrize("text", ["this, is; not Python", OTHER.replace("abi.flag", "abi.flags")])
def test_what_a_broken_recipe_installed_stays(plan: Plan, settings: Settings, text: str) -> None:
    built(plan, *plan.steps)
    (settings.recipes / "other.py").write_text(text)
    broken = evaluate(settings)
    assert tidy(broken, broken.closure(["x86_64/stage1/pigz"])) == []
    assert (settings.clfs / "share" / "x86_64-cross-other-32").exists()


def test_a_system_that_is_roots_is_left_alone(plan: Plan, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    built(plan, *plan.steps)
    (settings.recipes / "other.py").unlink()
    (settings.recipes / "profiles" / "tiny.toml").write_text('steps = ["stage1/pigz"]')
    monkeypatch.setattr("ruckus_aux.steps.tidy.is_closed", lambda *_: True)
    smaller = evaluate(settings)
    assert tidy(smaller, smaller.of_profile()) == []
    assert (settings.clfs / "share" / "x86_64-cross-other-32").exists()
