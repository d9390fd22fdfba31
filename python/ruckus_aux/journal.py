"""The journal: an SQLite file with one row for every time that a step was built, taken from the store, or failed."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

BUSY = 30.0  # seconds that a writer waits for another


@dataclass(frozen=True)
class Entry:
    """What happened to a step.

    run: the make run that it was part of, named by its start (UTC).
    outcome: "built", "stored" (its artifact was taken from the store), "failed" or "interrupted".
    started: seconds since 1970.
    wall, user, system: seconds.
    own: CPU seconds of Ruckus itself, which are not in user and system.
    memory: KB of the largest process.
    work, artifact: bytes of the working folder at its end, and of what was installed.
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


_COLUMNS = ", ".join(field.name for field in fields(Entry))
_SCHEMA = f"CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, {_COLUMNS})"


class Journal:
    """The journal of a build directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=BUSY)) as connection, connection:
            connection.execute(_SCHEMA)
            yield connection

    def add(self, entry: Entry) -> None:
        """Record an entry."""
        marks = ", ".join("?" * len(fields(Entry)))
        with self._open() as connection:
            connection.execute(f"INSERT INTO entry ({_COLUMNS}) VALUES ({marks})", astuple(entry))

    def last_built(self) -> dict[str, Entry]:
        """The latest successful build of each step."""
        if not self.path.exists():
            return {}
        query = f"SELECT {_COLUMNS} FROM entry WHERE outcome = 'built' ORDER BY id"
        with self._open() as connection:
            return {entry.step: entry for entry in (Entry(*row) for row in connection.execute(query))}

    def cost(self) -> dict[str, float]:
        """The CPU seconds that each step took when it was last built."""
        return {step: entry.user + entry.system for step, entry in self.last_built().items()}
