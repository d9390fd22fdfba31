# SPDX-License-Identifier: GPL-3.0-or-later
"""`invoke collect-logs` and `make collect-logs`: every log in one place, logs/RUN/ARCH/STAGE/PACKAGE.log.

A place that logs come from is a log source. A build directory has the logs of its steps, those that machines have
brought home, and the last console of a machine; all belong to the run that waited for it. What is still in a machine is
another source (machines.py). What was collected before is never overwritten: a log that has grown takes the place of
its beginning, and any other of that name gets a number. What is secret in it is blanked (secrets.py).
"""

import errno
import json
import math
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from ruckus_aux.host import plain
from ruckus_aux.reports.rendering import render_page
from ruckus_aux.reports.secrets import copy_without_secrets
from ruckus_aux.settings.journal import Journal, MachineRun
from ruckus_aux.steps import logs
from ruckus_aux.steps.diagnosis import first_error
from ruckus_aux.storage.layout import builddir_of
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import BUILDER, CONSOLE, JOURNAL, START
from ruckus_aux.words.records import read_record
from ruckus_aux.words.step_name import StepName

INDEX = "index.json"
_BLOCK = 1 << 20  # bytes
_WITHOUT_RUN = "unknown-run"  # logs that an earlier version of Ruckus wrote
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9:.+_-]{0,99}")


@dataclass(frozen=True)
class CollectedLog:
    """A log that can be collected: its architecture, its step (known by where it is, not by its text), its path.

    run: the one that it belongs to. machine: where it was written.
    status: with which what wrote it has ended, where the log does not say so.
    """

    arch: str
    step: StepName
    path: Path
    run: str
    machine: str
    status: str = ""


class LogSource(Protocol):
    """A place that logs come from."""

    def logs(self, unreadable: list[str]) -> Iterator[CollectedLog]:
        """All logs of this place; what can't be read is added to the list, with the reason."""


@dataclass(frozen=True)
class BuildDirectory:
    """The logs of a configured build directory."""

    arch: str
    folder: Path

    def logs(self, unreadable: list[str]) -> Iterator[CollectedLog]:
        """Every log, the older of a step first; none if nothing was built yet."""
        if not (self.folder / "log").exists():
            return
        found = [
            Path(folder, file)
            for folder, _, files in os.walk(self.folder / "log", onerror=lambda error: unreadable.append(str(error)))
            for file in files
        ]
        machines = Journal(self.folder / JOURNAL).rows(MachineRun)
        starts = {machine.start: machine for machine in machines}
        latest = {path if path.suffix == ".log" else path.with_suffix("") for path in found}
        for log in sorted(latest):
            step = StepName(log.relative_to(self.folder / "log").with_suffix(""))
            for path in (*reversed(logs.earlier(log)), log):
                if path in found:
                    try:
                        run = logs.fields_at_the_beginning(path).get("run", "")
                    except OSError as error:
                        unreadable.append(f"{path}: {error.strerror}")
                    else:
                        yield self._belonging(step, path, run, starts.get(run))
        console = self.folder / BUILDER / CONSOLE
        if machines and console.exists() and not (console.parent / START).exists():
            last = max(machines, key=lambda machine: machine.ended)
            step, status = StepName(f"{self.arch}/{BUILDER}/console"), "0" if last.state.startswith("ok") else "1"
            yield replace(self._belonging(step, console, last.run, last), status=status)

    def _belonging(self, step: StepName, path: Path, run: str, machine: MachineRun | None) -> CollectedLog:
        """A log of a run, or of a machine that was started in one."""
        if machine:
            return CollectedLog(self.arch, step, path, machine.run, machine.place)
        return CollectedLog(self.arch, step, path, run, os.uname().nodename)


@dataclass(frozen=True)
class Collected:
    """A line of the index: a log, where it is now (relative to the index), and how its step went.

    machine: where it was written. blanked: how many secrets were blanked in it.
    tests: what its test suite has come to, in words; "" when it has none.
    """

    step: str
    arch: str
    file: str
    status: int | None
    seconds: float
    error: tuple[str, ...]
    machine: str = ""
    blanked: int = 0
    tests: str = ""


@dataclass(frozen=True)
class Index:
    """What was collected of a run, and what could not be read."""

    run: str
    logs: tuple[Collected, ...]
    unreadable: tuple[str, ...]


def collect(sources: Iterable[LogSource], target: Path, run: str = "") -> tuple[dict[str, list[Collected]], list[str]]:
    """Copy logs into the target folder, and write an index for each run.

    Args:
        sources: Where they come from.
        target: The folder, which is created.
        run: The name of the run whose logs are wanted; "" for all.

    Returns:
        What was collected, by run, and what could not be read, each with the reason.
    """
    found: dict[str, list[Collected]] = {}
    known: dict[str, dict[str, Collected]] = {}
    unreadable: list[str] = []
    for source in sources:
        for log in source.logs(unreadable):
            try:
                name, line = _collected(log, target, run, known)
            except OSError as error:
                unreadable.append(f"{log.path}: {error.strerror}")
            else:
                if line:
                    found.setdefault(name, []).append(line)
    for name, lines in found.items():
        _write_index(target / name, name, known[name] | {line.file: line for line in lines}, unreadable)
    return found, unreadable


def _collected(
    log: CollectedLog, target: Path, run: str, known: dict[str, dict[str, Collected]]
) -> tuple[str, Collected | None]:
    """Copy a log to its place, if it is not there.

    Args:
        log: The log.
        target: The folder of all runs.
        run: The name of the run whose logs are wanted; "" for all.
        known: What earlier collections put there, by run and by file, as far as it was read.

    Returns:
        Its run, and its line of the index, if it is wanted.
    """
    name = log.run if _RUN.fullmatch(log.run) else _WITHOUT_RUN
    if run and name != run:
        return name, None
    wanted = target / name / log.arch / f"{log.step.within_arch}.log"
    wanted.parent.mkdir(parents=True, exist_ok=True)
    if target.resolve() not in wanted.parent.resolve().parents:
        raise OSError(errno.ELOOP, f"{wanted} leads out of {target}")
    if name not in known:
        known[name] = _indexed_before(target / name)
    for place in _places(wanted):
        line = known[name].get(str(place.relative_to(target / name)))
        if line and _is_copy(place, log.path):
            return name, line
    place, blanked = _copy(log.path, wanted)
    text = logs.read(place)
    status = _status(text.ending.get("status", log.status))
    error = tuple(first_error(text.output)) if status else ()
    file, seconds = str(place.relative_to(target / name)), _seconds(text.ending.get("wall", ""))
    return name, Collected(log.step, log.arch, file, status, seconds, error, log.machine, blanked, text.tests)


def _status(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _seconds(text: str) -> float:
    """The seconds of a field such as "61.0 s"; 0 when it has none."""
    try:
        seconds = float(text.partition(" ")[0])
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0


def _places(wanted: Path) -> Iterator[Path]:
    """What is at a log's place already, and at those with a number."""
    place, number = wanted, 1
    while os.path.lexists(place):
        yield place
        number += 1
        place = wanted.with_name(f"{wanted.stem}.{number}.log")


def _is_copy(place: Path, log: Path) -> bool:
    """Whether a file has the size and the time of a log, as its copy has."""
    copy, original = place.lstat(), log.lstat()
    kinds = stat.S_ISREG(copy.st_mode) and stat.S_ISREG(original.st_mode)
    return kinds and (copy.st_size, copy.st_mtime_ns) == (original.st_size, original.st_mtime_ns)


def _copy(log: Path, wanted: Path) -> tuple[Path, int]:
    """Copy a log to the first free place, or where its beginning is, unless it is there.

    Returns its place, and how many secrets were blanked.
    """
    with tempfile.NamedTemporaryFile(dir=wanted.parent, prefix=f".{wanted.name}.") as copy:
        with plain.opened(log) as source:
            blanked = copy_without_secrets(source, copy)
        copy.flush()
        shutil.copystat(log, copy.name)
        taken = list(_places(wanted))
        for place in taken:
            if place.is_file() and _begins_with(Path(copy.name), place):
                if place.stat().st_size < os.path.getsize(copy.name):  # it was written meanwhile
                    longer = place.with_name(f"{Path(copy.name).name}.longer")
                    os.link(copy.name, longer)
                    longer.rename(place)
                return place, blanked
        free = wanted.with_name(f"{wanted.stem}.{len(taken) + 1}.log") if taken else wanted
        os.link(copy.name, free)
        return free, blanked


def _begins_with(whole: Path, beginning: Path) -> bool:
    with whole.open("rb") as file, beginning.open("rb") as shorter:
        while block := shorter.read(_BLOCK):
            if file.read(len(block)) != block:
                return False
    return True


def _indexed_before(folder: Path) -> dict[str, Collected]:
    """What an earlier collection put there, by file: it is in the new index, too."""
    try:
        return {line.file: line for line in read_record(Index, (folder / INDEX).read_bytes()).logs}
    except (OSError, ValueError):
        return {}


def _write_index(folder: Path, run: str, lines: Mapping[str, Collected], unreadable: list[str]) -> None:
    ordered = sorted(lines.values(), key=lambda log: (log.status == 0, log.arch, log.step))
    data = asdict(Index(run, tuple(ordered), tuple(unreadable)))
    (folder / INDEX).write_text(json.dumps(data, indent=1))
    (folder / "index.html").write_text(render_page("logs.html", folder, data), encoding="utf-8")


def build_directories(folder: Path, archs: Collection[str] = ()) -> list[BuildDirectory]:
    """The build directories below the folder of a build.

    Args:
        folder: The build folder.
        archs: Names of the architectures that are wanted; none for all.

    Raises:
        RuckusError: There are none.
    """
    names = archs or list(ARCHITECTURES)
    found = [
        BuildDirectory(name, builddir)
        for name in names
        if (builddir := builddir_of(folder, ARCHITECTURES[name])).exists()
    ]
    if not found:
        raise RuckusError(
            f"{folder}: no build directory of {', '.join(names)}",
            f"build there: {invoke_command('build', f'--build-dir={folder}')}",
        )
    return found


def print_index(found: Mapping[str, Sequence[Collected]], unreadable: Sequence[str], target: Path) -> None:
    """Print what was collected and where, and on standard error what was not.

    Args:
        found: What was collected, by run.
        unreadable: What could not be read, each with the reason.
        target: The folder where it was collected.
    """
    if not found and not unreadable:
        raise RuckusError("no logs to collect", "nothing was built there, or not in this run")
    for run, lines in sorted(found.items()):
        bad = sum(line.status != 0 for line in lines)
        failed = f", {bad} of what failed or has not ended" if bad else ""
        print(f"  LOGS     {run}: {len(lines)}{failed}  {target / run}/index.html")
    for line in unreadable:
        print(f"ruckus: warning: not collected: {line}", file=sys.stderr)
