# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a run afterwards, gathered from the journals and logs of its build directories."""

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ruckus_aux.host.locks import try_held
from ruckus_aux.settings.journal import End, Entry, Journal, MachineRun, Run, Sample
from ruckus_aux.steps import logs
from ruckus_aux.steps.diagnosis import first_error
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import JOURNAL, RUN_LOCK
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import utc

_CHROOT = "chroot"


@dataclass(frozen=True)
class StepHistory:
    """What happened to a step in a run.

    arch: of its build directory. log: its log, when this run wrote one and it is still there.
    error: the first error in the log of a step that failed or crashed.
    where: what built it, if the system did so itself: a machine, or "chroot"; "" for this host.
    saved: CPU seconds that it would have taken more if nothing were shared, as far as this run's other steps tell.
    """

    arch: str
    entry: Entry
    log: Path | None
    error: tuple[str, ...] = ()
    where: str = ""
    saved: float = 0.0


@dataclass(frozen=True)
class BuilderHistory:
    """What a system of an architecture built by itself: where, when (in seconds since 1970), and what became of it."""

    arch: str
    where: str
    began: float
    ended: float
    state: str


@dataclass(frozen=True)
class RunHistory:
    """A run with all that happened in it; end is None if it was killed, or is still running.

    builders: of its machines, and of those that were waited for after it, until the next run.
    """

    run: Run
    end: End | None
    alive: bool
    rows: tuple[StepHistory, ...]
    samples: tuple[Sample, ...]
    builders: tuple[BuilderHistory, ...] = ()

    @property
    def status(self) -> str:
        """How it ended, in a word."""
        if self.end is None:
            return "running" if self.alive else "killed"
        return {0: "succeeded", 130: "interrupted"}.get(self.end.status, "failed")

    @property
    def cpu(self) -> float:
        """CPU seconds of all its steps, and of Ruckus in them."""
        return sum(row.entry.cpu + row.entry.own for row in self.rows)

    @property
    def ended(self) -> float:
        """When it ended, or when anything last happened in it."""
        heard = [row.entry.started + row.entry.wall for row in self.rows] + [sample.time for sample in self.samples]
        return self.end.ended if self.end else max(heard, default=self.run.started)

    @property
    def wall(self) -> float:
        """Seconds from its beginning to its end; never 0, so that it can be divided by."""
        return max(0.001, self.ended - self.run.started)


def runs(folder: Path) -> list[Run]:
    """The runs of a build folder, the oldest first; RuckusError when there are none."""
    found = Journal(folder / JOURNAL).rows(Run)
    if not found:
        raise RuckusError(
            f"{folder}: no run has been recorded there", f"run: {invoke_command('build')}   (or give --build-dir)"
        )
    return found


def find(folder: Path, name: str = "") -> Run:
    """A run of a build folder.

    Args:
        folder: The build folder.
        name: Its name, or the beginning of it; "" for the latest.

    Raises:
        RuckusError: There is none, or more than one.
    """
    every = runs(folder)
    if not name:
        return every[-1]
    fitting = [run for run in every if run.run.startswith(name)]
    if len(fitting) != 1 and name not in [run.run for run in fitting]:
        what = "several runs begin" if fitting else "no run begins"
        raise RuckusError(
            f"--run={name}: {what} like this",
            f"list the runs with: {invoke_command('history', f'--build-dir={folder}')}",
        )
    return next((run for run in fitting if run.run == name), fitting[0])


def record(folder: Path, run: Run) -> RunHistory:
    """Everything about a run.

    Args:
        folder: The build folder.
        run: The run.
    """
    journal = Journal(folder / JOURNAL)
    ends = journal.rows(End, run.run)
    every_run = runs(folder)
    alive = is_running(folder) and run == every_run[-1]
    journals = {place: Journal(place[1] / JOURNAL) for place in places(run)}
    every = {place: found.rows(Entry) for place, found in journals.items()}
    next_run = min((other.started for other in every_run if other.started > run.started), default=math.inf)
    machines = [
        (arch, machine)
        for (arch, _), found in journals.items()
        for machine in found.rows(MachineRun)
        if machine.run == run.run or run.started <= machine.ended < next_run
    ]
    where = {machine.start: machine.place for _, machine in machines}
    rows = [
        StepHistory(arch, entry, *_log_of(builddir, entry), where.get(entry.machine) or _where_here(entry))
        for (arch, builddir), entries in every.items()
        for entry in entries
        if entry.run == run.run or entry.machine in where
    ]
    rows.sort(key=lambda row: row.entry.started)
    known = [entry for entries in every.values() for entry in entries]
    builders = [BuilderHistory(arch, one.place, one.began, one.ended, one.state) for arch, one in machines]
    return RunHistory(
        run,
        ends[-1] if ends else None,
        alive,
        tuple(_with_savings(rows, known)),
        tuple(journal.rows(Sample, run.run)),
        tuple(sorted([*_chroots(rows), *builders], key=lambda builder: builder.began)),
    )


def _where_here(entry: Entry) -> str:
    native = not StepName(entry.step).stage.sees_host
    return _CHROOT if native and not entry.machine and entry.outcome != "stored" else ""


def _chroots(rows: Iterable[StepHistory]) -> Iterator[BuilderHistory]:
    """What systems built by themselves on this host."""
    by_arch: dict[str, list[Entry]] = {}
    for row in rows:
        if row.where == _CHROOT:
            by_arch.setdefault(row.arch, []).append(row.entry)
    for arch, entries in by_arch.items():
        built = {entry.step for entry in entries if entry.outcome == "built"}
        bad = sorted({entry.step for entry in entries} - built)
        state = f"{len(built)} steps built" + (f", not {' '.join(bad)}" if bad else "")
        ended = max(entry.started + entry.wall for entry in entries)
        yield BuilderHistory(arch, _CHROOT, min(entry.started for entry in entries), ended, state)


def is_running(folder: Path) -> bool:
    """Whether a run goes on in a build folder."""
    with try_held(folder / RUN_LOCK) as nobody:
        return nobody is None


def places(run: Run) -> list[tuple[str, Path]]:
    """The architectures of a run, with their build directories."""
    return list(zip(run.archs.split(","), map(Path, run.folders.splitlines()), strict=True))


def _log_of(builddir: Path, entry: Entry) -> tuple[Path | None, tuple[str, ...]]:
    """The log of an entry and the first error in it, when it is the log of an attempt that failed."""
    latest = builddir / "log" / f"{entry.step}.log"
    for path in (latest, *logs.earlier(latest)) if entry.outcome != "stored" else ():
        with suppress(OSError):  # not there, or not a log
            if _is_of(path, entry):
                bad = entry.outcome in ("failed", "crashed")
                return path, tuple(first_error(logs.read(path).output)) if bad else ()
    return None, ()


def _is_of(path: Path, entry: Entry) -> bool:
    """Whether a log is of the attempt that the entry is about: of its run, and started when the script was."""
    fields = logs.fields_at_the_beginning(path)
    first, last = (utc(seconds) for seconds in (entry.started, entry.started + entry.wall))
    return fields.get("run") == (entry.machine or entry.run) and first <= fields.get("start", "") <= last


def _with_savings(rows: Iterable[StepHistory], built: Iterable[Entry]) -> list[StepHistory]:
    """The rows with what sharing saved.

    What was taken from the store would have cost what its key cost when it was built. What found objects in ccache
    would have cost what the step of this name with the fewest hits cost.
    """
    by_key = {entry.key: entry.cpu for entry in built if entry.outcome == "built"}
    rows = list(rows)
    fewest: dict[str, Entry] = {}
    for entry in (row.entry for row in rows if row.entry.outcome == "built" and row.entry.hits + row.entry.misses):
        name = StepName(entry.step).package
        if name not in fewest or entry.hits < fewest[name].hits:
            fewest[name] = entry
    result = []
    for row in rows:
        saved = 0.0
        if row.entry.outcome == "stored":
            saved = by_key.get(row.entry.key, 0.0)
        elif row.entry.hits:
            saved = max(0.0, fewest[StepName(row.entry.step).package].cpu - row.entry.cpu)
        result.append(replace(row, saved=saved))
    return result


def repeating_command(run: Run) -> str:
    """The command that continues a run, or repeats it."""
    return f"{invoke_command('build')} {run.request}"
