# SPDX-License-Identifier: GPL-3.0-or-later
"""File trees that a step has left: looked at before anything is done with them, and made into trees of our own.

Whatever a script did, no function here leaves a tree through a symbolic link, at its top or below, and nothing that
can't be listed is left out in silence. All this happens after the script and what it started have ended.
"""

import errno
import os
import stat
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ruckus_aux.host.commands import digest
from ruckus_aux.host.trees import ANONYMOUS, FILE_KINDS, anonymous_tar, walk
from ruckus_aux.host.writing import copy_new
from ruckus_aux.recipes.environment import SOURCE_DATE_EPOCH
from ruckus_aux.words.errors import RuckusError

_TIMES = (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH)
PATH_LIMIT = 1024  # bytes below the tree's top: the kernel takes 4096 for the whole path


def take_tree(tree: Path, target: Path, step: str, *, inside: Path, ended: int, as_it_is: bool) -> int:
    """Make a tree of our own of what a step has left, the same whoever built it, and where.

    Its folders are new, and whoever still removes the old ones does not reach into them. Files are moved; those that
    have other names, perhaps outside of the tree, are copied. Owners, access lists and all bits of modes that a step
    gets from around it (setgid, what the group and others may write) or that the store does not keep (setuid) stay
    behind; so do files that every package would overwrite.

    Args:
        tree: what was left.
        target: where ours is made; nothing is there yet.
        step: whose tree it is, for messages.
        inside: the working folder as its script saw it, into which no symbolic link may lead.
        ended: when the script had ended, by the clock that files are dated with, in nanoseconds since 1970.
        as_it_is: a source: it keeps all of its files.

    Returns:
        How many folders were left: what `check_whole` wants to know.

    Raises:
        RuckusError: for what can't be installed, by name, with the tree as it was; and when somebody removed it
            meanwhile.
    """
    try:
        count = _look(tree, step, inside, ended)
        if _move(tree, target, as_it_is=as_it_is) == count:
            return count.folders
    except FileNotFoundError:
        pass
    raise _removed(tree, step)


def check_whole(tree: Path, step: str, folders: int) -> None:
    """Raise RuckusError when somebody removes what a step has left, perhaps since before it was taken.

    Args:
        tree: what was left; its files are taken, and as many folders as there were must still be there.
        step: whose tree it is.
        folders: what `take` has returned.
    """
    try:
        if sum(stat.S_ISDIR(status.st_mode) for _, status in walk(tree)) == folders:
            return
    except FileNotFoundError:
        pass
    raise _removed(tree, step)


def _removed(tree: Path, step: str) -> RuckusError:
    return RuckusError(f"{step}: {tree} was removed while it was stored", "the same make command continues")


class _Count(NamedTuple):
    folders: int
    others: int


def _look(tree: Path, step: str, inside: Path, ended: int) -> _Count:
    """Raise RuckusError for what can't be installed, or has changed since the script ended; returns its size."""
    kinds = Counter[int]()
    for path, status in walk(tree):
        kinds[stat.S_IFMT(status.st_mode)] += 1
        kind = stat.S_IFMT(status.st_mode)
        objection = ""
        if kind not in (stat.S_IFDIR, stat.S_IFREG, stat.S_IFLNK):
            objection = f"which is a {FILE_KINDS[kind]}"
        elif len(os.fsencode(path)) > PATH_LIMIT:
            objection = f"whose path is longer than {PATH_LIMIT} bytes"
        if objection:
            raise RuckusError(f"{step} installs {path}, {objection}", "let the recipe remove it")
        if kind == stat.S_IFLNK and inside in (link := (tree / path).readlink()).parents:
            raise RuckusError(f"{step} installs {path} as a link to {link}", "let the recipe make it relative")
        # A script may set the first of these times, into the future even; chmod changes the second one only.
        if kind == stat.S_IFDIR and ended < status.st_mtime_ns <= status.st_ctime_ns:
            raise _removed(tree, step)
    return _Count(kinds[stat.S_IFDIR], kinds.total() - kinds[stat.S_IFDIR])


def _move(tree: Path, target: Path, *, as_it_is: bool) -> _Count:
    """Move a tree's files into new folders; returns how much was there."""
    folders: list[tuple[Path, int]] = []
    links: dict[tuple[int, int], Path] = {}  # what is one file in the tree stays one
    files = 0
    for path, status in walk(tree):
        source, ours = tree / path, target / path
        if stat.S_ISDIR(status.st_mode):
            ours.mkdir()
            _drop_attributes(ours)  # before others inherit them
            folders.append((ours, _mode(status, as_it_is=as_it_is)))
            continue
        files += 1
        if _is_unwanted(path) and not as_it_is:
            continue
        if stat.S_ISLNK(status.st_mode):
            ours.symlink_to(source.readlink())
        elif first := links.get((status.st_dev, status.st_ino)):
            os.link(first, ours)
            continue
        else:
            if status.st_nlink > 1:
                links[status.st_dev, status.st_ino] = ours
            _move_file(source, ours, status)
            _drop_attributes(ours)
            ours.chmod(_mode(status, as_it_is=as_it_is))
        os.utime(ours, _TIMES, follow_symlinks=False)
    for ours, mode in folders:
        ours.chmod(mode)
        os.utime(ours, _TIMES)
    return _Count(len(folders), files)


def _is_unwanted(path: str) -> bool:
    """Whether a file points into a build directory, or every package would overwrite it."""
    # libtool's notes: obsolete with shared libraries, and full of paths. The index of info: install-info makes it.
    return path.endswith(".la") or f"/{path}".endswith("/info/dir")


def _mode(status: os.stat_result, *, as_it_is: bool) -> int:
    """The mode of a file or folder in the store; a source can be read by the user that steps are (sandbox.py)."""
    if as_it_is:
        readable = 0o755 if stat.S_ISDIR(status.st_mode) else 0o555 if status.st_mode & 0o100 else 0o444
        return status.st_mode & 0o755 | readable
    if not stat.S_ISDIR(status.st_mode):
        return status.st_mode & 0o755 | 0o400
    if status.st_mode & 0o1002 == 0o1002:
        return status.st_mode & 0o1777 | 0o700  # /tmp: only the step itself can have said so
    return status.st_mode & 0o755 | 0o700


def _move_file(source: Path, target: Path, status: os.stat_result) -> None:
    """Make a file that has one name into ours; another, or one on another file system, is copied."""
    if status.st_nlink == 1:
        try:
            source.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            if os.geteuid() == 0 and (status.st_uid or status.st_gid):
                os.chown(target, 0, 0, follow_symlinks=False)
            return
    elif not status.st_mode & 0o400:
        source.chmod(0o400)
    copy_new(source, target)


def _drop_attributes(path: Path) -> None:
    """Take away access lists and other extended attributes of a file or folder of ours."""
    with suppress(OSError):  # a file system without any, or one that only the kernel may change
        for name in os.listxattr(path, follow_symlinks=False):
            os.removexattr(path, name, follow_symlinks=False)


def tree_hash(tree: Path) -> str:
    """The SHA-256 of a tree as one tar archive that has no trace of when, where and by whom it was made."""
    # Status 1: a file got another hard link while it was read, when somebody made a view; its content is what counts.
    return digest(anonymous_tar(tree, SOURCE_DATE_EPOCH), env=ANONYMOUS, good=(0, 1))
