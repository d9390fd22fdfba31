"""Run the commands of a build one after the other: their lines to a view and a log, the machine watched meanwhile."""

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TextIO

import psutil
import sarge

GRACE = 15.0  # seconds that make and the steps have to stop, which themselves give scripts five
LOOK = 1.0  # seconds between two looks at what is going on


class View(Protocol):
    """Where a build is shown."""

    def line(self, text: str) -> None:
        """Show a line of output."""

    def look(self, make: int) -> None:
        """Show what is going on now; make is the process of the running command."""


class Stream:
    """Runs commands, each in a session of its own, so that Ctrl-C comes to us and we stop them."""

    def __init__(self, view: View, log: Path, environment: Mapping[str, str], descriptors: Sequence[int] = ()) -> None:
        """Start a log.

        environment: added to ours.
        descriptors: of locks that commands keep when we are killed.
        """
        self.descriptors = tuple(descriptors)
        self.view = view
        self.log = log
        self.environment = environment
        log.parent.mkdir(parents=True, exist_ok=True)

    def run(self, command: Sequence[str]) -> int:
        """Run a command to its end; returns its exit status.

        When we are interrupted, it is stopped with all that it started before KeyboardInterrupt goes on.
        """
        reader, writer = os.pipe()
        job = sarge.Command(
            list(command),
            stdout=writer,
            stderr=subprocess.STDOUT,
            env=self.environment,
            start_new_session=True,
            pass_fds=self.descriptors,
        )
        with open(os.devnull, "rb") as nothing:
            job.run(input=nothing, async_=True)
        os.close(writer)
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        with open(reader, errors="replace") as output, self.log.open("a") as log:
            threading.Thread(target=_read, args=(output, lines), daemon=True).start()
            try:
                self._follow(lines, log, job.process.pid)
                return int(job.wait())
            except BaseException:
                _stop(job.process)
                while (line := lines.get()) is not None:
                    self._line(line, log)
                raise

    def _follow(self, lines: "queue.SimpleQueue[str | None]", log: TextIO, make: int) -> None:
        looked = 0.0
        while True:
            if time.monotonic() - looked >= LOOK:
                self.view.look(make)
                looked = time.monotonic()
            with suppress(queue.Empty):
                line = lines.get(timeout=LOOK / 4)
                if line is None:
                    return
                self._line(line, log)

    def _line(self, line: str, log: TextIO) -> None:
        with suppress(OSError):  # the disk may be full; the build goes on
            log.write(f"{line}\n")
            log.flush()
        self.view.line(line)


def _read(output: TextIO, lines: "queue.SimpleQueue[str | None]") -> None:
    for line in output:
        lines.put(line.rstrip("\n"))
    lines.put(None)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End a command and everything below it, at once where possible, and surely after the grace."""
    with suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # make, and each `ruckus step`, which stops its script
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        _, alive = psutil.wait_procs(family, timeout=GRACE)
        for child in alive:
            with suppress(psutil.Error):
                child.kill()
    if process.poll() is None:
        process.kill()
        process.wait()
