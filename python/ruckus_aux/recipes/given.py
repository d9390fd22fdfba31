# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a user's own goes into a system: who it is, and what a step is given: a file, or a folder, as one archive.

The archive has no trace of who made it, when, and with which umask: equal folders are equal files.
"""

import os
import shutil
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from ruckus_aux.host.commands import digest, run
from ruckus_aux.host.folders import check_readable
from ruckus_aux.host.trees import ANONYMOUS, FILE_KINDS, anonymous_tar
from ruckus_aux.recipes.hierarchy import ROOT_FILES, ROOT_FOLDERS
from ruckus_aux.recipes.manifest import sha256_of
from ruckus_aux.words.errors import Mistakes, RuckusError

_FORBIDDEN = stat.S_ISUID | stat.S_ISGID


def _archive(folder: Path) -> list[str]:
    return anonymous_tar(folder, 0, "--mode=ug-s,go-w")


def given_name(path: Path) -> str:
    """What a file or folder is called in $FILES."""
    return f"{path.name}.tar" if path.is_dir() else path.name


def given_hash(path: Path) -> str:
    """The SHA-256 of a file's content, or of a folder's, with its names and modes."""
    return digest(_archive(path), env=ANONYMOUS) if path.is_dir() else sha256_of(path)


def give_copy(path: Path, folder: Path) -> None:
    """Copy a file, or a folder as an archive, into a folder, with mode 644.

    A file's own mode is in no key, and some file systems have one mode for all: scripts name that of what they install.

    Args:
        path: What is given.
        folder: The step's $FILES.
    """
    target = folder / given_name(path)
    if path.is_dir():
        run([*_archive(path), f"--file={target}"], env=ANONYMOUS)
    else:
        shutil.copy2(path, target)
    target.chmod(0o644)


def check_laid_over(option: str, folder: Path, links: Collection[str], user: str = "") -> None:
    """Make sure that a folder can be laid over a system.

    Args:
        option: What named the folder.
        folder: Its files, at their paths from the system's root.
        links: What are links in that root.
        user: Who has to be in a passwd of its own; "" for nobody.

    Raises:
        RuckusError: With all that is wrong: it has links that lead out of it, devices, set-uid bits and the like.
    """
    check_readable(option, folder)
    mistakes = Mistakes()
    for path in sorted(folder.rglob("*")):
        with mistakes.collected(), suppress(PermissionError):  # below a folder that is among the mistakes
            _check_file(f"{option}: {path}", path, str(path.relative_to(folder)))
    for name in links:
        if os.path.lexists(folder / name):
            mistakes.add(f"{option}: {folder / name}: /{name} is a link in the system", f"lay it over usr/{name}")
    mistakes.check(f"mistakes in {folder}")
    passwd = folder / "etc/passwd"
    if user and passwd.is_file() and user not in _accounts(passwd):
        raise RuckusError(
            f"{option}: {passwd} has no '{user}', whom --with-user names",
            f"add a line: {user}:x:1000:999::/home/{user}:/bin/bash   (or leave one of the options out)",
        )


def check_new_user(option: str, name: str, *accounts: Path) -> None:
    """Make sure that a system does not have a user yet.

    Args:
        option: What named the user.
        name: The name.
        accounts: The passwd and group that the system has anyway.

    Raises:
        RuckusError: It is in one of them.
    """
    for path in accounts:
        if name in _accounts(path):
            raise RuckusError(f"{option}: '{name}' is in every system's {path.name}", f"another name: {option}=me")


def _accounts(path: Path) -> set[str]:
    return {line.partition(":")[0] for line in path.read_text(errors="replace").splitlines()}


def _check_file(place: str, path: Path, name: str) -> None:
    mode = path.lstat().st_mode
    kind = stat.S_IFMT(mode)
    if kind not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise RuckusError(f"{place} is a {FILE_KINDS[kind]}", "only files, folders and symbolic links can be laid over")
    if kind == stat.S_IFREG and mode & _FORBIDDEN:
        raise RuckusError(f"{place} is set-uid or set-gid", f"chmod ug-s {path}")
    if name in ROOT_FOLDERS and kind != stat.S_IFDIR:
        raise RuckusError(f"{place} is a {FILE_KINDS[kind]}, and /{name} in the system is a folder", "make it one")
    if name in ROOT_FILES and kind == stat.S_IFDIR:
        raise RuckusError(f"{place} is a folder, and /{name} in the system is none", "only a file can take its place")
    if kind != stat.S_IFLNK and not os.access(path, os.R_OK | (os.X_OK if kind == stat.S_IFDIR else 0)):
        raise RuckusError(f"{place}: this user can't read it", "change its mode, or its owner")
    if kind == stat.S_IFLNK:
        target, depth = path.readlink(), len(Path(name).parts)
        for part in target.parts:
            depth += -1 if part == ".." else 1
            if target.is_absolute() or depth < 1:
                raise RuckusError(f"{place} leads out of the folder, to {target}", "make it relative, as ln -sr does")
