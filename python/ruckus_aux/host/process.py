# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a step's script: write its output into the log, end everything that it started, and measure what it cost."""

import fcntl
import math
import os
import resource
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

import psutil
import sarge

from ruckus_aux.host import signals
from ruckus_aux.host.family import Family, family
from ruckus_aux.words.errors import naming

GRACE = 5.0  # seconds between SIGTERM and SIGKILL
SAMPLE = 2.0  # seconds between two looks at the memory of a script's processes
_LOOK = 1.0  # seconds between two looks at whether a script has ended that says nothing
_PAUSE = 0.02  # seconds in which a script's output may gather in the pipe
_BLOCK = 1 << 20  # bytes of the pipe


@dataclass(frozen=True)
class Usage:
    """What a script cost: exit status (negative: the signal), seconds, CPU seconds, and memory.

    memory: units of 1024 bytes of its largest process, as the kernel counts it.
    peak: the same of all of them together, at their most.
    stopped: whether it was stopped because it took too long.
    """

    status: int
    wall: float
    user: float
    system: float
    memory: int
    peak: int
    stopped: bool = False


def own_cpu() -> float:
    """CPU seconds of this process and of all its children that have ended."""
    me, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return me.ru_utime + me.ru_stime + children.ru_utime + children.ru_stime


class _Memory:
    """Adds up, every few seconds, the memory of a process and its descendants."""

    def __init__(self, pid: int, report: Callable[[int], None]) -> None:
        self.peak = 0
        self._pid = pid
        self._report = report
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "_Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(SAMPLE):
            with suppress(psutil.Error, OSError):
                root = psutil.Process(self._pid)
                total = sum(_resident(process) for process in [root, *root.children(recursive=True)])
                self.peak = max(self.peak, total // 1024)
                self._report(total)


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def run_script(
    command: list[str],
    environment: dict[str, str],
    descriptors: Sequence[int],
    cwd: Path,
    log: BinaryIO,
    *,
    verbose: bool,
    report: Callable[[int], None],
    limit: float = math.inf,
) -> Usage:
    """Run a step's command with its output in the log.

    It writes into a pipe, and only we write to the log, so it can't change what is there already. When it has ended,
    nothing that it started is left.

    Args:
        command: Its words.
        environment: All that it gets.
        descriptors: Ours that it inherits: of locks, and of make's jobserver.
        cwd: The folder to run it in.
        log: Where its output goes.
        verbose: Whether its output goes to standard output, too.
        report: Called every few seconds with the bytes of memory that its processes take.
        limit: Seconds after which it is stopped.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    reader, writer = _pipe()
    with family() as all_of_it, open(reader, "rb", buffering=0) as output:
        try:
            job = sarge.Command(
                command,
                stdout=writer,
                stderr=subprocess.STDOUT,
                env=environment,
                replace_env=True,
                cwd=cwd,
                pass_fds=descriptors,
                start_new_session=True,
            )
            with open(os.devnull, "rb") as nothing, signals.restored():
                job.run(input=nothing, async_=True)
        finally:
            os.close(writer)
        process = job.process
        copy = _Copy(output, log, verbose)
        try:
            with _Memory(process.pid, report) as memory:
                in_time = copy.follow(process, started + limit)
                if not in_time:
                    _stop(process, all_of_it)
                all_of_it.kill(process.pid)
                copy.rest()
        except BaseException:
            with signals.held_back():
                _stop(process, all_of_it)
            raise
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(
        process.returncode,
        time.monotonic() - started,
        after.ru_utime - before.ru_utime,
        after.ru_stime - before.ru_stime,
        after.ru_maxrss,
        max(memory.peak, after.ru_maxrss),
        stopped=not in_time,
    )


def _pipe() -> tuple[int, int]:
    """A pipe for a script's output: reading end, which does not block, and writing end."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    # A script that runs as another user, too, can open it by name, which is /dev/stderr.
    os.fchmod(writer, 0o666)
    with suppress(OSError):  # this user has many pipes already
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _BLOCK)
    return reader, writer


def _stop(process: "subprocess.Popen[bytes]", all_of_it: Family) -> None:
    """End a script and everything that it started: its children first, so that a make can return its job slots."""
    all_of_it.terminate(process.pid)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    process.kill()
    process.wait()
    all_of_it.kill()


class _Copy:
    """Copies a script's output into its log, and to standard output when verbose."""

    def __init__(self, output: FileIO, log: BinaryIO, verbose: bool) -> None:
        self.output = output
        self.log = log
        self.verbose = verbose
        self._poll = select.poll()
        self._poll.register(output, select.POLLIN)

    def follow(self, process: "subprocess.Popen[bytes]", until: float) -> bool:
        """Copy until the script has ended, whoever else still has the pipe; returns whether it ended in time.

        until: By the clock of time.monotonic().
        """
        is_open = True
        while process.poll() is None:
            left = until - time.monotonic()
            if left <= 0:
                return False
            if not is_open:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(min(_LOOK, left))
            elif self._poll.poll(1000 * min(_LOOK, left)):
                is_open = self._some()
        return True

    def rest(self) -> None:
        """Copy what is still in the pipe, when nobody writes to it any more."""
        while self._some(pause=0.0):
            pass

    def _some(self, pause: float = _PAUSE) -> bool:
        """Copy what is available; returns whether there may be more."""
        block = self.output.read(_BLOCK)
        if not block:
            return False
        _write(self.log, block)
        if self.verbose:
            sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()
        if len(block) < _BLOCK // 2:
            time.sleep(pause)  # many lines at a time cost less
        return True


def _write(log: BinaryIO, block: bytes) -> None:
    left = memoryview(block)
    with naming(Path(log.name)):
        while left:
            left = left[log.write(left) :]
