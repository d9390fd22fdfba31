# SPDX-License-Identifier: GPL-3.0-or-later
"""`invoke bench`: what building several architectures together costs, with and without sharing.

Each measurement is a build of its own, in a folder of its own, and is the same command that a user types. CPU seconds
(user+sys) are those of the steps' scripts and of Ruckus in them, from the journals; a build that was stopped and
continued counts as one, with what was lost by that. Wall time depends on what else the machine does.
"""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sarge

from ruckus_aux.host.commands import run
from ruckus_aux.host.trees import remove
from ruckus_aux.reports.history import record, runs
from ruckus_aux.storage.layout import cache_of
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import MARKER
from ruckus_aux.words.terminal import duration


@dataclass(frozen=True)
class Cost:
    """What a build has cost: CPU seconds of its steps, and seconds."""

    cpu: float
    wall: float


class Bench:
    """The builds of a benchmark."""

    def __init__(self, folder: Path, invoke: Sequence[str], archs: Sequence[str], alone: str, jobs: int) -> None:
        """Plan a benchmark.

        folder: of all builds. invoke: the command that runs our tasks.
        archs: to build together. alone: the one that they are compared with.
        jobs: at a time.
        """
        self.folder = folder
        self.invoke = list(invoke)
        self.archs = ",".join(archs)
        self.alone = alone
        self.jobs = jobs

    def run(self) -> str:
        """Build what is not built yet, measure the rest, and return a table in Markdown."""
        self._restore()
        alone = self._build("alone", self.alone)
        shared = self._build("shared", self.archs)
        unshared = self._build("unshared", self.archs, "--no-sharing")
        nothing = self._timed("shared", self.archs)
        lost = self._lost()
        efficiency = shared.wall * self.jobs / shared.cpu
        rows = [
            ("wall time x jobs / CPU seconds, all together", f"{efficiency:.2f}"),
            (f"CPU seconds: {self.alone} alone", f"{alone.cpu:.0f} s"),
            ("CPU seconds: all together", f"{shared.cpu:.0f} s, {shared.cpu / alone.cpu:.2f} times"),
            (
                "CPU seconds: all together, nothing shared",
                f"{unshared.cpu:.0f} s, {unshared.cpu / alone.cpu:.2f} times",
            ),
            ("wall time: all together", duration(shared.wall)),
            ("a second run with nothing to do", f"{nothing:.1f} s wall"),
            ("lost build trees, from the store", f"{lost:.1f} s wall"),
        ]
        return "\n".join(["| what | figure |", "| --- | ---: |", *(f"| {what} | {figure} |" for what, figure in rows)])

    def _command(self, name: str, archs: str, *options: str) -> list[str]:
        folder = self.folder / name
        words = [f"--build-dir={folder}", f"--arch-list={archs}", f"--jobs={self.jobs}", "--until=bootstrap", *options]
        return [*self.invoke, "build", *words]

    def _build(self, name: str, archs: str, *options: str) -> Cost:
        """Build in a folder of this name, with the sources of the first."""
        folder, first = self.folder / name, self.folder / "alone"
        cache, full = cache_of(folder), cache_of(first)
        if not (cache / "sources").exists() and folder != first:
            cache.mkdir(parents=True, exist_ok=True)
            shutil.copy2(first / MARKER, folder)
            shutil.copy2(full / MARKER, cache)
            run(["cp", "-al", full / "sources", cache])
        _follow(self._command(name, archs, *options), folder)
        return self.cost(folder)

    @staticmethod
    def cost(folder: Path) -> Cost:
        """What all runs in a folder that have built something have cost together."""
        records = [record(folder, one) for one in runs(folder)]
        building = [one for one in records if any(row.entry.outcome != "stored" for row in one.rows)]
        return Cost(sum(one.cpu for one in building), sum(one.wall for one in building))

    def _timed(self, name: str, archs: str) -> float:
        """Seconds of one more run."""
        started = time.monotonic()
        _follow(self._command(name, archs), self.folder / name, quiet=True)
        return time.monotonic() - started

    def _lost(self) -> float:
        """Seconds that it takes to make all systems again when their folders are gone."""
        there, kept = self.folder / "shared", self.folder / "lost"
        kept.mkdir(exist_ok=True)
        for arch in self.archs.split(","):
            (there / f"baby-{arch}").rename(kept / arch)
        try:
            return self._timed("shared", self.archs)
        finally:
            self._restore()

    def _restore(self) -> None:
        """Put back the folders that were taken away, with their journals; an earlier benchmark may have been killed."""
        for folder in (self.folder / "lost").glob("*"):
            remove(self.folder / "shared" / f"baby-{folder.name}")
            folder.rename(self.folder / "shared" / f"baby-{folder.name}")


def _follow(command: Sequence[str], folder: Path, *, quiet: bool = False) -> None:
    """Run a build; when we are interrupted, it is told so, and has the time that it needs to stop."""
    with open(os.devnull, "wb") as nothing:
        job = sarge.Command(list(command), stdout=nothing if quiet else None)
        job.run(async_=True)
        try:
            status = job.wait()
        except BaseException:
            job.terminate()
            job.wait()
            raise
    if status:
        raise RuckusError(f"the build in {folder} failed", "the same command continues the benchmark")
