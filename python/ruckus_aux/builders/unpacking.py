# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack archives that a machine has written: what is in them decides nothing, and gets nowhere but into its folder."""

import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ruckus_aux.words.errors import RuckusError

_BROUGHT = re.compile(r"(log|artifacts)/[A-Za-z0-9][A-Za-z0-9._+-]{0,250}|end")
_LONGEST = 4096  # bytes of a link's target
_MOST = 300_000  # members of an archive


def brought_home(device: BinaryIO, folder: Path, room: int) -> list[str]:
    """Unpack a results device's archive: logs, artifacts, and `end`, as plain files.

    Args:
        device: It, at the archive's beginning.
        folder: An empty folder.
        room: Bytes that all of it may have.

    Returns:
        What was wrong with it; nothing of that was unpacked.
    """
    problems = []
    try:
        with tarfile.open(fileobj=device, mode="r|") as archive:
            for member in _members(archive):
                if member.isdir() and member.name.rstrip("/") in ("log", "artifacts"):
                    continue
                if not _BROUGHT.fullmatch(member.name) or not _is_plain(member) or member.size > room:
                    problems.append(f"{member.name[:200]!r} is nothing that a runner brings")
                    continue
                room -= member.size
                _write(archive, member, folder / member.name)
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        problems.append(f"the archive is damaged: {error}")
    return problems


def unpack_tree(path: Path, tree: Path) -> None:
    """Unpack a step's artifact into a new folder: files, folders, and links, none of which is ever followed.

    Args:
        path: The archive, which is not compressed: what is in it is no larger than it is.
        tree: The folder.

    Raises:
        RuckusError: There is something else in it.
    """
    tree.mkdir()
    folders = {tree}
    files: dict[str, Path] = {}
    with _readable(path), tarfile.open(path, mode="r:") as archive:
        for member in _members(archive):
            name = member.name.removeprefix("./").rstrip("/")
            if name in ("", "."):
                continue
            parts = name.split("/")
            target = tree / name
            if member.name.startswith("/") or {"", ".", ".."} & set(parts) or "\0" in name:
                raise _refused(path, name, "is no path below the system's root")
            if target.parent not in folders:
                raise _refused(path, name, "is in nothing that is a folder")
            if member.isdir():
                if target not in folders:
                    target.mkdir()
                target.chmod(member.mode & 0o1777 | 0o700)
                folders.add(target)
            elif target in folders or target.is_symlink() or target.exists():
                raise _refused(path, name, "is there twice")
            elif member.issym() and 0 < len(member.linkname) <= _LONGEST:
                target.symlink_to(member.linkname)
            elif member.islnk() and (first := files.get(member.linkname.removeprefix("./"))):
                target.hardlink_to(first)
            elif _is_plain(member):
                _write(archive, member, target)
                target.chmod(member.mode & 0o755 | 0o400)
                files[name] = target
            else:
                raise _refused(path, name, "is no file, folder or link")


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for number, member in enumerate(archive):
        if number > _MOST:
            raise tarfile.ReadError("it has no end")
        yield member


def _is_plain(member: tarfile.TarInfo) -> bool:
    """Whether it is a file as large as its archive has it: a sparse one may be of any size."""
    return member.isreg() and member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(member)
    if source is None:
        raise tarfile.ReadError(f"{member.name} can't be read")
    with source, path.open("xb") as file:
        shutil.copyfileobj(source, file)
    if path.stat().st_size != member.size:
        raise tarfile.ReadError(f"{member.name} is cut off")


def _refused(path: Path, name: str, why: str) -> RuckusError:
    return RuckusError(f"{path.name}: {name[:200]!r} {why}", "see the step's log, and what its script installs")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise RuckusError(f"{path.name} is damaged: {error}", "start the builder again") from error
