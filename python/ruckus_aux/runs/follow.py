# SPDX-License-Identifier: GPL-3.0-or-later
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

from ruckus_aux.host import signals
from ruckus_aux.host.family import Family, family
from ruckus_aux.words.terminal import printable

_GRACE = 15.0  # seconds that make and the steps have to stop, which themselves give scripts five
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
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        with family() as all_of_it, open(reader, errors="replace") as output, self.log.open("a") as log:
            try:
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
            finally:
                os.close(writer)
            threading.Thread(target=_read, args=(output, lines), daemon=True).start()
            try:
                self._follow(lines, log, job.process, all_of_it)
                return int(job.wait())
            except BaseException:
                with signals.held_back():
                    _stop(job.process, all_of_it)
                while (line := lines.get()) is not None:
                    with suppress(OSError):  # the terminal may be gone
                        self._line(line, log)
                raise

    def _follow(
        self,
        lines: "queue.SimpleQueue[str | None]",
        log: TextIO,
        make: "subprocess.Popen[bytes]",
        all_of_it: Family,
    ) -> None:
        looked = 0.0
        while True:
            if time.monotonic() - looked >= LOOK:
                self.view.look(make.pid)
                looked = time.monotonic()
                if make.poll() is not None:
                    all_of_it.kill()  # what it has left would keep our pipe open
            with suppress(queue.Empty):
                line = lines.get(timeout=LOOK / 4)
                if line is None:
                    return
                self._line(line, log)

    def _line(self, line: str, log: TextIO) -> None:
        with suppress(OSError):  # the disk may be full; the build goes on
            log.write(f"{line}\n")
            log.flush()
        self.view.line(printable(line))


def _read(output: TextIO, lines: "queue.SimpleQueue[str | None]") -> None:
    for line in output:
        lines.put(line.rstrip("\n"))
    lines.put(None)


def _stop(process: "subprocess.Popen[bytes]", all_of_it: Family) -> None:
    """End a command and everything below it, at once where possible, and surely after the grace."""
    below = all_of_it.members(process.pid)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)  # make, and each `ruckus step`, which stops its script
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
    psutil.wait_procs(below, timeout=_GRACE)
    process.kill()
    process.wait()
    all_of_it.kill()
