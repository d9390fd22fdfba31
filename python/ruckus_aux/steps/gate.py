# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate that every script passes before it runs: it waits for memory and disk, and lets a step run alone.

make's jobserver limits the jobs; what it can't know is how much each of them needs. A step announces itself in the
cache's folder `running`, which all build directories of the cache share, with what it is expected to need; who comes
next looks at what the others may still take. An announcement is locked by the process that runs the step, so one that
a killed process has left behind is known to be void.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ruckus_aux.host import limits
from ruckus_aux.host.locks import held
from ruckus_aux.host.writing import write_whole
from ruckus_aux.words.errors import RuckusError, afterwards
from ruckus_aux.words.paths import RUNNING
from ruckus_aux.words.records import read_record
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import readable_size

_POLL = 1.0  # seconds between two looks at whether there is enough by now
RESERVE = 0.05  # of the memory that may be used, which is left alone
PRESSURE = 20.0  # per cent of the last ten seconds in which some process waited for memory
_PRESSURE_FILE = Path("/proc/pressure/memory")


@dataclass(frozen=True)
class Running:
    """A step whose script runs now.

    run, step: as in the journal; arch: the architecture of its build directory.
    started: seconds since 1970.
    memory, disk: bytes that it is expected to take at most.
    used: bytes of memory that its processes take now.
    expected: CPU seconds that it will take in all: known to who watches the whole run, and 0 before.
    """

    run: str
    arch: str
    step: StepName
    folder: str
    started: float
    memory: int
    disk: int
    used: int = 0
    expected: float = 0.0


class Ticket:
    """A step's own announcement, while its script runs."""

    def __init__(self, path: Path, descriptor: int, running: Running) -> None:
        self.path = path
        self.descriptor = descriptor
        self.running = running

    def write(self, used: int) -> None:
        """Say how many bytes of memory the step takes now."""
        write_whole(self.path, json.dumps(asdict(replace(self.running, used=used))))

    def take_back(self) -> None:
        """Remove the announcement, when the step has ended."""
        for suffix in (".json", ".part", ".lock"):
            self.path.with_suffix(suffix).unlink(missing_ok=True)


class Gate:
    """The gate of a cache folder."""

    def __init__(self, cache: Path, when_idle: Callable[[], object] = lambda: None) -> None:
        """Stand before a gate.

        when_idle: called before a step is let in while no other script runs, and none can begin to.
        """
        self.folder = cache / RUNNING
        self.when_idle = when_idle

    def running(self) -> list[Running]:
        """The steps whose scripts run now, the oldest first."""
        found = []
        for lock in self.folder.glob("*.lock"):
            with suppress(OSError, ValueError):  # about to be written, or just gone
                if not _is_void(lock, fcntl.LOCK_SH):
                    found.append(read_record(Running, lock.with_suffix(".json").read_bytes()))
        return sorted(found, key=lambda running: running.started)

    def _sweep(self) -> None:
        """Remove what killed processes have announced; only who holds the gate may, because nobody announces then."""
        for lock in self.folder.glob("*.lock"):
            if _is_void(lock, fcntl.LOCK_EX):
                for suffix in (".json", ".json.part", ".lock"):
                    lock.with_suffix(suffix).unlink(missing_ok=True)

    @contextmanager
    def admitted(self, wanted: Running, *, alone: bool = False) -> Iterator[Ticket]:
        """Wait until there is room for a step, announce it, and withdraw that at the end.

        Args:
            wanted: What the step needs.
            alone: Wait until no other script runs, and let none start meanwhile.

        Raises:
            RuckusError: There is too little disk, and no running step that could free some.
        """
        with ExitStack() as stack:
            if alone:
                stack.enter_context(held(self.folder / "gate", wanted.step, Path(wanted.folder)))
                while self.running():
                    time.sleep(_POLL)
                self.when_idle()
                yield stack.enter_context(self._announced(wanted))
            else:
                yield self._wait(wanted, stack)

    def _wait(self, wanted: Running, stack: ExitStack) -> Ticket:
        """Announce a step, on a stack that takes it back, when there is room for it."""
        said = ""
        while True:
            with held(self.folder / "gate", wanted.step, Path(wanted.folder)):
                self._sweep()
                others = self.running()
                reason = _shortage(wanted, others)
                if not reason:
                    if not others:
                        self.when_idle()
                    return stack.enter_context(self._announced(wanted))
            if reason.partition(",")[0] != said:  # the figures behind the comma change all the time
                print(f"  WAITING  {wanted.step}: {reason}", flush=True)
                said = reason.partition(",")[0]
            time.sleep(_POLL)

    @contextmanager
    def _announced(self, wanted: Running) -> Iterator[Ticket]:
        # A number of its own: the same process may run in another container, with the same step.
        path = self.folder / f"{wanted.step.dotted}.{os.urandom(8).hex()}.json"
        with held(path.with_suffix(".lock")) as descriptor:
            ticket = Ticket(path, descriptor, replace(wanted, started=time.time()))
            with afterwards(ticket.take_back):
                ticket.write(0)
                yield ticket


def pressure(path: Path = _PRESSURE_FILE) -> float:
    """The share of the last ten seconds, in per cent, in which some process waited for memory; 0 where unknown.

    See Documentation/accounting/psi.rst in the kernel's source.
    """
    try:
        fields = path.read_text().splitlines()[0].split()
        return float(next(field for field in fields if field.startswith("avg10=")).removeprefix("avg10="))
    except (OSError, ValueError, IndexError, StopIteration):  # no such kernel, or it is switched off
        return 0.0


def _is_void(lock: Path, kind: int) -> bool:
    """Whether nobody holds an announcement's lock any more."""
    try:
        with lock.open("r+") as file:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:  # its step has ended just now
        return True
    return True


def _shortage(wanted: Running, others: list[Running]) -> str:
    """Why a step must wait, or ""; a step that is the only one never waits, because nothing would change."""
    free = shutil.disk_usage(wanted.folder).free
    coming = sum(other.disk for other in others if _same_device(other.folder, wanted.folder))
    if wanted.disk and free - coming < wanted.disk:
        needed = readable_size(wanted.disk)
        if not others:
            raise RuckusError(
                f"{wanted.step} needs {needed} of disk, and {wanted.folder} has {readable_size(free)} free",
                "make room there, or configure with another BUILDROOT; the same command continues",
            )
        return f"it needs {needed} of disk, and running steps leave {readable_size(max(0, free - coming))}"
    if not others:
        return ""
    memory = limits.memory()
    coming = sum(max(0, other.memory - other.used) for other in others)
    left = memory.available - coming - RESERVE * memory.total
    if left < wanted.memory:
        needed = readable_size(wanted.memory)
        return f"it needs {needed} of memory, and running steps leave {readable_size(max(0, left))}"
    if pressure() > PRESSURE:
        return "other processes wait for memory"
    return ""


def _same_device(one: str, other: str) -> bool:
    with suppress(OSError):
        return os.stat(one).st_dev == os.stat(other).st_dev
    return False
