# SPDX-License-Identifier: GPL-3.0-or-later
"""SQLite files, opened so that whatever is wrong with one is reported with the way out."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ruckus_aux.words.errors import RuckusError, of_the_system

_PATIENCE = 30.0  # seconds that another program's lock is waited for
LONGEST_PATH = 504  # bytes of a path that SQLite opens: 512 in its os_unix.c, with room for "-journal"
_LOCKS = Path("/proc/locks")
_ERRORS = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_IOERR: errno.EIO, sqlite3.SQLITE_READONLY: errno.EACCES}


@contextmanager
def open_database(path: Path, content: str) -> Iterator[sqlite3.Connection]:
    """Open an SQLite file; what was changed is written at the end, or nothing of it.

    Args:
        path: The file, which is created in its folder when it is missing.
        content: What it has, for the message when it is damaged.

    Raises:
        RuckusError: It is locked for too long, damaged, or can't be opened.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE)) as connection, connection:
            yield connection
    except sqlite3.Error as error:
        raise _explained(path, content, error) from error


def _explained(path: Path, content: str, error: sqlite3.Error) -> RuckusError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended part
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        holders = _holders(path)
        hint = (
            f"let it finish, or end it: kill {' '.join(map(str, holders))}" if holders else f"see who: fuser -v {path}"
        )
        names = ", ".join(f"process {pid}{name}" for pid, name in holders.items()) or "another program"
        return RuckusError(f"{path} is locked by {names}", f"{hint}; then the same command continues")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return RuckusError(
            f"{path} is damaged: {error}", f"move it away: mv {path} {path}.damaged   ({content} are lost with it)"
        )
    if code == sqlite3.SQLITE_CANTOPEN and len(os.fsencode(path.absolute())) > LONGEST_PATH:
        return RuckusError(
            f"{path} can't be opened: SQLite takes paths of at most {LONGEST_PATH} bytes",
            "build in a folder with a shorter one",
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return RuckusError(f"{path} can't be opened", f"see whose it is: ls -ld {path.parent} {path}")
    if code in _ERRORS:
        return of_the_system(OSError(_ERRORS[code], os.strerror(_ERRORS[code]), str(path)))
    return RuckusError(f"{path}: {error}", "RUCKUS_DEBUG=1 in the environment shows where")


def _holders(path: Path) -> dict[int, str]:
    """The processes that hold locks on a file, with their names in brackets; see proc_locks(5)."""
    holders: dict[int, str] = {}
    with suppress(OSError):
        status = path.stat()
        file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        for line in _LOCKS.read_text().splitlines():
            words = line.split()
            if file in words and (pid := int(words[words.index(file) - 1])) > 0:  # 0 of another PID namespace
                holders[pid] = ""
                with suppress(OSError):
                    holders[pid] = f" ({Path(f'/proc/{pid}/comm').read_text().strip()})"
    return holders
