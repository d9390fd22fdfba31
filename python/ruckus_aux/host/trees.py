# SPDX-License-Identifier: GPL-3.0-or-later
"""File trees: walked without leaving them through a symbolic link, listed, measured and removed."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ruckus_aux.host.commands import run
from ruckus_aux.words.errors import RuckusError

FILE_KINDS = {
    stat.S_IFLNK: "symbolic link",
    stat.S_IFREG: "file",
    stat.S_IFIFO: "FIFO",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device node",
    stat.S_IFBLK: "device node",
}


def walk(top: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Everything in a tree: its path in it and lstat(2); a folder, first of all ".", comes before its contents.

    A folder that its owner can't list or change is made accessible.
    Raises RuckusError when the tree is not a folder, and OSError where something can't be listed.
    """
    status = os.lstat(top)
    if not stat.S_ISDIR(status.st_mode):
        raise RuckusError(f"{top} is a {FILE_KINDS[stat.S_IFMT(status.st_mode)]}, and has to be a folder")
    yield ".", status
    pending = [(".", status)]
    while pending:
        folder, status = pending.pop()
        if ~status.st_mode & 0o700:
            os.chmod(top / folder, stat.S_IMODE(status.st_mode) | 0o700)
        descriptor = os.open(top / folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            with os.scandir(descriptor) as entries:
                listed = sorted((entry.name, entry.stat(follow_symlinks=False)) for entry in entries)
        finally:
            os.close(descriptor)
        for name, status in listed:
            path = name if folder == "." else f"{folder}/{name}"
            yield path, status
            if stat.S_ISDIR(status.st_mode):
                pending.append((path, status))


def listing(tree: Path) -> list[str]:
    """Every file, symbolic link and empty directory (with a slash at the end) of a tree, relative to it, sorted."""
    names, empty = [], set()
    for path, status in walk(tree):
        empty.discard(os.path.dirname(path) + "/")
        if not stat.S_ISDIR(status.st_mode):
            names.append(path)
        elif path != ".":
            empty.add(path + "/")
    return sorted([*names, *empty])


def is_missing(path: Path) -> bool:
    """Whether nothing is there; what this user may not look at counts as being there."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except PermissionError:
        return False
    return False


# For `anonymous_tar`: neither options of the user's, nor an order of his language's.
ANONYMOUS = {"TAR_OPTIONS": "", "LC_ALL": "C"}


def anonymous_tar(tree: Path, mtime: int, *options: str) -> list[str]:
    """The command that writes a tree as a tar archive which has no trace of when, where and by whom it was made.

    Args:
        tree: Its top folder.
        mtime: The time that all files get, in seconds since 1970.
        options: More of tar's.
    """
    words = ["tar", "--create", "--sort=name", "--format=gnu", "--owner=0", "--group=0", "--numeric-owner"]
    return [*words, f"--mtime=@{mtime}", *options, f"--directory={tree}", "."]


def size(tree: Path, counted: set[int] | None = None) -> int:
    """The bytes that a tree takes on disk; what can't be read is not counted.

    counted: the inodes of files with several names, which take their bytes once: those that are there take none here.
    """
    total = 0
    linked = set[int]() if counted is None else counted
    folders = [tree]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                    continue
                status = entry.stat(follow_symlinks=False)
                if status.st_ino in linked:
                    continue
                total += status.st_blocks * 512
                if status.st_nlink > 1:
                    linked.add(status.st_ino)
    return total


def remove(*paths: Path) -> None:
    """Remove file trees, whatever the modes of their directories are; no error when there is none."""
    there = [path for path in paths if os.path.lexists(path)]
    if not there:
        return
    status, _ = run(["rm", "-rf", "--", *there], check=False)
    if status != 0:  # an ordinary user's read-only directories
        # Directories only: files may be hard links to what is in the store.
        run(["find", *there, "-type", "d", "-exec", "chmod", "u+rwx", "{}", "+"], check=False)
        run(["rm", "-rf", "--", *there])


def make_folders(work: Path, names: Iterable[str]) -> None:
    """Make a folder, in place of what is there, and folders in it, which everybody may enter.

    Args:
        work: The folder.
        names: Those in it.
    """
    remove(work)
    for folder in (work, *(work / name for name in names)):
        folder.mkdir(parents=True)
        folder.chmod(0o755)  # whatever our umask is
