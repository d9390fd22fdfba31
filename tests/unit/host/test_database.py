# SPDX-License-Identifier: GPL-3.0-or-later

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ruckus_aux.host import database
from ruckus_aux.host.database import LONGEST_PATH, open_database
from ruckus_aux.words.errors import RuckusError


def change(path: Path) -> None:
    with open_database(path, "old figures") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS figures (a)")


def refused(path: Path) -> RuckusError:
    with pytest.raises(RuckusError) as caught:
        change(path)
    return caught.value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    change(path)
    return path


@pytest.mark.parametrize("known", [True, False])
def test_a_locked_file_is_not_called_damaged_and_who_holds_it_is_named(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    monkeypatch.setattr(database, "_PATIENCE", 0.01)
    status = path.stat()
    file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    line = f"1: POSIX  ADVISORY  WRITE {os.getpid() if known else 0} {file} 1073741825 1073741825\n"
    (tmp_path / "locks").write_text(f"2: FLOCK  ADVISORY  WRITE 1 00:2c:77 0 EOF\n{line}")
    monkeypatch.setattr(database, "_LOCKS", tmp_path / "locks")
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        error = refused(path)
    if known:
        assert error.message.startswith(f"{path} is locked by process {os.getpid()} (")
        assert f"kill {os.getpid()}; then the same command continues" in error.hint
    else:
        assert error.message == f"{path} is locked by another program"
        assert f"fuser -v {path}" in error.hint
    assert "mv " not in error.hint
    change(path)


def test_a_damaged_file_is_to_be_moved_away_and_what_is_lost_is_said(path: Path) -> None:
    path.write_text("no database at all, but a text that is long enough")
    error = refused(path)
    assert error.message.startswith(f"{path} is damaged")
    assert error.hint == f"move it away: mv {path} {path}.damaged   (old figures are lost with it)"


def path_of(length: int, folder: Path) -> Path:
    """A path of so many bytes in a new folder."""
    while length - len(str(folder)) > 200:
        folder /= "x" * 99
    folder.mkdir(parents=True, exist_ok=True)
    return folder / ("y" * (length - len(str(folder)) - 1))


def test_a_path_that_is_too_long_for_sqlite(tmp_path: Path) -> None:
    change(path_of(LONGEST_PATH, tmp_path))
    error = refused(path_of(LONGEST_PATH + 1, tmp_path))
    assert f"at most {LONGEST_PATH} bytes" in error.message
    assert "shorter" in error.hint


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    error = refused(tmp_path / "missing" / "journal")
    assert error.message == f"{tmp_path}/missing/journal can't be opened"
    assert error.hint.startswith("see whose it is: ls -ld ")
