import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ruckus_aux import locks
from ruckus_aux.errors import RuckusError
from ruckus_aux.locks import lock_file, named


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
        real = os.stat(lock.path)
        monkeypatch.setattr(Path, "stat", lambda path: os.stat_result((*real[:4], 4712, *real[5:])))
        with pytest.raises(RuckusError, match="4712 has noted there"):
            assert lock.note
