# SPDX-License-Identifier: GPL-3.0-or-later
"""The builders of several architectures, as `invoke build` and `invoke builder-...` use and show them."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ruckus_aux.artifacts.store import Store
from ruckus_aux.builders.fleet import Fleet, Job
from ruckus_aux.builders.harvest import harvest
from ruckus_aux.builders.machine import Builder, Harvest, Start, read_start
from ruckus_aux.builders.state import USUAL_PATIENCE, BuilderState, Patience
from ruckus_aux.host.commands import run
from ruckus_aux.host.locks import try_held
from ruckus_aux.recipes.costs import FILE_NAME
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.settings.journal import Journal, MachineRun
from ruckus_aux.settings.settings import load
from ruckus_aux.steps.costs import memory_of_step
from ruckus_aux.steps.merge import stamp_path
from ruckus_aux.steps.outcome import run_name
from ruckus_aux.storage.layout import builddir_of
from ruckus_aux.words.architecture import Architecture
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command, make_command
from ruckus_aux.words.paths import NATIVE
from ruckus_aux.words.stage import GOALS
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import duration, label, printable, some_of, utc

_TENDED = StepName("builder-tended")  # the lock of who waits for a builder
_LEAST_MEMORY = 1024  # MiB: gcc's largest files take that
_SYSTEM_MEMORY = 256  # MiB for kernel, init and the runner
_LACKING = {  # what a runner complains about: the figure of costs.toml that decides how much a machine has of it
    "no space left on its disk": "disk",
    "out of memory": "memory",
    "the results device is too small for what was made": "installed",
}


class Crew:
    """Builders that work together."""

    def __init__(
        self,
        plans: Sequence[Plan],
        builder_of: Callable[[Plan], Builder],
        processors: int,
        *,
        auto: bool,
        goal: str = GOALS[-1],
        patience: Patience = USUAL_PATIENCE,
    ) -> None:
        """Choose them.

        Args:
            plans: Of the build directories whose systems are to build.
            builder_of: The builder of one.
            processors: What they may have together.
            auto: Whether they build at once.
            goal: Make's, up to which they build what their profiles have.
            patience: How long what may take.
        """
        self._plans, self._builder_of, self._processors = plans, builder_of, processors
        self._auto, self._goal, self._patience = auto, goal, patience
        self.jobs: list[Job] = []

    def start_and_wait(
        self, show: Callable[[str], None], meanwhile: Callable[[], None] = lambda: None, *, wait: bool = True
    ) -> None:
        """Start what does not run, wait for all, and bring home what they make.

        Args:
            show: Called with each line to show.
            meanwhile: Called a few times a second.
            wait: Whether to wait for their ends; else only until all are started.
        """
        vcpus = max(1, self._processors // max(1, len(self._plans)))
        self._add_jobs(show, lambda plan: planned(plan, vcpus, self._goal, auto=self._auto, show=show))
        self._run(show, meanwhile, wait=wait)

    def follow(self, show: Callable[[str], None]) -> None:
        """Wait for those that run, and bring home what they make; show: called with each line to show."""
        self._add_jobs(show, None)
        self._run(show, lambda: None, wait=True)

    @property
    def waits_for_somebody(self) -> str:
        """What to do with machines that do not build at once; "" when they do."""
        if self._auto:
            return ""
        shell = invoke_command("builder-shell", f"--arch={self._plans[0].settings.arch.name}")
        return (
            f"  log in: {shell}   (there: sh /{NATIVE}/start now; poweroff), then: {invoke_command('builder-follow')}"
        )

    def _add_jobs(self, show: Callable[[str], None], plan_start: Callable[[Plan], Start | None] | None) -> None:
        for plan in self._plans:
            builder = self._builder_of(plan)
            job = Job(builder, partial(_bring, plan, builder.kind, show))
            job.plan_start = partial(plan_start, plan) if plan_start else None
            self.jobs.append(job)

    def _run(self, show: Callable[[str], None], meanwhile: Callable[[], None], *, wait: bool) -> None:
        def tell(job: Job) -> None:
            show(line_of(job))
            if job.state.kind == "hung":  # nobody ends it but the user, and it may go on
                for text in ways_out(job, self._plans[self.jobs.index(job)]):
                    show(text)

        fleet = Fleet(self.jobs, self._processors, tell, self._record, patience=self._patience)
        try:
            with ExitStack() as stack:
                for job, plan in zip(self.jobs, self._plans, strict=True):
                    if stack.enter_context(try_held(plan.settings.work_lock(_TENDED))) is None:
                        hint = f"see: {invoke_command('builder-status')}"
                        job.trouble = RuckusError(f"another process waits for the builder of {job.builder.name}", hint)
                        tell(job)
                fleet.run(until_started=not wait, meanwhile=meanwhile)
        except KeyboardInterrupt:
            status = invoke_command("builder-status")
            for job in self.jobs:
                if job.watched and not job.is_over:
                    show(f"  {label('running')} {job.builder.name} goes on by itself; see: {status}")
            raise
        for job, plan in zip(self.jobs, self._plans, strict=True):
            if job.is_over:
                for text in details(job, plan):
                    show(text)

    def _record(self, job: Job, start: Start, state: BuilderState) -> None:
        """Let the journal of the build directory have a row for a machine that has ended."""
        row = MachineRun(
            run_name(), job.builder.name, job.builder.kind, start.run, start.began, time.time(), str(state)
        )
        plan = self._plans[self.jobs.index(job)]
        Journal(plan.settings.journal).add(row)

    @property
    def reasons(self) -> list[str]:
        """Why what was waited for is not as it should be."""
        return [f"{job.builder.name}: {why(job)}" for job in self.jobs if job.is_over and not job.is_ok]


def patience_of(minutes: str) -> Patience:
    """The patience that --hang-after stands for; RuckusError when that is no number."""
    if minutes and not (minutes.isdecimal() and int(minutes[:9]) > 0 and len(minutes) < 9):
        raise RuckusError(f"--hang-after={minutes}: not a number of minutes", "for instance: --hang-after=60")
    return replace(USUAL_PATIENCE, quiet=60.0 * int(minutes)) if minutes else USUAL_PATIENCE


def _bring(plan: Plan, kind: str, show: Callable[[str], None], start: Start, device: BinaryIO) -> Harvest:
    """Take what a machine has left, and merge what it made.

    Args:
        plan: Of the build directory.
        kind: The builder's.
        show: Called with each line to show.
        start: What the machine was asked to make.
        device: Its results.
    """
    found = harvest(plan, kind, start, device)
    for step in found.made:
        with found.problems.collected():
            _merge(step, show)
    return found


def _merge(step: Step, show: Callable[[str], None]) -> None:
    """Let the system have what the store has of a step: by the command that make runs for it, too."""
    _, output = run([step.settings.builddir / "ruckus", "step", step.name])
    for line in output.splitlines():
        show(line)


def planned(plan: Plan, vcpus: int, goal: str, *, auto: bool, show: Callable[[str], None]) -> Start | None:
    """How a builder is to be started; None when there is nothing to make. What the store has is merged at once.

    A machine has the system as it is when it starts, so what builds with what this one makes of it is the next one's.

    Args:
        plan: All steps of its build directory.
        vcpus: Virtual processors, and jobs at a time.
        goal: Make's, up to which it builds what the profile has.
        auto: Whether it builds at once, and powers off at the end; else, somebody logs in.
        show: Called with each line to show.

    Raises:
        RuckusError: The system is not complete that is to build.
    """
    wanted = plan.closure(plan.goal(goal if plan.has(goal) else "stage2"))
    steps = [step for step in wanted if step.installs and not stamp_path(step).exists()]
    _check_merged(plan, (step for step in steps if step.stage.sees_host and step.stage.of_system))
    native = [step for step in steps if not step.stage.sees_host]
    store = Store(plan.settings.cache)
    for step in native:
        if step.key in store:
            _merge(step, show)
    left = [step for step in native if step.key not in store]
    asked = _possible(left)
    if not asked:
        return None
    _check_merged(plan, (step for step in native if step.stage.root == "clfs" and step not in left))
    for source in {need: None for step in asked for need in step.shared_source if need.key not in store}:
        _merge(source, show)
    memory = max(_LEAST_MEMORY, (max(memory_of_step(step, None, vcpus) for step in asked) >> 20) + _SYSTEM_MEMORY)
    return Start(
        plan.settings.arch.name,
        str(uuid.uuid4()),
        time.time(),
        vcpus,
        memory,
        auto,
        {str(step.name): step.key for step in asked},
        by=run_name(),
        goes_on=asked != left,
    )


def _check_merged(plan: Plan, steps: Iterable[Step]) -> None:
    """Raise RuckusError when the system lacks one of these steps."""
    lacking = [step for step in steps if not stamp_path(step).exists()]
    if lacking:
        raise RuckusError(
            f"{plan.settings.clfs}: {len(lacking)} steps of the system are missing, such as {lacking[0].name}",
            f"run: {make_command(plan.settings.builddir, lacking[0].stage.goal)}",
        )


def _possible(left: Sequence[Step]) -> list[Step]:
    """Those of the steps that are left to make, in order, that need none of another stage that is left, too."""
    asked: list[Step] = []
    for step in left:
        if all(need in asked and need.stage is step.stage for need in step.needs if need in left):
            asked.append(step)
    return asked


def plans_of(folder: Path, archs: Sequence[Architecture]) -> list[Plan]:
    """The plans of a build's build directories; RuckusError when one is not configured.

    Args:
        folder: Of the build.
        archs: Of which architectures.
    """
    return [evaluate(load(builddir_of(folder, arch))) for arch in archs]


def line_of(job: Job) -> str:
    """What is true of a builder, in a line."""
    kind, state = ("failed" if job.trouble else job.state.kind), job.state
    names = [name.partition(".")[2].replace(".", "/", 1) for name in state.steps]
    text = job.trouble.message if job.trouble else ": ".join(filter(None, (some_of(names), state.why)))
    return f"  {label(kind)} {job.builder.name:<12} {printable(text)}"


def details(job: Job, plan: Plan) -> list[str]:
    """What else somebody has to know of a builder.

    Args:
        job: It.
        plan: Of its build directory.
    """
    lines = [f"  {label('failed')} {step.name}: {step.settings.log(step.name)}" for step in job.harvest.failed]
    for error in job.harvest.problems.errors:
        lines += [f"  {label('failed')} {printable(error.message)}", f"           {printable(error.hint)}"]
    if job.trouble and job.trouble.hint:
        lines += [f"           {line}" for line in printable(job.trouble.hint).splitlines()]
    if job.state.kind in ("broken", "error"):
        lines += [f"           console: {printable(line)}" for line in job.last_words.splitlines()]
    return lines + ways_out(job, plan)


def ways_out(job: Job, plan: Plan) -> list[str]:
    """What can be done about a builder that has a machine which is not as it should be.

    Args:
        job: It.
        plan: Of its build directory.
    """
    return [] if job.trouble else [f"           {line}" for line in _ways_out(job, plan)]


def _ways_out(job: Job, plan: Plan) -> Iterator[str]:
    start = builder_command("builder-start", job, plan, "--auto")
    if job.state.kind == "hung":
        yield f"what it says: {builder_command('builder-console', job, plan)}"
        yield f"to end it: {builder_command('builder-stop', job, plan)}"
        yield f"and then to continue: {start}"
    elif job.state.kind in ("error", "broken"):
        if figure := _LACKING.get(job.state.why):
            yield f"if a step needs more than that: raise its {figure} in {plan.settings.recipes / FILE_NAME}"
        yield f"what it has made is kept; it continues with: {start}"
    elif job.state.kind in ("ok", "failed") and read_start(job.builder.folder):
        yield f"to bring home what it has made: {start}"


def builder_command(task: str, job: Job, plan: Plan, *more: str) -> str:
    """A command about a builder.

    Args:
        task: Such as builder-start.
        job: The builder.
        plan: Of its build directory.
        more: Words that only this task has.
    """
    arch = "--arch" if task in ("builder-console", "builder-shell") else "--arch-list"
    words = [f"{arch}={plan.settings.arch.name}", f"--builder={job.builder.kind}"]
    dom0 = job.start.more.get("dom0") if job.start and task == "builder-start" else ""
    words += [f"--dom0={dom0}"] if dom0 else []
    return invoke_command(task, f"--build-dir={plan.settings.builddir.parents[1]}", *words, *more)


def why(job: Job) -> str:
    """Why a builder has not made what it was to make, in a line."""
    if job.trouble:
        return job.trouble.message
    problems = [error.message for error in job.harvest.problems.errors]
    return "; ".join([str(job.state), *problems])


def status_of(builder: Builder, plan: Plan) -> list[str]:
    """What is true of a builder now.

    Args:
        builder: The builder.
        plan: Of its build directory.
    """
    start = read_start(builder.folder)
    if start is None:
        rows = Journal(plan.settings.journal).rows(MachineRun)
        last = f"; {utc(rows[-1].ended)}: {rows[-1].state}" if rows else ""
        return [f"  {label('absent')} {builder.name:<12} {printable(f'no machine runs{last}')}"]
    sight, now = builder.look(), time.monotonic()
    record = sight.read()
    watched = start.watch(now).seen(sight.guest, record, now)
    state = watched.state(start.patience(USUAL_PATIENCE))
    job = Job(builder, lambda _, __: Harvest(), start=start, state=state)
    job.last_words = builder.last_words() if job.is_over else ""
    figures = f"{start.vcpus} processors, {start.memory} MiB, for {duration(time.time() - start.began)}"
    if record and sight.guest.power == "running":
        figures += f", last heard of {max(0, round(time.time() - record.time))} s ago"
    return [f"{line_of(job)}   ({builder.kind}, {figures})", *details(job, plan)]
