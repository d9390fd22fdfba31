# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has installed what: an index of the stamps, so that a merge need not read them all.

The stamps are the truth, and what make sees. The index is brought up to date whenever it is opened: it knows each
stamp's file by inode, size and time, reads what is new, and forgets what is gone, in one transaction. So whatever has
become of it, removed, damaged, of another version, or behind since a crash, costs one reading of all stamps, no more.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import PENDING, Owner, Stamp, read_stamp, stamp_files
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import INSTALLED
from ruckus_aux.words.step_name import StepName

SYNCHRONOUS = "NORMAL"  # a power cut leaves it whole; see https://www.sqlite.org/pragma.html
_VERSION = 1  # of the tables
_TABLES = f"""
    PRAGMA user_version = {_VERSION};
    CREATE TABLE stamp (
        id INTEGER PRIMARY KEY, signature UNIQUE, path BLOB, root BLOB, step BLOB, key BLOB, replaces BLOB
    );
    CREATE TABLE file (name BLOB, stamp INTEGER, PRIMARY KEY (name, stamp)) WITHOUT ROWID;
"""


class Installed:
    """The index, while the stamps are locked (stamps.lock)."""

    def __init__(self, connection: sqlite3.Connection, settings: Settings) -> None:
        self._connection = connection
        self._folder = settings.stamps
        connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        with connection:
            if version != _VERSION:
                for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    connection.execute(f'DROP TABLE "{table}"')
                connection.executescript(_TABLES)
            self._update()
        rows = connection.execute("SELECT id, path, step, key, root, replaces FROM stamp")
        self._owners = {number: _owner(*columns) for number, *columns in rows}

    def _update(self) -> None:
        """Make it know just the stamps that there are."""
        known = dict(self._connection.execute("SELECT signature, id FROM stamp"))
        for path in stamp_files(self._folder):
            signature = _signature(path)
            if number := known.pop(_blob(signature), None):  # it may have been pending, and called otherwise
                self._connection.execute("UPDATE stamp SET path = ? WHERE id = ?", (_blob(path), number))
            elif stamp := read_stamp(path):
                self._add(stamp, signature)
        for number in known.values():
            self._connection.execute("DELETE FROM file WHERE stamp = ?", (number,))
            self._connection.execute("DELETE FROM stamp WHERE id = ?", (number,))

    def _add(self, stamp: Stamp, signature: str) -> None:
        values = (signature, stamp.path, stamp.root, stamp.step, stamp.key, "\n".join(stamp.replaces))
        row = [_blob(value) for value in values]
        number = self._connection.execute("INSERT INTO stamp VALUES (NULL, ?, ?, ?, ?, ?, ?)", row).lastrowid
        rows = ((_blob(name), number) for name in dict.fromkeys(stamp.files))
        self._connection.executemany("INSERT INTO file VALUES (?, ?)", rows)

    def of_step(self, step: str, root: Path) -> list[Stamp]:
        """The stamps of a step, also pending ones, of what was merged into a folder."""
        paths = [owner.path for owner in self._owners.values() if (owner.step, owner.root) == (step, root)]
        return [stamp for path in paths if (stamp := read_stamp(path))]

    def owners(self, name: str, root: Path) -> list[Owner]:
        """Who has installed a file, link or empty directory (with a slash at the end) below a folder."""
        numbers = self._connection.execute("SELECT stamp FROM file WHERE name = ?", (_blob(name),))
        owners = (self._owners[number] for (number,) in numbers)
        return [owner for owner in owners if owner.root == root]


def _owner(*columns: bytes) -> Owner:
    path, step, key, root, replaces = (column.decode(errors="surrogatepass") for column in columns)
    return Owner(Path(path), StepName(step), key, Path(root), tuple(map(StepName, replaces.split())))


def _blob(text: str | Path) -> bytes:
    """Names of files need not be UTF-8, but SQLite's texts must."""
    return str(text).encode(errors="surrogatepass")


def _signature(path: Path) -> str:
    """What changes when a stamp's file becomes another, but not when it is renamed because it is complete."""
    status = path.lstat()
    return f"{path.with_name(path.name.removesuffix(PENDING))} {status.st_ino} {status.st_size} {status.st_mtime_ns}"


@contextmanager
def installed(settings: Settings) -> Iterator[Installed]:
    """The index of a build directory, up to date; where it can't be kept, it is made for this once.

    Raises RuckusError when it turns out to be damaged while it is used: it is gone then, and will be made anew.
    """
    kept = settings.buildroot / INSTALLED
    for path in (kept, kept, ":memory:"):
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(closing(sqlite3.connect(path)))
                index = Installed(connection, settings)
            except sqlite3.DatabaseError:  # damaged, or there is no room for it
                _remove(kept)
                continue
            try:
                yield index
            except sqlite3.DatabaseError as error:
                _remove(kept)
                raise RuckusError(
                    f"{kept} was damaged: {error}", "the same command recreates it, and continues"
                ) from error
            return


def _remove(index: Path) -> None:
    for path in (index.with_name(f"{index.name}-journal"), index):  # in this order: the journal is of this file
        path.unlink(missing_ok=True)
