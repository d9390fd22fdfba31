# SPDX-License-Identifier: GPL-3.0-or-later
"""What a build is doing at a moment: created for the live display, written for `invoke status`, sampled for reports."""

import array
import fcntl
import json
import os
import stat
import termios
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil

from ruckus_aux.host.limits import processors
from ruckus_aux.host.writing import write_whole
from ruckus_aux.settings.journal import Journal, Sample
from ruckus_aux.steps.gate import Gate, Running
from ruckus_aux.steps.graph import Target, expected
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import JOURNAL, STATUS
from ruckus_aux.words.records import read_record
from ruckus_aux.words.terminal import MB

_SAMPLE = 5.0  # seconds between two samples in the journal
_MOST_DONE = 0.95  # of a step that still runs, however long it has


@dataclass(frozen=True)
class ArchProgress:
    """How far an architecture is: steps made of all, and CPU seconds left, without what running steps have done."""

    arch: str
    made: int
    steps: int
    cpu_left: float


@dataclass(frozen=True)
class State:
    """What a build is doing.

    run: its name. pid: of the process that leads it. started, now: seconds since 1970.
    jobs: slots in use of `cpus`; -1 when make runs without a jobserver that we can see.
    processors: that its jobs can keep busy: there may be more jobs.
    busy: processors that were not idle since the last look.
    memory: bytes that are not available to new processes, of `total`.
    left: seconds until the end, as far as earlier builds tell.
    """

    run: str
    pid: int
    started: float
    now: float
    archs: tuple[ArchProgress, ...]
    running: tuple[Running, ...]
    jobs: int
    cpus: int
    processors: int
    busy: float
    memory: int
    total: int
    left: float


def state_to_json(state: State) -> str:
    """A state as it is written for other processes."""
    return json.dumps(asdict(state), indent=1)


def from_json(text: str) -> State:
    """The state that to_json wrote; ValueError when it is none."""
    return read_record(State, text)


class Watch:
    """Looks at a run."""

    def __init__(self, folder: Path, run: str, targets: Sequence[Target], cpus: int) -> None:
        """Watch a run.

        folder: of the whole build.
        targets: all that the run makes.
        cpus: job slots.
        """
        self.folder = folder
        self.run = run
        self.targets = targets
        self.cpus = cpus
        self.processors = min(cpus, processors())
        self.costs = {(target.step.settings.arch.name, target.step.name): target.cost for target in targets}
        self.started = time.time()
        self.sampled = 0.0
        self._last = psutil.cpu_times()

    def state(self, make: int) -> State:
        """What goes on now; make is its process."""
        left = [target for target in self.targets if not os.path.exists(target.stamp)]
        running = tuple(one for one in self._running() if one.run == self.run)
        memory = psutil.virtual_memory()
        now = time.time()
        ahead = self._ahead(left, running, now)
        return State(
            run=self.run,
            pid=os.getpid(),
            started=self.started,
            now=now,
            archs=tuple(self._progress(arch, ahead) for arch in self._archs()),
            running=running,
            jobs=jobs_in_use(make, self.cpus),
            cpus=self.cpus,
            processors=self.processors,
            busy=self._busy(),
            memory=memory.total - memory.available,
            total=memory.total,
            left=expected(ahead, self.processors).wall,
        )

    def _ahead(self, left: Sequence[Target], running: Sequence[Running], now: float) -> list[Target]:
        """What is left, less what the running steps have done of it: their share of the processors since they began."""
        share = self.processors / max(1, len(running))
        done = {(one.arch, one.step): min(_MOST_DONE * one.expected, share * (now - one.started)) for one in running}
        return [
            replace(target, cost=target.cost - done.get((target.step.settings.arch.name, target.step.name), 0.0))
            for target in left
        ]

    def record(self, state: State) -> None:
        """Let other processes see a state, and write a sample into the journal now and then.

        That this can't be written, because the disk is full, say, must not end the build.
        """
        with suppress(OSError, RuckusError):
            self._write(state)

    def _write(self, state: State) -> None:
        write_whole(self.folder / STATUS, state_to_json(state))
        if state.now - self.sampled >= _SAMPLE:
            self.sampled = state.now
            names = " ".join(one.step for one in state.running)
            sample = Sample(self.run, state.now, state.busy, state.memory // MB, state.jobs, names)
            Journal(self.folder / JOURNAL).add(sample)

    def _archs(self) -> list[str]:
        return list(dict.fromkeys(target.step.settings.arch.name for target in self.targets))

    def _progress(self, arch: str, left: Sequence[Target]) -> ArchProgress:
        mine = [target for target in self.targets if target.step.settings.arch.name == arch and target.step.installs]
        missing = [target for target in left if target.step.settings.arch.name == arch]
        made = len(mine) - sum(target.step.installs for target in missing)
        return ArchProgress(arch, made, len(mine), sum(target.cost for target in missing))

    def _running(self) -> list[Running]:
        caches = dict.fromkeys(target.step.settings.cache for target in self.targets)
        found = [one for cache in caches for one in Gate(cache).running()]
        return [replace(one, expected=self.costs.get((one.arch, one.step), 0.0)) for one in found]

    def _busy(self) -> float:
        """Processors that were not idle since the last look."""
        before, after = self._last, psutil.cpu_times()
        self._last = after
        idle = (after.idle + after.iowait) - (before.idle + before.iowait)
        total = sum(after[:8]) - sum(before[:8])
        return round((psutil.cpu_count() or 1) * (1 - idle / total), 2) if total > 0 else 0.0


def jobs_in_use(make: int, cpus: int) -> int:
    """How many job slots of a make are in use: one is its own, and the others are the bytes missing from its pipe.

    Args:
        make: Its process.
        cpus: How many slots there are.

    Returns:
        The number; -1 when its jobserver is not a pipe that this process may inspect.
    """
    ends: dict[int, dict[int, str]] = {}  # by inode and access mode
    with suppress(OSError, ValueError):
        for name in os.listdir(f"/proc/{make}/fd"):
            path = f"/proc/{make}/fd/{name}"
            status = os.stat(path)
            if stat.S_ISFIFO(status.st_mode):
                ends.setdefault(status.st_ino, {})[_access(make, name)] = path
        for paths in ends.values():
            if {os.O_RDONLY, os.O_WRONLY} <= paths.keys():  # both ends: no other pipe of make's has them
                descriptor = os.open(paths[os.O_RDONLY], os.O_RDONLY | os.O_NONBLOCK)
                try:
                    free = array.array("i", [0])
                    fcntl.ioctl(descriptor, termios.FIONREAD, free)
                    return cpus - free[0]
                finally:
                    os.close(descriptor)
    return -1


def _access(process: int, descriptor: str) -> int:
    """The access mode of another process's descriptor; see proc_pid_fdinfo(5)."""
    for line in Path(f"/proc/{process}/fdinfo/{descriptor}").read_text().splitlines():
        if line.startswith("flags:"):
            return int(line.split()[1], 8) & os.O_ACCMODE
    return -1
