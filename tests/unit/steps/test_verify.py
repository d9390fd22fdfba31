# SPDX-License-Identifier: GPL-3.0-or-later
"""What has changed in the store is found, named, and made again."""

import time
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from unit.samples import built, installed, tree

from ruckus_aux.artifacts.store import Store
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.steps.tidy import tidy
from ruckus_aux.steps.verify import verify_store
from ruckus_aux.words.errors import RuckusError

STEP, OTHER = "x86_64/cross/other-32", "x86_64/cross/other-64"


@pytest.fixture
def plan(settings: Settings, recipes: Path, fp: FakeProcess) -> Plan:
    fp.pass_command(["rm", fp.any()], occurrences=100)
    plan = evaluate(settings)
    built(plan, STEP, OTHER)
    return plan


def artifact(plan: Plan, step: str) -> Path:
    return Store(plan.settings.cache).tree(plan[step].key)


def test_a_whole_store(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    verify_store(plan.settings)
    assert "all 2 artifacts are what was stored" in capsys.readouterr().out
    verify_store(plan.settings, sample=1)
    assert "all 1 artifacts" in capsys.readouterr().out
    verify_store(plan.settings, sample=100)


def test_what_changed_is_named_removed_and_merged_again(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    (file,) = (artifact(plan, STEP) / "share").iterdir()
    file.write_text("changed")
    with pytest.raises(RuckusError, match="1 of 2 artifacts") as error:
        verify_store(plan.settings)
    assert "/build bootstrap" in error.value.hint
    assert f"DAMAGED  {STEP}: {artifact(plan, STEP)}: it is not what was stored" in capsys.readouterr().out
    assert not artifact(plan, STEP).exists()
    assert [stamp.step for stamp in stamps(plan.settings)] == [OTHER]
    assert tidy(plan, plan.of_profile()) == []
    built(plan, STEP)  # nothing that it merged before is in the way
    verify_store(plan.settings)


def test_the_goal_that_makes_them_again_is_that_of_what_has_changed(
    plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, store = plan.settings, Store(plan.settings.cache)
    for key, merges in (("f" * 32, True), ("e" * 32, False)):
        made = tree(tmp_path / "made", **{f"usr__bin__{key}": "x"})
        store.add(key, made, "x86_64/final/gcc", inside=Path("/ruckus"), ended=time.time_ns())
        (store.tree(key) / f"usr/bin/{key}").write_text("changed")
        if merges:
            installed(settings, "x86_64/final/gcc", store.tree(key), key)
        with pytest.raises(RuckusError, match="1 of 3 artifacts") as caught:
            verify_store(settings)
        assert "DAMAGED  x86_64/final/gcc" in capsys.readouterr().out
        assert caught.value.hint.startswith(f"make them again: make -C {settings.builddir} final" if merges else "no")
        for path in settings.stamps.rglob("*.part"):
            path.unlink()


def test_what_an_earlier_version_stored_is_made_again(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    for record in (Store(plan.settings.cache).folder / "records").iterdir():
        record.unlink()
    with pytest.raises(RuckusError, match="2 of 2 artifacts"):
        verify_store(plan.settings)
    assert f"{STEP}: {artifact(plan, STEP)}: it was stored without a hash" in capsys.readouterr().out
    assert Store(plan.settings.cache).keys() == []


def test_a_store_that_is_not_there_yet_is_whole(settings: Settings, recipes: Path) -> None:
    verify_store(settings)
