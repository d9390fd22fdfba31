# SPDX-License-Identifier: GPL-3.0-or-later
"""What is still in a machine, as a source of logs: fetched over ssh while it runs, or else read from its disk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.builders.disk_logs import logs_on_image
from ruckus_aux.builders.guest_logs import FetchedLogs, LogFolder, LogPlace, fetch_logs, fetched_folder, folder_below
from ruckus_aux.builders.machine import Builder, Disk, read_start
from ruckus_aux.host.root import HERE
from ruckus_aux.reports.collect import CollectedLog
from ruckus_aux.settings.journal import Journal, MachineRun
from ruckus_aux.steps import logs
from ruckus_aux.storage.lending import mounted_copy
from ruckus_aux.words.errors import RuckusError, of_the_system
from ruckus_aux.words.paths import BUILDER, CONSOLE, JOURNAL
from ruckus_aux.words.step_name import StepName


@dataclass(frozen=True)
class MachineLogs:
    """The console of a build directory's machine that was started, and logs that have not come home.

    arch: its architecture. folder: the build directory. find: gives its builder, if there is one.
    """

    arch: str
    folder: Path
    find: Callable[[], Builder | None]

    def logs(self, unreadable: list[str]) -> Iterator[CollectedLog]:
        """Every log; none if no machine was started."""
        if not (self.folder / BUILDER).exists():
            return
        try:
            builder = self.find()
            if builder is not None:
                yield from self._console(builder)
                yield from self._brought(builder, unreadable)
        except (RuckusError, OSError) as error:
            known = error if isinstance(error, RuckusError) else of_the_system(error)
            unreadable.append(f"the builder of {self.arch}: {known.message}")

    def _runs(self, builder: Builder) -> dict[str, str]:
        """The runs of this host that starts of machines belong to."""
        runs = {machine.start: machine.run for machine in Journal(self.folder / JOURNAL).rows(MachineRun)}
        start = read_start(builder.folder)
        return {start.run: start.by or start.run, **runs} if start else runs

    def _console(self, builder: Builder) -> Iterator[CollectedLog]:
        """Of a machine that has not been settled; BuildDirectory has that of another."""
        start, console = read_start(builder.folder), builder.folder / CONSOLE
        if start and console.exists():
            step, run = StepName(f"{self.arch}/{BUILDER}/console"), self._runs(builder)[start.run]
            yield CollectedLog(self.arch, step, console, run, f"{builder.name}, {builder.kind}")

    def _brought(self, builder: Builder, unreadable: list[str]) -> Iterator[CollectedLog]:
        fetched, runs = _fetched(builder, self.arch), self._runs(builder)
        unreadable += fetched.problems
        machine = f"{builder.name}, {builder.kind}, {fetched.how}"
        for log, path in fetched.logs:
            if not logs.has_copy(self.folder / "log" / f"{log.step}.log", path):
                run = logs.fields_at_the_beginning(path).get("run", "")
                yield CollectedLog(self.arch, log.step, path, runs.get(run, run), machine)


def _fetched(builder: Builder, arch: str) -> FetchedLogs:
    folder, trouble = fetched_folder(builder.folder), ""
    if way := builder.reach():
        remote = way.remote()
        try:
            return fetch_logs(LogFolder("over ssh", remote), arch, folder)
        except RuckusError as error:  # its ssh server may not be up yet, or not any more
            trouble = f"{error.message}; "
        finally:
            remote.close()
    try:
        with _opened(builder.disk(), builder.folder) as place:
            return fetch_logs(place, arch, folder)
    except RuckusError as error:
        raise RuckusError(f"{trouble}{error.message}", error.hint) from error


@contextmanager
def _opened(disk: Disk, folder: Path) -> Iterator[LogPlace]:
    """Read a disk, and write nothing to it.

    Args:
        disk: A machine's.
        folder: For copies.
    """
    if disk.root is None:
        with logs_on_image(Path(disk.path)) as place:
            yield place
    else:
        with mounted_copy(disk.root, disk.path, folder, "collect") as point:
            yield LogFolder("from its disk", HERE, folder_below(point))
