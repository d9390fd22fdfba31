"""The store: the file tree that each step installed, under the step's key.

An artifact is complete or not there. It is put together outside the store and renamed into it, after the file system
was told to write it out. Nothing in the store is changed afterwards.
"""

import errno
import os
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from ruckus_aux.host import run
from ruckus_aux.locks import held

# gcc and others look at the clock; a tree that is the same must have the same times.
SOURCE_DATE_EPOCH = 1577836800  # 2020-01-01


class Store:
    """The artifacts of a cache folder, shared by every build directory that uses the cache."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "store"

    def tree(self, key: str) -> Path:
        """Where the artifact of this key is, or would be."""
        return self.folder / key

    def __contains__(self, key: str) -> bool:
        return self.tree(key).is_dir()

    def add(self, key: str, tree: Path, *, as_it_is: bool = False) -> None:
        """Move a finished file tree into the store.

        as_it_is: with all its files; else those that must not be installed are removed.
        """
        if not as_it_is:
            _remove_unwanted(tree)
        _equalize_times(tree)
        self.folder.mkdir(parents=True, exist_ok=True)
        staged = self.scratch(key)
        try:
            tree.rename(staged)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            run(["cp", "-a", tree, staged])
        run(["sync", "-f", staged])
        staged.rename(self.tree(key))

    def scratch(self, name: str) -> Path:
        """A free path on the store's file system for what this process has not finished."""
        folder = self.folder / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.{os.getpid()}"
        remove(path)
        return path

    def sweep(self) -> None:
        """Remove what processes that were killed have left in scratch paths."""
        for path in (self.folder / "tmp").glob("*.*"):
            if not Path("/proc", path.suffix[1:]).exists():
                remove(path)

    def claim(self, key: str) -> AbstractContextManager[int]:
        """Hold a key while its artifact is made; another build that wants the same one waits, and then finds it."""
        return held(self.folder / "locks" / key)


def listing(tree: Path) -> list[str]:
    """Every file, symbolic link and empty directory of a tree, relative to it, sorted."""
    paths = []
    for folder, directories, files in os.walk(tree):
        here = os.path.relpath(folder, tree)
        names = files + [name for name in directories if os.path.islink(os.path.join(folder, name))]
        paths += [os.path.normpath(os.path.join(here, name)) for name in names]
        if not directories and not files and here != ".":
            paths.append(here + "/")
    return sorted(paths)


def size(tree: Path) -> int:
    """The bytes that a tree takes on disk; what can't be read is not counted."""
    total = 0
    for folder, _, names in os.walk(tree):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
    return total


def remove(path: Path) -> None:
    """Remove a file tree, whatever the modes of its directories are; no error when there is none."""
    if not os.path.lexists(path):
        return
    status, _ = run(["rm", "-rf", "--", path], check=False)
    if status != 0:  # an ordinary user's read-only directories
        # Directories only: files may be hard links to what is in the store.
        run(["find", path, "-type", "d", "-exec", "chmod", "u+rwx", "{}", "+"], check=False)
        run(["rm", "-rf", "--", path])


def _remove_unwanted(tree: Path) -> None:
    """Take out what points into a build directory, and what every package would overwrite."""
    for path in tree.rglob("*.la"):
        path.unlink()  # libtool's notes: obsolete with shared libraries, and full of paths
    for path in tree.rglob("info/dir"):
        path.unlink()  # every package writes its own; install-info makes it again


def _equalize_times(tree: Path) -> None:
    """Take out of a tree when it was made; and no file of a source is newer than what is made from it."""
    for folder, directories, files in os.walk(tree):
        for name in [*files, *directories, "."]:
            with suppress(FileNotFoundError):
                os.utime(os.path.join(folder, name), (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH), follow_symlinks=False)
