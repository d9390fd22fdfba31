# SPDX-License-Identifier: GPL-3.0-or-later

import re
from pathlib import Path

import pytest
from unit.samples import OTHER, ZLIB, built

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.graph import Selection, graph, write_graph
from ruckus_aux.steps.merge import stamp_path
from ruckus_aux.steps.why import explain_step


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
    zlib, pigz = (str(stamp_path(plan[n])) for n in ("hostprep/zlib", "x86_64/stage1/pigz"))
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


def test_a_profile_without_recipes_still_has_a_graph(plan: Plan, settings: Settings) -> None:
    clfs = Settings(**{**settings.__dict__, "profile": "clfs"})
    assert "hostprep/zlib" in graph(whole(evaluate(clfs)))


def test_why(plan: Plan, settings: Settings) -> None:
    other = plan["x86_64/cross/other-32"]
    assert "not downloaded yet: zlib 1.3" in explain_step(plan["hostprep/zlib"])
    assert "would run" in explain_step(other)
    assert "never merged" in explain_step(other)
    built(plan, other.name)
    assert "is up to date" in explain_step(other)
    (settings.recipes / "other.py").write_text(OTHER.replace("echo", "printf"))
    later = evaluate(settings)
    lines = explain_step(later[other.name]).splitlines()
    assert "would run" in lines[0]
    assert lines[1:] == ["  script: changed"]
    (settings.clfs / "share" / "x86_64-cross-other-32").unlink()
    assert "would be merged again" in explain_step(other)


def test_a_broken_step_is_a_target_that_fails_and_the_first_of_its_goals(settings: Settings, recipes: Path) -> None:
    (recipes / "zlib.py").write_text(ZLIB.replace("unpack()", "unpak()"))
    plan = evaluate(settings)
    text = graph(whole(plan), list(plan.broken.values()))
    zlib, pigz = (f"{settings.stamps}/{name}.broken" for name in ("hostprep/zlib", "x86_64/stage1/pigz"))
    targets = rules(text)
    assert targets["bootstrap"].split()[:2] == [zlib, pigz]
    assert targets["hostprep"].split() == []
    assert targets[pigz] == f" | {zlib}"
    assert f"\n{zlib}:\n\t+@{settings.builddir}/ruckus step hostprep/zlib\n" in text


def test_what_is_said_at_the_end_when_the_system_is_roots(
    plan: Plan, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = "\t@echo '  READY    $@'"
    assert graph(whole(plan)).count(ready) == 4  # hostprep, bootstrap, stage2 and final
    monkeypatch.setattr("ruckus_aux.steps.graph.is_closed", lambda *_: True)
    assert f"sudo make -C {settings.builddir} bootstrap-install" in graph(whole(plan))
    built(plan, *plan.steps)
    assert graph(whole(plan)).count(ready) == 4
