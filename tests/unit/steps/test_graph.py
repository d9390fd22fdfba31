# SPDX-License-Identifier: GPL-3.0-or-later

import re
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from unit.samples import OTHER, built

from ruckus_aux.artifacts.store import Store
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.graph import Selection, graph, tidy, write_graph
from ruckus_aux.steps.merge import stamp_path
from ruckus_aux.steps.why import explain
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError


@pytest.fixture
def plan(settings: Settings, recipes: Path) -> Plan:
    (settings.buildroot).mkdir()
    return evaluate(settings)


def whole(plan: Plan) -> Selection:
    return [(plan, list(plan.steps.values()))]


def rules(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+):(.*)$", text, re.MULTILINE))


def test_targets_are_stamps_and_prerequisites_order_only(plan: Plan, settings: Settings) -> None:
    text = graph(whole(plan))
    zlib, pigz = (str(stamp_path(settings, n, plan.key(plan[n]))) for n in ("hostprep/zlib", "x86_64/stage1/pigz"))
    assert rules(text)[pigz] == f" | {zlib}"
    assert rules(text)[zlib] == ""
    assert f"\t+@{settings.builddir}/ruckus step hostprep/zlib" in text


def test_the_longest_remaining_path_comes_first(plan: Plan, settings: Settings) -> None:
    names = [Path(word).name.partition(".")[0] for word in rules(graph(whole(plan)))["bootstrap"].split()]
    assert names == ["zlib", "pigz", "other-32", "other-64"]


def test_an_unchanged_graph_is_not_written_again(plan: Plan, settings: Settings) -> None:
    write_graph(whole(plan), settings.buildroot / "graph.mk")
    before = (settings.buildroot / "graph.mk").stat().st_mtime_ns
    write_graph(whole(plan), settings.buildroot / "graph.mk")
    assert (settings.buildroot / "graph.mk").stat().st_mtime_ns == before


def test_nothing_to_tidy(plan: Plan, settings: Settings) -> None:
    built(plan, *plan.steps)
    assert tidy(settings, plan, plan.of_profile()) == []


def test_a_merged_file_that_is_missing(plan: Plan, settings: Settings) -> None:
    built(plan, *plan.steps)
    (settings.clfs / "share" / "x86_64-stage1-pigz").unlink()
    (dropped,) = tidy(settings, plan, plan.of_profile())
    assert dropped.name.startswith("pigz.")
    assert "would be merged again" not in explain(settings, plan, plan["hostprep/zlib"])


def test_a_recipe_that_is_gone_takes_its_files_along(plan: Plan, settings: Settings) -> None:
    built(plan, *plan.steps)
    (settings.recipes / "other.py").unlink()
    (settings.recipes / "profiles" / "tiny.toml").write_text('steps = ["stage1/pigz"]')
    smaller = evaluate(settings)
    assert len(tidy(settings, smaller, smaller.of_profile())) == 2
    assert not (settings.clfs / "share" / "x86_64-cross-other-32").exists()
    assert (settings.clfs / "share" / "x86_64-stage1-pigz").exists()


@pytest.mark.parametrize("change", ["arch", "clfs"])
def test_another_system_in_the_same_build_directory_is_refused(plan: Plan, settings: Settings, change: str) -> None:
    built(plan, *plan.steps)
    changes = {"arch": ARCHITECTURES["i686"], "clfs": settings.clfs / "other"}
    other = Settings(**{**settings.__dict__, change: changes[change]})
    with pytest.raises(RuckusError) as caught:
        tidy(other, evaluate(other), [])
    assert "/build clean" in caught.value.hint
    assert (settings.clfs / "share" / "x86_64-stage1-pigz").exists()


def test_a_profile_without_recipes_still_has_a_graph(plan: Plan, settings: Settings) -> None:
    clfs = Settings(**{**settings.__dict__, "profile": "clfs"})
    assert "hostprep/zlib" in graph(whole(evaluate(clfs)))


def test_what_is_needed_and_gone_from_the_store_is_made_again(plan: Plan, settings: Settings, fp: FakeProcess) -> None:
    built(plan, "hostprep/zlib")
    Store(settings.cache).tree(plan.key(plan["hostprep/zlib"])).rename(settings.cache / "lost")
    (dropped,) = tidy(settings, plan, plan.of_profile())
    assert dropped.name.startswith("zlib.")


def test_an_empty_store_alone_is_no_reason_to_build(plan: Plan, settings: Settings) -> None:
    built(plan, *plan.steps)
    Store(settings.cache).folder.rename(settings.cache / "lost")
    assert tidy(settings, plan, plan.of_profile()) == []


def test_why(plan: Plan, settings: Settings) -> None:
    other = plan["x86_64/cross/other-32"]
    assert "not downloaded yet: zlib 1.3" in explain(settings, plan, plan["hostprep/zlib"])
    assert "would run" in explain(settings, plan, other)
    assert "never merged" in explain(settings, plan, other)
    built(plan, other.name)
    assert "is up to date" in explain(settings, plan, other)
    (settings.recipes / "other.py").write_text(OTHER.replace("echo", "printf"))
    later = evaluate(settings)
    lines = explain(settings, later, later[other.name]).splitlines()
    assert "would run" in lines[0]
    assert lines[1:] == ["  script: changed"]
    (settings.clfs / "share" / "x86_64-cross-other-32").unlink()
    assert "would be merged again" in explain(settings, plan, other)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"step": "x86_64/stage1/pigz"}'])
def test_a_stamp_that_cannot_be_read_is_not_taken_as_done(plan: Plan, settings: Settings, text: str) -> None:
    built(plan, *plan.steps)
    (stamp,) = settings.stamps.rglob("pigz.*")
    stamp.write_text(text)
    assert tidy(settings, plan, plan.of_profile()) == [stamp]
    assert not stamp.exists()
    built(plan, "x86_64/stage1/pigz")
    assert tidy(settings, plan, plan.of_profile()) == []
