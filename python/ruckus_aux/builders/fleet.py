# SPDX-License-Identifier: GPL-3.0-or-later
"""Several builders at once: start them, wait for them, bring home what they made.

Each group of builders, those on one host, has a thread of its own, so a host that is away holds up nobody else. What
runs at a time has no more virtual processors than there may be jobs; the rest is queued. Machines go on when this ends:
whoever waits for them again finds them by their Start records.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from ruckus_aux.builders.machine import Builder, Harvest, Sight, Start, read_start
from ruckus_aux.builders.record import Record
from ruckus_aux.builders.state import USUAL_PATIENCE, BuilderState, Guest, Patience, Watched
from ruckus_aux.words.errors import RuckusError, of_the_system
from ruckus_aux.words.hints import invoke_command

LOOK_AGAIN = 5.0  # seconds between two looks at a builder
_POLL = 0.2  # seconds
_LONGEST_PAUSE = 60.0  # seconds, while it can't be asked


@dataclass
class Job:
    """A builder, and what it is to do.

    bring: takes what the machine of a start has left on its results device, into the store and into the system.
    plan_start: how it is to be started, asked when it can be; None when there is nothing to make. Without one, only a
        machine that runs already is waited for.
    state: what was true of it last. harvest: what came home, when it is over. trouble: what went wrong around it.
    last_words: the end of its console, when it is over.
    """

    builder: Builder
    bring: Callable[[Start, BinaryIO], Harvest]
    plan_start: Callable[[], Start | None] | None = None
    start: Start | None = None
    state: BuilderState = field(default_factory=lambda: BuilderState("queued"))
    harvest: Harvest = field(default_factory=Harvest)
    trouble: RuckusError | None = None
    last_words: str = ""
    watched: Watched | None = None
    pause: float = 0.0
    next_look: float = 0.0
    processors: int = 0  # that it has now

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.trouble is not None or self.state.is_over

    @property
    def is_ok(self) -> bool:
        """Whether all was made, and is at home."""
        return self.trouble is None and self.state.kind == "ok" and not self.harvest.problems.errors

    @property
    def record(self) -> Record | None:
        """The last one of its run."""
        return self.watched.record if self.watched else None


class Fleet:
    """Builders that are waited for together."""

    def __init__(
        self,
        jobs: Iterable[Job],
        processors: int,
        tell: Callable[[Job], None],
        over: Callable[[Job, Start, BuilderState], None],
        *,
        patience: Patience = USUAL_PATIENCE,
        look: float = LOOK_AGAIN,
    ) -> None:
        """Prepare it; nothing is started yet.

        Args:
            jobs: The builders.
            processors: What running ones may have together.
            tell: Called whenever the state of one is another; never by two threads at a time, as is all else.
            over: Called when a machine has ended, and what it made is at home.
            patience: See state.py.
            look: Seconds between two looks.
        """
        self.jobs = list(jobs)
        self._processors = processors
        self._patience, self._look, self._tell = patience, look, tell
        self._over = over
        self._changed = threading.Condition()  # held by who counts processors, tells, or brings something home
        self._stopped = threading.Event()
        self._bugs: list[BaseException] = []

    def run(self, *, until_started: bool = False, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Start what is to be started, and wait until all is over, and at home.

        Ctrl-C leaves the machines alone.

        Args:
            until_started: Return when all are started.
            meanwhile: Called a few times a second.
        """
        groups: dict[str, list[Job]] = {}
        for job in self.jobs:
            groups.setdefault(job.builder.group, []).append(job)
        threads = [
            threading.Thread(target=self._tend, args=(jobs, until_started), daemon=True) for jobs in groups.values()
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(_POLL)  # a join without an end would keep Ctrl-C waiting
                    meanwhile()
        finally:
            self._stopped.set()
            with self._changed:  # not in the middle of bringing something home
                pass
        for bug in self._bugs:
            raise bug

    def _tend(self, jobs: Sequence[Job], until_started: bool) -> None:
        try:
            self._attend_all(jobs, until_started)
        except BaseException as error:  # a bug: it is raised where somebody sees it
            self._bugs.append(error)

    def _attend_all(self, jobs: Sequence[Job], until_started: bool) -> None:
        while not self._stopped.is_set():
            for job in jobs:
                if not job.is_over and time.monotonic() >= job.next_look and not self._stopped.is_set():
                    self._attend(job)
            open_jobs = [job for job in jobs if not job.is_over]
            if not open_jobs or (until_started and all(job.watched for job in open_jobs)):
                return
            self._stopped.wait(max(0.05, min(job.next_look for job in open_jobs) - time.monotonic()))

    def _attend(self, job: Job) -> None:
        """Do what is next for a builder; what goes wrong is its trouble, and no other's."""
        try:
            if job.watched is None:
                self._begin(job)
            else:
                self._look_at(job)
        except (RuckusError, OSError) as error:
            job.trouble = error if isinstance(error, RuckusError) else of_the_system(error, job.builder.name)
            job.processors = 0
            self._say(job, job.state)
        job.next_look = time.monotonic() + (job.pause or self._look)

    def _begin(self, job: Job) -> None:
        start, must_start = read_start(job.builder.folder), False
        if start is not None and job.plan_start is not None:
            sight = job.builder.look()
            if sight.guest.power in ("ended", "absent"):  # of an earlier run, which nobody has brought home
                now = time.monotonic()
                self._bring_home(job, start, start.watch(now).seen(*_of(sight), now))
                start = None
        if start is None and job.plan_start is not None:
            start, must_start = job.plan_start(), True
            if start is None:
                self._say(job, BuilderState("ok", why="nothing to make"))
                return
        if start is None:
            raise RuckusError(
                f"no builder of {job.builder.name} was started", f"run: {invoke_command('builder-start')}"
            )
        if not self._reserve(job, start.vcpus, forced=not must_start):
            job.pause = min(1.0, self._look)
            return
        if must_start:
            job.builder.start(start)
            start = read_start(job.builder.folder) or start  # with what only its kind knows
        job.start, job.pause, job.watched = start, 0.0, start.watch(time.monotonic())
        self._look_at(job)

    def _look_at(self, job: Job) -> None:
        if job.watched is None or job.start is None:
            return
        sight = job.builder.look()
        job.watched = job.watched.seen(*_of(sight), time.monotonic())
        state = job.watched.state(job.start.patience(self._patience))
        unreachable = state.kind == "unreachable"
        job.pause = min(_LONGEST_PAUSE, max(1.0, 2 * job.pause)) if unreachable else 0.0
        if state.is_overdue:
            job.builder.stop()
            job.watched = job.watched.seen(*_of(job.builder.look()), time.monotonic())
            state = job.watched.state(job.start.patience(self._patience))
        if state.is_over:
            self._bring_home(job, job.start, job.watched)
            job.processors = 0
        self._say(job, state)
        if job.is_ok and job.start.goes_on and job.plan_start:
            job.state, job.watched = BuilderState("queued"), None

    def _bring_home(self, job: Job, start: Start, watched: Watched) -> None:
        """Harvest what a machine that has ended has brought, and give back what it had."""
        state = watched.state(start.patience(self._patience))
        if watched.record and watched.record.is_final:
            with self._changed, job.builder.results() as device:
                job.harvest = job.bring(start, device)
        at_home = state.kind in ("ok", "failed") and not job.harvest.problems.errors
        job.last_words = job.builder.last_words()
        self._over(job, start, state)
        job.builder.settle(keep=not at_home)

    def _reserve(self, job: Job, processors: int, *, forced: bool) -> bool:
        """Take processors for a builder, if there are as many; one that asks for more than all gets all.

        forced: of a machine that runs already.
        """
        with self._changed:
            wanted = min(processors, self._processors)
            if not forced and wanted > self._processors - sum(other.processors for other in self.jobs):
                return False
            job.processors = wanted
            return True

    def _say(self, job: Job, state: BuilderState) -> None:
        with self._changed:
            is_new = str(state) != str(job.state) or job.trouble is not None
            job.state = state
            if is_new:
                self._tell(job)


def _of(sight: Sight) -> tuple[Guest, Record | None]:
    return sight.guest, sight.read()
