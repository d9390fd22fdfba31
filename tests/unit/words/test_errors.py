# SPDX-License-Identifier: GPL-3.0-or-later

import errno
from pathlib import Path

import pytest

from ruckus_aux.words.errors import Mistakes, RuckusError, afterwards, naming, of_the_system


@pytest.mark.parametrize(
    ("number", "way_out"),
    [
        (errno.ENOSPC, "make room there (df -h, df -i); then the same command continues"),
        (errno.EROFS, "mount it read-write; then the same command continues"),
        (errno.EACCES, "give this user the right; then the same command continues"),
        (errno.EIO, "its disk is damaged, or gone (see dmesg)"),
        (errno.ENAMETOOLONG, "RUCKUS_DEBUG=1 in the environment shows where"),
    ],
)
def test_an_error_of_the_system_names_file_and_way_out(number: int, way_out: str) -> None:
    told = of_the_system(OSError(number, "what it is", "/b/one", None, "/b/two"), "i686/cross/gcc")
    assert told.message == "i686/cross/gcc: /b/one -> /b/two: what it is"
    assert way_out in told.hint
    assert ("continues" in told.hint) == (number in (errno.ENOSPC, errno.EROFS, errno.EACCES))


def test_a_current_directory_that_was_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileNotFoundError) as caught:
        Path("image").absolute()
    assert of_the_system(caught.value).message == "the current directory was removed"
    other = FileNotFoundError(errno.ENOENT, "No such file or directory", "/b/log")
    assert of_the_system(other).message == "/b/log: No such file or directory"


def test_a_write_names_its_file() -> None:
    """As the kernel tells it, an error of writing to an open file has no name."""
    with pytest.raises(OSError, match="space") as caught, naming(Path("/b/log")):
        raise OSError(errno.ENOSPC, "no space")
    assert of_the_system(caught.value).message == "/b/log: no space"
    with pytest.raises(OSError, match="space") as caught, naming(Path("/b/log")):
        raise OSError(errno.ENOSPC, "no space", "/c/other")
    assert of_the_system(caught.value).message == "/c/other: no space"


def test_what_failed_first_is_told_and_not_that_cleaning_up_failed() -> None:
    def clean_up() -> None:
        raise RuckusError("'rm' failed")

    with pytest.raises(OSError, match="read-only"), afterwards(clean_up):
        raise OSError(errno.EROFS, "read-only")
    with pytest.raises(RuckusError, match="'rm' failed"), afterwards(clean_up):
        pass


def test_one_mistake_is_told_as_it_is_and_several_together() -> None:
    mistakes = Mistakes()
    mistakes.check()
    with mistakes.collected():
        raise RuckusError("one", "do this")
    for _ in range(2):
        with pytest.raises(RuckusError, match=r"^one$") as caught:
            mistakes.check()
        mistakes.add("one", "do this")  # the same, once more
    assert caught.value.hint == "do this"
    mistakes.add("another")
    with pytest.raises(RuckusError, match=r"^2 wrong things$") as caught:
        mistakes.check("wrong things")
    assert caught.value.hint == "one\n  do this\nanother"
