# SPDX-License-Identifier: GPL-3.0-or-later

import errno
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

import psutil
import pytest

from ruckus_aux.host import locks
from ruckus_aux.host.locks import held, lock_file, named, note_on, try_held
from ruckus_aux.words.errors import RuckusError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of locks, which all users may write to."""
    monkeypatch.setattr(locks, "_folder", lambda: tmp_path)
    return tmp_path


def test_names_that_look_alike_have_files_of_their_own() -> None:
    assert len({lock_file(name) for name in ("vg00-a", "vg00/a", "vg00 a", "x" * 200, "x" * 201)}) == 5


def test_other_users_may_take_a_lock_whatever_the_umask_is(folder: Path) -> None:
    before = os.umask(0o077)
    with named("a"):
        os.umask(before)
    assert lock_file("a").stat().st_mode & 0o777 == 0o644


def test_one_at_a_time_and_a_note_outlives_its_holder() -> None:
    with named("a") as lock:
        lock.write("to one")
        with pytest.raises(RuckusError, match="another Ruckus process"), named("a"):
            pass
        with named("b"):
            pass
    with named("a") as lock:
        assert lock.note == "to one"
        lock.write("")
    with named("a") as lock:
        assert lock.note == ""


@pytest.mark.parametrize("put", [os.link, os.symlink])
def test_what_is_put_in_the_place_of_a_lock_that_is_held_is_neither_read_nor_written(
    tmp_path: Path, put: Callable[[Path, Path], None]
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("secret")
    with named("a") as lock:
        lock.write("to one")
        lock_file("a").unlink()
        put(victim, lock_file("a"))
        assert lock.note == "to one"
        lock.write("to another")
        assert lock.note == "to another"
    assert victim.read_text() == "secret"
    with pytest.raises(RuckusError, match="ruckus-a-"):
        note_on("a")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/etc/passwd", path)])
def test_what_somebody_has_put_in_the_place_of_a_lock(make: Callable[[Path], None]) -> None:
    make(lock_file("a"))
    with pytest.raises(RuckusError, match="ruckus-a-") as caught, named("a"):
        pass
    assert "root" in caught.value.hint


def test_the_note_of_another_user_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    with named("a") as lock:
        lock.write("to one; set read-only: /dev/sda")
        monkeypatch.setattr(os, "getuid", lambda: 4711)
        real = os.stat(lock_file("a"))
        monkeypatch.setattr(os, "fstat", lambda descriptor: os.stat_result((*real[:4], 4712, *real[5:])))
        with pytest.raises(RuckusError, match="4712 has noted there"):
            assert lock.note


@contextmanager
def waiting(path: Path, what: str = "i686/cross/gcc") -> Iterator[threading.Event]:
    """Another thread that wants a lock; yields the event that it got it."""
    got = threading.Event()

    def wait() -> None:
        with held(path, what, Path("/b/two")):
            got.set()

    thread = threading.Thread(target=wait)
    thread.start()
    yield got
    thread.join(10)
    assert got.is_set()


def said(lines: SimpleQueue[str], text: str) -> str:
    """The next line that is printed and has some text in it."""
    while text not in (line := lines.get(timeout=10)):
        pass
    return line


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> SimpleQueue[str]:
    """What the impatient print; capsys loses what one thread prints while another reads there."""
    lines = SimpleQueue[str]()
    monkeypatch.setattr(locks, "print", lambda line, flush: lines.put(line), raising=False)
    monkeypatch.setattr(locks, "PATIENCE", 0.0)
    monkeypatch.setattr(locks, "POLL", 0.01)
    return lines


def test_who_waits_says_for_whom_once(tmp_path: Path, lines: SimpleQueue[str]) -> None:
    path = tmp_path / "deep" / "lock"
    with ExitStack() as holding:
        holding.enter_context(held(path, "x86_64/cross/gcc", Path("/b/one")))
        with waiting(path) as got:
            start = f"  WAITING  i686/cross/gcc: process {os.getpid()} on "
            line = lines.get(timeout=10)
            assert line.startswith(start)
            assert line.endswith(" has x86_64/cross/gcc in /b/one")
            assert not got.wait(0.1)
            assert lines.empty()
            holding.close()


def test_that_a_holder_is_stopped_or_gone_is_said(
    tmp_path: Path, lines: SimpleQueue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    monkeypatch.setattr(psutil.Process, "status", lambda self: psutil.STATUS_STOPPED)
    with ExitStack() as holding:
        holding.enter_context(held(path, "x86_64/cross/gcc", Path("/b/one")))
        with waiting(path):
            said(lines, f"which is stopped; it goes on with: kill -CONT {os.getpid()}")
            note = json.loads(path.read_text())
            path.write_text(json.dumps({**note, "pid": 999_999_999}))
            said(lines, "which is gone; something that it has started still runs")
            path.write_text(json.dumps({**note, "host": "else\nwhere\033[31m"}))
            assert "on else?where?[31m has " in said(lines, "else")
            path.write_text("not a note")
            said(lines, f"another process holds {path}")
            holding.close()


def test_a_lock_whose_file_was_removed_by_its_holder(tmp_path: Path) -> None:
    """Who waited for it has to lock the file that stands there by then."""
    path = tmp_path / "lock"
    with ExitStack() as holding, ExitStack() as new:
        holding.enter_context(held(path))
        with waiting(path) as got:
            time.sleep(0.05)  # it has opened the old file by now
            path.unlink()
            assert new.enter_context(try_held(path)) is not None, "it is a new file"
            holding.close()
            assert not got.wait(0.1)
            new.close()


def test_who_inherits_a_lock_can_write_nothing_into_its_file(tmp_path: Path) -> None:
    with held(tmp_path / "lock", "a step", tmp_path) as descriptor, pytest.raises(OSError, match="Bad file descriptor"):
        os.write(descriptor, b"nonsense")
    assert json.loads((tmp_path / "lock").read_text())["what"] == "a step"


def test_a_file_system_that_locks_only_what_can_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fcntl.flock

    def nfs(file: TextIO, kind: int) -> None:
        if fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(file, kind)

    monkeypatch.setattr(fcntl, "flock", nfs)
    with held(tmp_path / "lock"), try_held(tmp_path / "lock") as descriptor:
        assert descriptor is None
