# SPDX-License-Identifier: GPL-3.0-or-later
"""Write files so that nobody finds half of one: under another name first, and renamed when they are whole.

After a power cut, a renamed file may exist without its content, unless that was written to the disk first. `lasting` is
for files whose loss would matter; it costs some milliseconds.
"""

import errno
import os
from collections.abc import Iterator
from pathlib import Path


def write_whole(path: Path, text: str, *, lasting: bool = False) -> None:
    """Replace a file in a folder of ours, which has one writer at a time.

    Args:
        path: The file; until it is whole, it is called PATH.part.
        text: Its whole content.
        lasting: Whether it must be on the disk, with its content, when this returns.
    """
    partial = path.with_name(f"{path.name}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        settle(partial, path, lasting=lasting)
    except BaseException:  # a full disk: do not fill it further
        partial.unlink(missing_ok=True)
        raise


def settle(partial: Path, path: Path, *, lasting: bool = True) -> None:
    """Give a finished file its name.

    Args:
        partial: Its name so far, in the same folder.
        path: Its name from now on.
        lasting: As for `write_whole`.
    """
    if lasting:
        sync(partial)
    partial.rename(path)
    if lasting:
        sync(path.parent)


def make_durable_folder(path: Path) -> None:
    """Create a folder and those above it, so that it still exists after a power cut."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync(folder.parent)


def sync(path: Path) -> None:
    """Write a file's content, or a folder's names, to the disk (fsync(2))."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_new(source: Path, copy: Path) -> None:
    """Copy a plain file's content, with its holes, to a path where nothing is yet.

    Args:
        source: The file.
        copy: The path.

    Raises:
        FileExistsError: Something is there; it is not touched.
    """
    with source.open("rb", buffering=0) as data, copy.open("xb", buffering=0) as file:
        size = os.fstat(data.fileno()).st_size
        for start, end in _extents(data.fileno(), size):
            position = os.lseek(file.fileno(), start, os.SEEK_SET)
            while position < end:
                position += os.sendfile(file.fileno(), data.fileno(), position, end - position)
        os.truncate(file.fileno(), size)


def _extents(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Where a file has data: from each position up to another, in bytes (lseek(2), SEEK_HOLE)."""
    end = 0
    while end < size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # nothing but a hole is left
                raise
            return
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, end
