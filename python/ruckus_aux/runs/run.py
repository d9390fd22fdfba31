# SPDX-License-Identifier: GPL-3.0-or-later
"""Build several architectures at once: what `invoke build` and build-aux/build do.

Each architecture has a folder baby-ARCH, which becomes its $CLFS, and is configured in baby-ARCH/ruckus-build. All of
them are one make over one graph (graph.py), so one jobserver governs every compiler. make goes on after a failure with
what does not depend on it; what it left out only because an edge between architectures led to the failed step is made
in further passes.
"""

import os
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from ruckus_aux.artifacts.registry import register
from ruckus_aux.artifacts.store import Store
from ruckus_aux.builders.machine import Builder
from ruckus_aux.host.commands import run
from ruckus_aux.host.locks import try_held
from ruckus_aux.host.process import own_cpu
from ruckus_aux.host.root import Root
from ruckus_aux.host.signals import INTERRUPTED, hung_up
from ruckus_aux.host.sudo import verify_commands
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.lockfile import write_lockfile
from ruckus_aux.recipes.plan import Broken, Plan, Step
from ruckus_aux.runs.crew import Crew
from ruckus_aux.runs.follow import Stream, View
from ruckus_aux.runs.forecast import forecast
from ruckus_aux.runs.handover import handover, this_machine
from ruckus_aux.runs.hypervisor import XEN_STEP, running
from ruckus_aux.runs.notify import Result, notify
from ruckus_aux.runs.request import Request
from ruckus_aux.runs.status import Watch
from ruckus_aux.settings.journal import End, Entry, Journal, Run
from ruckus_aux.settings.ownership import is_closed, refuse_root, take_folder, take_folders
from ruckus_aux.settings.settings import load
from ruckus_aux.settings.stamps import lock
from ruckus_aux.sources.supply import sources_of, supply
from ruckus_aux.steps.graph import Selection, combined, write_graph
from ruckus_aux.steps.merge import stamp_path
from ruckus_aux.steps.tidy import tidy
from ruckus_aux.storage.layout import volume_name
from ruckus_aux.storage.operations import Volumes
from ruckus_aux.storage.xen import is_dom0
from ruckus_aux.systems.install import check_place, install_commands
from ruckus_aux.words.architecture import Architecture
from ruckus_aux.words.errors import Mistakes, RuckusError
from ruckus_aux.words.hints import invoke_command, make_command
from ruckus_aux.words.paths import BUILD_NAMES, GRAPH, JOURNAL, MARKER, RUN_LOCK, SOURCES_LOCK
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import duration, label, printable

Commands = Callable[[Architecture], list[list[str]]]  # what is to be done about an architecture


class Build:
    """One run."""

    def __init__(self, request: Request, name: str, builder_of: Callable[[Plan], Builder]) -> None:
        """Prepare it.

        Args:
            request: What is asked for.
            name: Its name.
            builder_of: The machine in which a build directory's system builds on, if it is to have one.
        """
        self._builder_of = builder_of
        self.request = request
        self.name = name
        self.journal = Journal(request.folder / JOURNAL)
        self.plans: list[Plan] = []
        self.reasons: list[str] = []  # what failed outside of steps

    def _volumes(self, *, dry: bool = False) -> Volumes:
        return Volumes(self.request.folder, self.request.layout, Root(self.journal, self.name, dry))

    def show(self) -> None:
        """Print every command of this run in order, and run none that would change anything."""
        self._mount(self._volumes(dry=True))
        for line in self.request.commands():
            print(line)
        if self.request.reaches("hostprep"):
            self.plans = [evaluate(self.request.settings(arch)) for arch in self.request.archs]
            for line in forecast(self.selection):
                print(f"# {line}")
            for one in self.broken:
                print(f"# {one.name} can't be made: {one.error.message}")

    def prepare_root(self) -> None:
        """Make sure of the root's rights that are needed, and use them: for volumes, and for links."""
        for line in self.request.fault.lines() if self.request.fault else ():
            print(f"  NOTE     {line}", flush=True)
        volumes, root = self._volumes(), Root(self.journal, self.name)
        names = [volume_name(arch) for arch in self.request.archs]
        links = [command for arch in self.request.archs for command in self.request.link_commands(arch)]
        needed = [*volumes.commands(names, os.getuid(), os.getgid()), *links]
        for settings in map(self.request.settings, self.request.archs if self.request.installs else ()):
            check_place(settings)
            needed += install_commands(evaluate(settings))
        verify_commands(needed, way_out=self.request.way_out())
        self._mount(volumes)
        for command in links:
            root.run(command)

    def _mount(self, volumes: Volumes) -> None:
        for name in map(volume_name, self.request.archs) if volumes.mounts else ():
            volumes.create(name)
            volumes.mount(name, os.getuid(), os.getgid())

    def configure(self) -> None:
        """Configure each architecture that is not configured in this way already; what it notes is said once."""
        said: set[str] = set()
        for arch in self.request.archs:
            folder = self.request.builddir(arch)
            if not _is_configured(folder, self.request.srcdir, self.request.configure_options(arch)):
                folder.mkdir(parents=True, exist_ok=True)
                print(f"  CONFIG   {arch.name}  {folder}", flush=True)
                _, output = run(self.request.configure_command(arch), cwd=folder)
                for line in output.splitlines():
                    if line.startswith("  note: ") and line not in said:
                        print(line, flush=True)
                        said.add(line)

    def prepare(self) -> None:
        """Evaluate the recipes, download what is missing, and put stamps right."""
        settings = [load(self.request.builddir(arch)) for arch in self.request.archs]
        for one in settings:
            take_folders(one)
        self.plans = [evaluate(one) for one in settings]
        if self.request.fail_fast:
            Mistakes(one.error for one in self.broken).check("steps can't be made")
        self.plans = supply(self.selection)
        if (lockfile := self.request.folder / SOURCES_LOCK) != settings[0].lock:
            write_lockfile(lockfile, sources_of(self.plans))
        for plan, wanted in self.selection:
            register(plan)
            with lock(plan.settings):
                tidy(plan, wanted, self.request.only)
        Store(settings[0].cache).sweep()

    def wanted(self, plan: Plan) -> tuple[list[Step], list[Broken]]:
        """The steps of a plan that this run makes, in order, and those that it can't make."""
        stages = self.request.stages
        if self.request.only:
            arch = plan.settings.arch.name
            return plan.split(name for name in self.request.only if StepName(name).arch in ("", arch))
        steps, broken = plan.split(plan.goal(stages[-1].goal))
        within = plan.closure(step.name for step in steps if step.stage in stages)
        return within, [one for one in broken if one.name.stage in stages or not one.name.stage.installs]

    @property
    def selection(self) -> Selection:
        """All plans, with the steps of theirs that this run makes."""
        return [(plan, self.wanted(plan)[0]) for plan in self.plans]

    @property
    def made_here(self) -> Selection:
        """All plans, with what of that no machine makes."""
        machines = self.request.builds_in_machines
        return [
            (plan, [step for step in steps if step.stage.sees_host or not machines]) for plan, steps in self.selection
        ]

    @property
    def broken(self) -> list[Broken]:
        """The steps that this run would make if their recipes were not broken."""
        return [one for plan in self.plans for one in self.wanted(plan)[1]]

    def failed(self) -> list[tuple[Plan, Entry]]:
        """The entries of steps that failed in this run."""
        return [
            (plan, entry)
            for plan in self.plans
            for entry in Journal(plan.settings.journal).rows(Entry, self.name)
            if entry.outcome == "failed"
        ]

    def possible(self) -> list[tuple[Plan, list[Step]]]:
        """What is not made yet, and needs nothing that failed: not here, and not for another that has the same key."""
        failed = self.failed()
        left = []
        for plan, steps in self.made_here:
            store = Store(plan.settings.cache)
            bad = {entry.key for other, entry in failed if other is plan or entry.key not in store}
            hopeless: set[Step] = set()
            for step in steps:
                if step.key in bad or hopeless.intersection(step.needs):
                    hopeless.add(step)
            missing = [step.name for step in _not_made(steps) if step not in hopeless]
            if missing:
                left.append((plan, plan.closure(missing)))
        return left

    def make(self, stream: Stream) -> int:
        """Let make build everything; returns its exit status."""
        path = self.request.folder / GRAPH
        write_graph(self.made_here, path, self.broken)
        status = stream.run(self.request.make_command())
        tried = None
        while status and not self.request.fail_fast and (left := self.possible()):
            now = [step.name for _, steps in left for step in steps]
            if now == tried:
                break  # the last pass has changed nothing
            tried = now
            write_graph(left, path)
            stream.run(self.request.make_command())
        return status

    def finish(self, stream: Stream, selection: Selection, commands: Commands) -> int:
        """Do what comes next for what is complete; returns 0, or the last exit status that was not.

        Args:
            stream: Where it says what it does.
            selection: What has to be complete.
            commands: What is to be done.
        """
        status = 0
        for plan, steps in selection:
            if _not_made(steps) or self.wanted(plan)[1]:
                continue
            for command in commands(plan.settings.arch):
                if result := stream.run(command):
                    status = result
                    self.reasons.append(f"{shlex.join(command)}: exit status {result}")
                    break
        return status

    def build_in_machines(self, view: View) -> int:
        """Let systems that are complete here build on in machines of their own; returns 0, or 1 when one did not."""
        if not self.request.builds_in_machines:
            return 0
        plans = [plan for plan, steps in self.made_here if not _not_made(steps) and not self.wanted(plan)[1]]
        crew = Crew(plans, self._builder_of, self.request.jobs, auto=True, goal=self.request.stages[-1].goal)
        crew.start_and_wait(view.line, lambda: view.look(os.getpid()))
        self.reasons += crew.reasons
        return 1 if crew.reasons else 0

    def run(self, show: Callable[[Watch], AbstractContextManager[View]]) -> int:
        """Do everything, and tell who wants to be notified; returns the exit status.

        show: makes the view.
        """
        started, status, told = time.time(), 1, ""
        try:
            status = self._recorded(show)
        except KeyboardInterrupt:
            status = INTERRUPTED
            raise
        except Exception as error:
            told = str(error)
            raise
        finally:
            if self.request.notify:
                wall = time.time() - started
                summary = self._summary(status, wall, told)
                notify(self.request.notify, Result(self.name, status, self.request.folder, wall, summary))
        return status

    def _summary(self, status: int, wall: float, told: str) -> str:
        """A line about a run that is over; told: what has ended it, if it was no step."""
        failed = [f"{entry.step}: {entry.reason or f'exit status {entry.status}'}" for _, entry in self.failed()]
        how = {0: "built", INTERRUPTED: "interrupted"}.get(status, "failed")
        reasons = "; ".join([told] if told else [*failed, *self.reasons]) if status else ""
        return f"{self.request.arch_names} {how} after {duration(wall)}{': ' if reasons else ''}{reasons}"

    def _recorded(self, show: Callable[[Watch], AbstractContextManager[View]]) -> int:
        """Do everything, with a record in the journal; returns the exit status."""
        request = self.request
        refuse_root(request.folder / MARKER)
        take_folder(request.folder, BUILD_NAMES)
        with _alone(request.folder) as descriptor:
            started = time.time()
            folders = "\n".join(str(request.builddir(arch)) for arch in request.archs)
            archs = ",".join(arch.name for arch in request.archs)
            self.journal.add(Run(self.name, started, archs, folders, request.jobs, str(request)))
            status = 1
            try:
                status = self._run(show, descriptor)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt) or hung_up(error):
                    status = INTERRUPTED
                else:
                    self.reasons.append(str(error))
                raise
            finally:
                ended = time.time()
                reason = "\n".join(self.reasons)
                self.journal.add(End(self.name, ended, status, ended - started, own_cpu(), reason))
            self._tell(status, ended - started)
            return status

    def _run(self, show: Callable[[Watch], AbstractContextManager[View]], descriptor: int) -> int:
        """Everything between the first and the last line of a run's record.

        descriptor: of the run's lock, which make keeps if we are killed, so that no other run begins beside it.
        """
        request = self.request
        self.prepare_root()
        self.configure()
        if not request.reaches("download"):
            return 0
        self.prepare()
        if not request.reaches("hostprep"):
            return 0
        watch = Watch(request.folder, self.name, combined(self.selection), request.jobs)
        log = request.folder / "runs" / f"{self.name}.log"
        with show(watch) as view:
            stream = Stream(view, log, {**request.make_environment(), "RUCKUS_RUN": self.name}, [descriptor])
            status = self.make(stream)
            status = self.finish(stream, self.made_here, request.closing_commands) or status
            status = self.build_in_machines(view) or status
            return self.finish(stream, self.selection, request.last_commands) or status

    def _tell(self, status: int, wall: float) -> None:
        """The last lines of a run: what is complete, what failed, what could not be made for that."""
        for plan, steps in self.selection:
            broken = len(self.wanted(plan)[1])
            missing, every = len(_not_made(steps)) + broken, sum(step.installs for step in steps) + broken
            arch = plan.settings.arch
            if missing and not broken and _is_waiting(plan, steps):
                merging = make_command(plan.settings.builddir, "bootstrap-install")
                print(f"  {label('stored')} {arch.name:<12} the system belongs to root; to merge it: sudo {merging}")
            elif not missing:
                print(f"  {label('ready')} {arch.name:<12} {every} steps  {self.request.clfs(arch)}")
            elif self.request.reaches("hostprep"):
                print(f"  {label('failed')} {arch.name:<12} {missing} of {every} steps are missing")
        for _, entry in self.failed():
            print(f"  {label('failed')} {entry.step}: {printable(entry.reason) or f'exit status {entry.status}'}")
        for reason in self.reasons:
            print(f"  {label('failed')} {printable(reason)}")
        for line in self._handover() if not status else ():
            print(line)
        print(f"{self.name}: {duration(wall)}, {duration(own_cpu())} of CPU")
        folder = f"--build-dir={self.request.folder}"
        print(f"more: {invoke_command('report', folder)}\n      {invoke_command('collect-logs', folder)}")
        if status:
            print("the same command continues")

    def _handover(self) -> Iterator[str]:
        """How to boot the hypervisor that this run has made, unless this machine runs it."""
        for plan, _ in self.selection:
            made = {StepName(entry.step).within_arch for entry in Journal(plan.settings.journal).rows(Entry, self.name)}
            if XEN_STEP in made and not (is_dom0() and running() == plan.settings.xen_version):
                words = shlex.split(str(replace(self.request, until="stage2", builder="xen")))
                yield from handover(plan.settings, this_machine(), invoke_command("build", *words))


def _is_waiting(plan: Plan, steps: Sequence[Step]) -> bool:
    """Whether what is not merged is in the store, because the system is root's."""
    store = Store(plan.settings.cache)
    return is_closed(plan.settings.clfs, os.geteuid()) and all(step.key in store for step in _not_made(steps))


def _not_made(steps: Sequence[Step]) -> list[Step]:
    """The steps that are not merged yet, but for sources, of which only those are unpacked that are needed."""
    return [step for step in steps if step.installs and not stamp_path(step).exists()]


def _is_configured(folder: Path, srcdir: Path, options: Sequence[str]) -> bool:
    """Whether a build directory was configured with just these options, and by a configure that is not newer."""
    status = folder / "config.status"
    if not status.exists() or status.stat().st_mtime < (srcdir / "configure").stat().st_mtime:
        return False
    _, output = run([status, "--config"], cwd=folder, check=False)
    return shlex.split(output) == list(options)


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """Hold a build folder; RuckusError when another run does."""
    with try_held(folder / RUN_LOCK) as descriptor:
        if descriptor is None:
            raise RuckusError(
                f"another run is building in {folder}",
                f"watch it with: {invoke_command('status', f'--build-dir={folder}')}   (or use another --build-dir)",
            )
        yield descriptor
