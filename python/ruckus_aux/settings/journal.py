# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: SQLite files of what was done.

Each build directory has one, with an entry for every time that a step was built, taken from the store, or failed. The
folder that `build` works in has another, of its runs and of samples of the machine while they went on.
"""

import sqlite3
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TypeVar

from ruckus_aux.host.database import open_database
from ruckus_aux.host.root import Rooted

_CONTENT = "figures of earlier builds, and which volumes are Ruckus's,"


@dataclass(frozen=True)
class Entry:
    """What happened to a step.

    run: the make run that it was part of, named by its start (UTC).
    outcome: "built", "stored" (its artifact was taken from the store), "crashed" (it is tried once more), "failed" or
        "interrupted".
    started: seconds since 1970.
    wall, user, system: seconds.
    own: CPU seconds of Ruckus itself, which are not in user and system.
    memory: units of 1024 bytes of the largest process, as the kernel counts it; see `largest`.
    work, artifact: bytes of the working folder at its end, and of what was installed.
    peak: the same of all its processes together, at their most; see `together`.
    hits, misses: of ccache.
    reason: of a crash or of a failure outside of the script, in a few words.
    tests: what its test suite has come to, in words; "" when it has none.
    machine: the `start` of the MachineRun that it happened in, which knows no more than its times; "" for this host.
    """

    run: str
    step: str
    key: str
    outcome: str
    status: int
    started: float
    wall: float
    user: float
    system: float
    own: float
    memory: int
    work: int
    artifact: int
    peak: int = 0
    hits: int = 0
    misses: int = 0
    reason: str = ""
    machine: str = ""
    tests: str = ""

    @property
    def largest(self) -> int:
        """Bytes of the largest process."""
        return self.memory * 1024

    @property
    def together(self) -> int:
        """Bytes of all processes, at their most."""
        return self.peak * 1024

    @property
    def cpu(self) -> float:
        """CPU seconds of the script."""
        return self.user + self.system


@dataclass(frozen=True)
class Run:
    """A run of `build` over several architectures.

    run: its name. started: seconds since 1970.
    archs: their names, separated by commas.
    folders: their build directories, one a line.
    jobs: of make's jobserver.
    request: what was asked for, as options of `build`.
    """

    run: str
    started: float
    archs: str
    folders: str
    jobs: int
    request: str


@dataclass(frozen=True)
class End:
    """The end of a run.

    ended: seconds since 1970. status: exit status. wall: seconds.
    cpu: CPU seconds of the run with all that it started.
    reason: what failed outside of steps, a line for each.
    """

    run: str
    ended: float
    status: int
    wall: float
    cpu: float
    reason: str = ""


@dataclass(frozen=True)
class Sample:
    """The machine at a moment of a run.

    time: seconds since 1970. busy: processors that were not idle since the last look, a second before.
    memory: millions of bytes that are not available to new processes. jobs: job slots in use.
    running: names of the running steps, separated by spaces.
    """

    run: str
    time: float
    busy: float
    memory: int
    jobs: int
    running: str


@dataclass(frozen=True)
class Made:
    """A volume of Ruckus's, recorded before its creation starts, and once more when it is complete.

    path: its device, or its image file. uuid: of its file system. time: seconds since 1970.
    """

    run: str
    time: float
    path: str
    uuid: str
    file_system: str
    complete: int


@dataclass(frozen=True)
class MachineRun:
    """A machine that built natively, from its start to its end.

    builder: its name. kind: such as qemu. start: its UUID.
    began, ended: seconds since 1970; ended, when that was noticed.
    state: what became of it, in words.
    """

    run: str
    builder: str
    kind: str
    start: str
    began: float
    ended: float
    state: str

    @property
    def place(self) -> str:
        """Where it was, for people."""
        return f"{self.builder}, {self.kind}"


_Row = TypeVar("_Row", Entry, Run, End, Sample, Rooted, Made, MachineRun)


def _columns(kind: type[_Row]) -> str:
    return ", ".join(field.name for field in fields(kind))


def _columns_of(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


class Journal:
    """One file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, row: _Row) -> None:
        """Record a row."""
        kind = type(row)
        marks = ", ".join("?" * len(fields(kind)))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open_database(self.path, _CONTENT) as connection:
            # "end" is a word of SQL, hence the quotes.
            table = f'"{kind.__name__.lower()}"'
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, {_columns(kind)})")
            there = _columns_of(connection, table)
            for field in fields(kind):
                if field.name not in there:  # written by an earlier version
                    connection.execute(
                        f"ALTER TABLE {table} ADD COLUMN {field.name} NOT NULL DEFAULT {field.default!r}"
                    )
            connection.execute(f"INSERT INTO {table} ({_columns(kind)}) VALUES ({marks})", astuple(row))

    def rows(self, kind: type[_Row], run: str = "") -> list[_Row]:
        """The rows of a kind, in the order in which they were written; it changes nothing.

        Args:
            kind: The class of the rows.
            run: The name of the run that they belong to; "" for all.
        """
        if not self.path.exists():
            return []
        table = f'"{kind.__name__.lower()}"'
        with open_database(self.path, _CONTENT) as connection:
            there = _columns_of(connection, table)
            if not there:
                return []
            # What an earlier version has not written has its default.
            columns = [field.name if field.name in there else f"{field.default!r}" for field in fields(kind)]
            query = f"SELECT {', '.join(columns)} FROM {table} WHERE ? IN (run, '') ORDER BY id"
            return [kind(*row) for row in connection.execute(query, (run,))]

    def last_built(self) -> dict[str, Entry]:
        """The latest successful build of each step on this host."""
        return {step: entries[-1] for step, entries in self.built().items()}

    def built(self) -> dict[str, list[Entry]]:
        """The successful builds of each step on this host, the latest last."""
        found: dict[str, list[Entry]] = {}
        for entry in self.rows(Entry):
            if entry.outcome == "built" and not entry.machine:
                found.setdefault(entry.step, []).append(entry)
        return found
