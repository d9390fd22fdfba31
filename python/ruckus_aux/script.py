"""Run a step's script: its output into the log, all that it started ended with it, and what it cost."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil
import sarge

GRACE = 5.0  # seconds between SIGTERM and SIGKILL
SAMPLE = 2.0  # seconds between two looks at the memory of a script's processes


@dataclass(frozen=True)
class Usage:
    """What a script cost: exit status (negative: the signal), seconds, CPU seconds, and KB of memory.

    memory: of its largest process.
    peak: of all of them together, at their most.
    """

    status: int
    wall: float
    user: float
    system: float
    memory: int
    peak: int


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
                self._report(total // 1_000_000)


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a script and all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
            return


def run_script(
    command: list[str],
    environment: dict[str, str],
    descriptors: Sequence[int],
    cwd: Path,
    log: BinaryIO,
    *,
    verbose: bool,
    report: Callable[[int], None],
) -> Usage:
    """Run a step's command with its output in the log, and on standard output as well when verbose.

    report: called every few seconds with the MB that its processes take.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    reader, writer = os.pipe() if verbose else (None, log.fileno())
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
    with open(os.devnull, "rb") as nothing:
        job.run(input=nothing, async_=True)
    try:
        with _Memory(job.process.pid, report) as memory:
            if reader is not None:
                os.close(writer)
                with open(reader, "rb", buffering=0) as output:
                    while block := output.read(1 << 16):
                        log.write(block)
                        sys.stdout.buffer.write(block)
                        sys.stdout.buffer.flush()
            status = job.wait()
    except BaseException:
        _stop(job.process)
        raise
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(
        status,
        time.monotonic() - started,
        after.ru_utime - before.ru_utime,
        after.ru_stime - before.ru_stime,
        after.ru_maxrss,
        max(memory.peak, after.ru_maxrss),
    )
