# SPDX-License-Identifier: GPL-3.0-or-later
"""Check paths that are given to configure: how they are written, and what this user may do there."""

import os
import re
import shlex
import shutil
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ruckus_aux.host.commands import run
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.terminal import readable_size

LONGEST = 400  # characters of a path: below it are journals, see LONGEST in database.py
_LONGEST_NAME = 255  # of one file, in every usual file system
_PLAIN = re.compile(r"/[A-Za-z0-9_.+@%/-]*")  # no space, no colon, nothing special to sh, make or sed


def within(inner: str, outer: str) -> bool:
    """Whether a path is another one, or below it.

    Args:
        inner: The path that may be the lower one.
        outer: The other one.
    """
    return Path(outer) == Path(inner) or Path(outer) in Path(inner).parents


def leads_to(path: str, places: Iterable[str]) -> bool:
    """Whether a path is one of some places, or leads to one through symbolic links.

    Args:
        path: An absolute path.
        places: The places.
    """
    return os.path.realpath(path) in map(os.path.realpath, places)


def absolute(name: str, value: str) -> str:
    """An absolute path that tools can handle, without a slash at its end.

    Args:
        name: The option or variable that it was given as.
        value: What was given.

    Returns:
        The path, without repeated slashes.

    Raises:
        RuckusError: It is none.
    """
    if not value.startswith("/"):
        raise RuckusError(
            f"{name}: '{value}' is not an absolute path", f"give one that starts with a slash: {name}=/..."
        )
    if not _PLAIN.fullmatch(value):
        raise RuckusError(
            f"{name}: '{value}' has a space, a colon or another character that make, sh or a search path would split",
            "use letters, digits and any of / . _ - + @ %",
        )
    path = os.path.normpath(value).replace("//", "/")
    if ".." in value.split("/"):
        raise RuckusError(f"{name}: '{value}' goes up with ..", f"write it without: {path}")
    if len(path) > LONGEST or any(len(part) > _LONGEST_NAME for part in path.split("/")):
        raise RuckusError(
            f"{name}: '{value}' is too long",
            f"at most {LONGEST} characters, and {_LONGEST_NAME} between two slashes, can be used",
        )
    return path


def nearest(name: str, path: Path) -> Path:
    """A path, or what exists of it.

    Args:
        name: The option or variable that it was given as.
        path: An absolute path.

    Returns:
        The path, or the nearest above it that exists; the last that was left out is a name there that is free.

    Raises:
        RuckusError: This user may not look there, or a symbolic link leads nowhere.
    """
    for there in (path, *path.parents):
        try:
            there.stat()
        except NotADirectoryError:
            continue
        except FileNotFoundError as error:
            if there.is_symlink():
                hint = f"make what it leads to: mkdir -p {os.path.realpath(there)}   (or choose another path)"
                raise RuckusError(f"{name}: {there} is a symbolic link that leads nowhere", hint) from error
        except OSError as error:
            raise RuckusError(f"{name}: {there}: {error.strerror}", "choose a folder that this user may use") from error
        else:
            return there
    return Path("/")


def chmod_of(path: Path) -> str:
    """The command that gives this user the rights that a file of their own denies to them; "" when it denies none."""
    status = path.lstat()
    is_folder = stat.S_ISDIR(status.st_mode)
    bits = {"r": stat.S_IRUSR, "w": stat.S_IWUSR, **({"x": stat.S_IXUSR} if is_folder else {})}
    denied = "".join(letter for letter, bit in bits.items() if not status.st_mode & bit)
    return shlex.join(["chmod", f"u+{denied}", str(path)]) if denied and status.st_uid == os.geteuid() else ""


def check_readable(name: str, path: Path) -> None:
    """Make sure that a folder is there, and that this user can read it.

    Args:
        name: The option or variable that it was given as.
        path: An absolute path.

    Raises:
        RuckusError: It is not, or this user can't.
    """
    if nearest(name, path) != path or not path.is_dir():
        raise RuckusError(f"{name}: '{path}' is not a folder", "make it, or leave the option out")
    if not os.access(path, os.R_OK | os.X_OK):
        raise RuckusError(f"{name}: this user can't read {path}", chmod_of(path) or "change its mode, or its owner")


def check_writable(name: str, path: Path) -> None:
    """Make sure that a folder, or the nearest that exists above it, can be written to.

    Args:
        name: The option or variable that it was given as.
        path: An absolute path.

    Raises:
        RuckusError: It can't, or is not a folder.
    """
    existing = nearest(name, path)
    if not existing.is_dir():
        raise RuckusError(f"{name}: {existing} is not a folder", "choose another path")
    if not os.access(existing, os.W_OK | os.X_OK):
        way_out = chmod_of(existing) or "change its owner"
        raise RuckusError(
            f"{name}: {path}: this user can't write to {existing}", f"choose another folder, or {way_out}"
        )


def check_runnable(name: str, path: Path) -> None:
    """Make sure, by running one, that programs in a folder, or in one that is made there, can be run.

    Args:
        name: The option or variable that it was given as.
        path: An absolute path that can be written to.

    Raises:
        RuckusError: They can't: it may be mounted with noexec.
    """
    existing = nearest(name, path)
    with tempfile.TemporaryDirectory(prefix="conftest.", dir=existing) as scratch:
        script = Path(scratch) / "conftest.sh"
        script.write_text("#!/bin/sh\n")
        script.chmod(0o755)
        try:
            run([script])
        except OSError as error:
            raise RuckusError(
                f"{name}: programs in {path} can't be run: {error.strerror}",
                f"choose another folder, or mount it without noexec; how it is mounted: findmnt -T {existing}",
            ) from error


def check_space(name: str, path: Path, needed: float) -> None:
    """Make sure that there is room on a folder's disk.

    Args:
        name: The option or variable that it was given as.
        path: An absolute path.
        needed: Bytes.

    Raises:
        RuckusError: There is not.
    """
    existing = nearest(name, path)
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise RuckusError(
            f"{name}: {existing} has {readable_size(free)} free, and a build needs {readable_size(needed)}",
            f"choose another folder: {name}=/...",
        )
