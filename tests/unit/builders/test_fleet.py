# SPDX-License-Identifier: GPL-3.0-or-later
"""Several builders at once, played by objects."""

import threading
from dataclasses import replace
from functools import partial

import pytest
from unit.builders.conftest import (
    CRASHED,
    FAILED,
    OFF,
    OK,
    UP,
    A,
    B,
    Played,
    brings,
    start_of,
)  # fmt: skip
from unit.builders.records import RUNNING

from ruckus_aux.builders.fleet import Fleet, Job
from ruckus_aux.builders.harvest import harvest
from ruckus_aux.builders.machine import read_start
from ruckus_aux.builders.state import USUAL_PATIENCE, Guest, Patience
from ruckus_aux.recipes.plan import Plan


def run(*jobs: Job, processors: int = 4, patience: Patience = USUAL_PATIENCE) -> list[str]:
    told: list[str] = []
    fleet = Fleet(
        jobs,
        processors,
        lambda job: told.append(f"{job.builder.name} {job.state.kind}"),
        lambda *_: None,
        look=0.01,
        patience=patience,
    )
    fleet.run()
    return told


def job_of(builder: Played, vcpus: int = 1) -> Job:
    return Job(builder, partial(harvest, builder.plan, "played"), lambda: start_of(builder.plan, vcpus))


def test_a_builder_from_start_to_merged(plan: Plan) -> None:
    builder = Played(plan, sights=[(UP, None), (UP, RUNNING), (UP, OK), (OFF, OK)], brings=brings(plan, A, B))
    job = job_of(builder)
    assert run(job) == ["x86_64 starting", "x86_64 running", "x86_64 ending", "x86_64 ok"]
    assert job.is_ok
    assert [step.name for step in job.harvest.made] == [A, B]
    assert builder.kept == [False]
    assert read_start(builder.folder) is None


def test_what_builds_with_what_a_machine_has_made_is_the_next_ones(plan: Plan) -> None:
    builder = Played(plan, sights=[(UP, RUNNING), (OFF, OK), (UP, RUNNING), (OFF, OK)], brings=brings(plan, A, B))
    starts = [replace(start_of(plan), goes_on=goes_on) for goes_on in (True, False)]
    job = Job(builder, partial(harvest, plan, "played"), iter(starts).__next__)
    assert run(job) == ["x86_64 running", "x86_64 ok", "x86_64 running", "x86_64 ok"]
    assert builder.started == starts
    failed = Played(plan, sights=[(OFF, FAILED)], brings=brings(plan, A))
    run(Job(failed, partial(harvest, plan, "played"), lambda: starts[0]))
    assert len(failed.started) == 1


def test_one_that_breaks_or_can_not_start_does_not_stop_the_others(plan: Plan) -> None:
    broken = Played(plan, name="broken", sights=[(UP, RUNNING), (CRASHED, RUNNING)])
    refused = Played(plan, name="refused", refuses="no memory")
    failed = Played(plan, name="failed", sights=[(OFF, FAILED)], brings=brings(plan, A))
    jobs = [job_of(one) for one in (broken, refused, failed)]
    told = run(*jobs)
    assert {"broken broken", "failed failed"} <= set(told)
    assert jobs[1].trouble
    assert jobs[1].trouble.message == "no memory"
    assert jobs[0].state.why == "the machine crashed (Kernel panic)"
    assert (broken.kept, failed.kept) == ([True], [False])  # what a broken one has made is not at home yet
    assert [step.name for step in jobs[2].harvest.made] == [A]
    assert not any(job.is_ok for job in jobs)


def test_no_more_processors_at_a_time_than_jobs(plan: Plan) -> None:
    running: list[int] = []
    most: list[int] = []

    class Counted(Played):
        def start(self, start) -> None:  # type: ignore[no-untyped-def]
            super().start(start)
            running.append(start.vcpus)
            most.append(sum(running))

        def settle(self, *, keep: bool) -> None:
            running.pop()
            super().settle(keep=keep)

    builders = [
        Counted(
            plan, name=f"{number}", group=f"{number % 2}", sights=[(UP, RUNNING), (OFF, OK)], brings=brings(plan, A, B)
        )
        for number in range(6)
    ]
    jobs = [job_of(one, vcpus=2 if number else 9) for number, one in enumerate(builders)]
    run(*jobs, processors=4)
    assert all(job.is_ok for job in jobs)
    assert max(most) <= 9  # who wants more than there are has them to itself
    assert sorted(most)[-2] <= 4


def test_who_comes_later_finds_a_running_machine_and_one_that_ended_meanwhile(plan: Plan) -> None:
    builder = Played(plan, sights=[(UP, RUNNING)])
    start = start_of(plan)
    builder.start(start)
    builder.sights, builder.brings = [(UP, RUNNING), (OFF, OK)], brings(plan, A, B)
    job = Job(builder, partial(harvest, plan, "played"))  # it only waits
    run(job)
    assert job.is_ok
    assert job.start == start
    builder.start(start_of(plan))
    builder.sights = [(OFF, OK)]
    again = Job(builder, partial(harvest, plan, "played"), lambda: None)  # at home; then, there is nothing to make
    run(again)
    assert (again.state.kind, again.state.why) == ("ok", "nothing to make")
    assert read_start(builder.folder) is None


def test_who_does_not_end_after_its_last_record_is_switched_off(plan: Plan) -> None:
    builder = Played(plan, sights=[(UP, OK)], brings=brings(plan, A, B))
    builder.stop = lambda: setattr(builder, "sights", [(Guest("ended", "killed"), OK)])  # type: ignore[method-assign]
    job = job_of(builder)
    run(job, patience=Patience(end=0.05))
    assert job.is_ok


def test_who_can_not_be_asked_is_waited_for(plan: Plan) -> None:
    away = Guest("unknown", said="no route")
    builder = Played(plan, sights=[(UP, RUNNING), (away, None), (UP, RUNNING), (OFF, OK)], brings=brings(plan, A, B))
    job = job_of(builder)
    assert run(job) == ["x86_64 running", "x86_64 unreachable", "x86_64 running", "x86_64 ok"]


def test_ctrl_c_leaves_machines_running(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = Played(plan, sights=[(UP, RUNNING)])
    joins: list[float] = []

    def join(thread: threading.Thread, timeout: float) -> None:
        joins.append(timeout)
        if len(joins) > 3 and builder.started:
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", join)
    with pytest.raises(KeyboardInterrupt):
        run(job_of(builder))
    assert read_start(builder.folder) == builder.started[0]
    assert (builder.stops, builder.kept) == (0, [])
