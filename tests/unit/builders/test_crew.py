# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders as people see them."""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_subprocess import FakeProcess
from unit.builders.conftest import CRASHED, FAILED, OFF, OK, RECIPE, UP, A, B, Played, brings, start_of
from unit.builders.records import RUNNING
from unit.samples import built, no_builder

from ruckus_aux.builders.fleet import Fleet, Job
from ruckus_aux.builders.harvest import harvest
from ruckus_aux.builders.state import USUAL_PATIENCE, BuilderState
from ruckus_aux.host.locks import try_held
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.runs.crew import Crew, line_of, patience_of, planned, status_of
from ruckus_aux.runs.request import Request
from ruckus_aux.runs.run import Build
from ruckus_aux.settings.journal import Journal, MachineRun
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.merge import stamp_path
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName


@pytest.fixture(autouse=True)
def merging(plan: Plan, fp: FakeProcess) -> None:
    """`ruckus step`, as it is called for what the store has; it merges nothing."""
    for name in (A, B):
        fp.register([str(plan.settings.builddir / "ruckus"), "step", name], f"  STORED   {name}\n", occurrences=9)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ruckus_aux.runs.crew.Fleet", partial(Fleet, look=0.01))


def run(crew: Crew) -> list[str]:
    shown: list[str] = []
    crew.start_and_wait(shown.append)
    return shown


def test_what_is_shown_of_a_machine_that_made_all(plan: Plan) -> None:
    builder = Played(plan, sights=[(UP, RUNNING), (OFF, OK)], brings=brings(plan, A, B))
    crew = Crew([plan], lambda _: builder, 2, auto=True)
    assert run(crew) == [
        "  RUNNING  x86_64       stage2/a: 1 of 3 done",
        f"  STORED   {A}",
        f"  STORED   {B}",
        "  OK       x86_64       3 steps",
    ]
    assert crew.reasons == []
    (start,) = builder.started
    assert (start.vcpus, start.auto, [*start.steps]) == (2, True, [A, B])
    (row,) = Journal(plan.settings.journal).rows(MachineRun)
    assert (row.builder, row.kind, row.start, row.state) == ("x86_64", "played", start.run, "ok: 3 steps")
    assert "no machine runs; " in status_of(builder, plan)[0]
    built(plan, A, B)
    assert run(Crew([plan], lambda _: builder, 2, auto=True)) == ["  OK       x86_64       nothing to make"]


def test_what_is_shown_of_one_that_broke_and_of_one_that_failed(plan: Plan) -> None:
    broken = Played(plan, sights=[(CRASHED, RUNNING)])
    crew = Crew([plan], lambda _: broken, 2, auto=True)
    shown = run(crew)
    assert shown[0] == "  BROKEN   x86_64       stage2/a: the machine crashed (Kernel panic)"
    assert shown[1] == "           console: panic!"
    way_out = (
        f"builder-start --build-dir={plan.settings.builddir.parents[1]} --arch-list=x86_64 --builder=played --auto"
    )
    assert shown[2].startswith("           what it has made is kept; ") and shown[2].endswith(way_out)
    assert crew.reasons == ["x86_64: broken x86_64.stage2.a: the machine crashed (Kernel panic)"]
    failed = Played(plan, sights=[(OFF, FAILED)], brings=brings(plan, A))
    shown = run(Crew([plan], lambda _: failed, 2, auto=True))
    assert shown[-2:] == [
        "  FAILED   x86_64       stage2/b: 1 of 3 done",
        f"  FAILED   {B}: {plan.settings.log(B)}",
    ]


def test_what_the_store_has_no_machine_makes(plan: Plan) -> None:
    builder = Played(plan, sights=[(OFF, FAILED)], brings=brings(plan, A))
    run(Crew([plan], lambda _: builder, 2, auto=True))
    built(plan, A)
    start = planned(plan, 1, "stage2", auto=False, show=lambda _: None)
    assert start
    assert [*start.steps] == [B]


FINAL = """
@recipe.step("final", name="c")
def c(sh):
    sh.sh("make c")

@recipe.step("final", name="d")
def d(sh):
    sh.needs("c")
    sh.sh("make d")
"""
C, D = "x86_64/final/c", "x86_64/final/d"


def test_the_final_system_is_the_next_machines(settings: Settings, recipes: Path, plan: Plan) -> None:
    (recipes / "baby.py").write_text(RECIPE + FINAL)
    (recipes / "profiles/tiny.toml").write_text('steps = ["stage1/baby", "stage2/a", "stage2/b", "final/c", "final/d"]')
    plan = evaluate(settings)

    def asked(goal: str = "final") -> tuple[list[str], bool]:
        start = planned(plan, 1, goal, auto=True, show=lambda _: None)
        return ([*start.steps], start.goes_on) if start else ([], False)

    assert asked() == ([A, B], True)
    assert asked("stage2") == ([A, B], False)
    built(plan, A, B)
    assert asked() == ([C, D], False)
    assert asked("stage2") == ([], False)
    stamp_path(plan[B]).unlink()  # and `ruckus step` does not merge it, as where the system is root's
    with pytest.raises(RuckusError, match="1 steps of the system are missing, such as x86_64/stage2/b"):
        asked()


def test_a_system_that_is_not_complete_starts_no_machine(plan: Plan) -> None:
    for stamp in plan.settings.stamps.rglob("*"):
        if stamp.is_file():
            stamp.unlink()
    builder = Played(plan, sights=[(OFF, OK)])
    crew = Crew([plan], lambda _: builder, 2, auto=True)
    shown = run(crew)
    assert "1 steps of the system are missing, such as x86_64/stage1/baby" in shown[0]
    assert "make -C" in shown[1]
    assert builder.started == []


def test_the_state_of_a_running_machine_and_when_it_last_spoke(plan: Plan) -> None:
    builder = Played(plan, sights=[(UP, RUNNING)])
    builder.start(start_of(plan))
    (line,) = status_of(builder, plan)
    assert line.startswith(
        "  RUNNING  x86_64       stage2/a: 1 of 3 done   (played, 1 processors, 1024 MiB, for 0:00, "
    )
    assert line.endswith(" s ago)")


def test_the_state_of_a_machine_that_has_ended_comes_with_the_way_out(plan: Plan) -> None:
    builder = Played(plan, sights=[(CRASHED, RUNNING)])
    builder.start(start_of(plan))
    first, *others = status_of(builder, plan)
    assert first.startswith("  BROKEN   x86_64       stage2/a: the machine crashed (Kernel panic)   (played, ")
    assert others[0] == "           console: panic!"
    assert "what it has made is kept; it continues with: " in others[1]
    builder.sights = [(OFF, OK)]
    assert "to bring home what it has made: " in status_of(builder, plan)[1]


@pytest.mark.parametrize(
    ("reason", "figure"), [("no space left on its disk", "disk"), ("out of memory", "memory"), ("it is on fire", "")]
)
def test_what_a_machine_lacked_is_what_costs_do_not_know(plan: Plan, reason: str, figure: str) -> None:
    full = replace(RUNNING, state="error", reason=reason, now=(), failed=(B.replace("/", "."),))
    shown = run(Crew([plan], lambda _: Played(plan, sights=[(OFF, full)]), 2, auto=True))
    assert shown[0] == f"  ERROR    x86_64       stage2/b: {reason}"
    costs = plan.settings.recipes / "costs.toml"
    assert (f"           if a step needs more than that: raise its {figure} in {costs}" in shown) == bool(figure)


def test_one_that_stands_still_is_left_alone_with_what_can_be_done(plan: Plan) -> None:
    still = replace(UP, said="QEMU: paused")
    shown = run(Crew([plan], lambda _: Played(plan, sights=[(still, RUNNING), (OFF, OK)]), 2, auto=True))
    assert shown[0] == "  HUNG     x86_64       stage2/a: it stands still: QEMU: paused"
    assert [line.split(" --build-dir")[0].split()[-1] for line in shown[1:4]] == [
        "builder-console", "builder-stop", "builder-start"
    ]  # fmt: skip


def test_a_line_names_not_too_many_steps(plan: Plan) -> None:
    names = tuple(f"x86_64.stage2.{letter}" for letter in "abcdef")
    job = Job(Played(plan), partial(harvest, plan, "played"), state=BuilderState("running", names))
    assert line_of(job) == "  RUNNING  x86_64       stage2/a stage2/b stage2/c stage2/d and 2 more"
    far = replace(job, builder=Played(plan, name="x86_64 in dom0"))
    assert line_of(far).startswith("  RUNNING  x86_64 in dom0 stage2/a ")
    hostile = replace(job, state=BuilderState("error", (), "\x1b[2Jfull"))
    assert "\x1b" not in line_of(hostile)


def test_ctrl_c_says_what_goes_on(plan: Plan) -> None:
    builder = Played(plan, sights=[(UP, RUNNING)])
    shown: list[str] = []

    def meanwhile() -> None:
        if shown:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Crew([plan], lambda _: builder, 2, auto=True).start_and_wait(shown.append, meanwhile)
    assert shown[-1].startswith("  RUNNING  x86_64 goes on by itself; see: ")


def test_a_build_lets_machines_make_what_systems_build_themselves(plan: Plan, tmp_path: Path) -> None:
    builder = Played(plan, sights=[(CRASHED, None)])
    asked = Request(
        (ARCHITECTURES["x86_64"],), tmp_path, tmp_path, "python3", "tiny", 2, until="stage2", builder="qemu"
    )
    build = Build(asked, "run", lambda _: replace(builder, kind="qemu"))
    build.plans = [plan]
    (_, steps), *_ = build.made_here
    assert {step.name for step in steps} == {"x86_64/stage1/baby"}
    lines: list[str] = []
    view = SimpleNamespace(line=lines.append, look=lambda _: None)
    assert build.build_in_machines(view) == 1
    assert lines[0] == "  BROKEN   x86_64       the machine crashed before its first step (Kernel panic)"
    assert build.reasons == ["x86_64: broken: the machine crashed before its first step (Kernel panic)"]
    assert asked.builds_in_machines
    assert not replace(asked, until="boot").builds_in_machines
    assert " ".join(asked.builder_command(asked.archs)).endswith(
        f"builder-start --build-dir={tmp_path} --arch-list=x86_64 --builder=qemu --auto"
    )
    here = replace(asked, builder="chroot")
    assert {step.name for step in Build(here, "run", no_builder).wanted(plan)[0]} >= {A, B}


def test_only_one_process_waits_for_a_builder(plan: Plan) -> None:
    builder = Played(plan, sights=[(OFF, OK)], brings=brings(plan, A, B))
    with try_held(plan.settings.work_lock(StepName("builder-tended"))):
        shown = run(Crew([plan], lambda _: builder, 2, auto=True))
    assert shown[0] == "  FAILED   x86_64       another process waits for the builder of x86_64"
    assert builder.started == []


def test_who_does_not_build_at_once_waits_for_somebody(plan: Plan) -> None:
    builder = Played(plan, sights=[(UP, None)])
    crew = Crew([plan], lambda _: builder, 2, auto=False)
    shown: list[str] = []
    crew.start_and_wait(shown.append, wait=False)
    assert shown == ["  STARTING x86_64       "]
    assert "builder-shell --arch=x86_64" in crew.waits_for_somebody
    (start,) = builder.started
    assert not start.auto
    assert start.patience(USUAL_PATIENCE).start == math.inf
    assert start.words("/dev/vdb") == ["ruckus.result=/dev/vdb", f"ruckus.run={start.run}", "ruckus.jobs=2"]


def test_how_long_a_silent_machine_may_be() -> None:
    assert patience_of("60").quiet == 3600.0
    for wrong in ("0", "-1", "x", "9" * 400):
        with pytest.raises(RuckusError, match="--hang-after"):
            patience_of(wrong)
