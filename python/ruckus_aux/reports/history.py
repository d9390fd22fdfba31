# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a run afterwards, gathered from the journals and logs of its build directories."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.locks import try_held
from ruckus_aux.settings.journal import End, Entry, Journal, Run, Sample
from ruckus_aux.steps import logs
from ruckus_aux.steps.diagnosis import first_error
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import JOURNAL, RUN_LOCK
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import utc


@dataclass(frozen=True)
class StepHistory:
    """What happened to a step in a run.

    arch: of its build directory. log: its log, when this run wrote one and it is still there.
    error: the first error in the log of a step that failed or crashed.
    saved: CPU seconds that it would have taken more if nothing were shared, as far as this run's other steps tell.
    """

    arch: str
    entry: Entry
    log: Path | None
    error: tuple[str, ...] = ()
    saved: float = 0.0


@dataclass(frozen=True)
class RunHistory:
    """A run with all that happened in it; end is None if it was killed, or is still running."""

    run: Run
    end: End | None
    alive: bool
    rows: tuple[StepHistory, ...]
    samples: tuple[Sample, ...]

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
    alive = is_running(folder) and run == runs(folder)[-1]
    every = {place: Journal(place[1] / JOURNAL).rows(Entry) for place in places(run)}
    rows = [
        StepHistory(arch, entry, *_log_of(builddir, entry))
        for (arch, builddir), entries in every.items()
        for entry in entries
        if entry.run == run.run
    ]
    rows.sort(key=lambda row: row.entry.started)
    known = [entry for entries in every.values() for entry in entries]
    samples = tuple(journal.rows(Sample, run.run))
    return RunHistory(run, ends[-1] if ends else None, alive, tuple(_with_savings(rows, known)), samples)


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
    return fields.get("run") == entry.run and first <= fields.get("start", "") <= last


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
        result.append(StepHistory(row.arch, row.entry, row.log, row.error, saved))
    return result


def repeating_command(run: Run) -> str:
    """The command that continues a run, or repeats it."""
    return f"{invoke_command('build')} {run.request}"
