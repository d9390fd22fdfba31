# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ruckus may write to and remove: folders that it made itself, on the device that was configured."""

import os
import shlex
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ruckus_aux.host import mounts
from ruckus_aux.host.commands import user_name
from ruckus_aux.host.folders import absolute, check_writable, chmod_of, leads_to
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import BUILD_NAMES, BUILDROOT_NAMES, CACHE_NAMES, CONF, MARKER, PREFIX_NAMES, RESERVED

_TEXT = "This folder was made by Ruckus, which removes it again.\n"
# Folders that a build is never to be in; it may be below them.
_OF_THE_HOST = ("/", "/boot", "/home", "/run", "/sys", "/var", *RESERVED)


def is_ours(folder: Path) -> bool:
    """Whether Ruckus has taken this folder before."""
    return (folder / MARKER).is_file()


def take_folder(folder: Path, names: Iterable[str]) -> None:
    """Take a folder for Ruckus, which writes files with these names there.

    Args:
        folder: The folder, which is created.
        names: The names.

    Raises:
        RuckusError: One of them exists already, and is someone else's.
    """
    if not is_ours(folder):
        check_names(folder, names)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARKER).write_text(_TEXT)


def check_build_folder(folder: Path, systems: Iterable[str] = ()) -> None:
    """Make sure, before anything is written, that a folder can be that of a build.

    Args:
        folder: An absolute path.
        systems: Names in it that the build's systems will have.

    Raises:
        RuckusError: Tools can't handle its path, it belongs to the host, it has someone else's files with names that
            Ruckus uses, or this user can't write to it.
    """
    absolute("--build-dir", str(folder))
    if is_ours(folder):
        return
    home = os.path.expanduser("~")  # a user may have none
    if leads_to(str(folder), (*_OF_THE_HOST, home)):
        whose = "your home folder" if leads_to(str(folder), [home]) else "the host's"
        raise RuckusError(
            f"--build-dir: {folder} is {whose}", "choose a folder of its own, for instance: --build-dir=build"
        )
    check_names(folder, (*BUILD_NAMES, *systems))
    check_writable("--build-dir", folder)


def check_names(folder: Path, names: Iterable[str]) -> None:
    """Make sure that a folder that is not ours yet has no files of someone else's with names that Ruckus uses.

    Args:
        folder: The folder.
        names: The names.

    Raises:
        RuckusError: It has.
    """
    for name in names:
        if os.path.lexists(folder / name):
            raise RuckusError(
                f"{folder / name} is there already, and Ruckus did not make it",
                "move it away, or choose another folder (--build-dir, BUILDROOT, --prefix or --with-cache)",
            )


def check_own_cache(cache: Path) -> None:
    """Raise RuckusError if a cache is another user's: it would trust us, and we would trust everything in it."""
    with suppress(FileNotFoundError):
        owner = (cache / MARKER).stat().st_uid
        if owner != os.geteuid():
            raise RuckusError(
                f"{cache} is the cache of {user_name(owner)}, and a cache has one owner, who can trust what is in it",
                f"configure --with-cache=FOLDER with one of your own, or build as {user_name(owner)}",
            )


def check_own_prefix(prefix: Path) -> None:
    """Raise RuckusError if the folder of --prefix is another user's: their builders boot what lies there."""
    with suppress(FileNotFoundError):
        owner = (prefix / MARKER).stat().st_uid
        if owner != os.geteuid():
            raise RuckusError(
                f"--prefix: {prefix} is the common hostprep of {user_name(owner)}",
                f"configure --prefix=FOLDER with one of your own, or build as {user_name(owner)}",
            )


def take_folders(settings: Settings) -> None:
    """Take BUILDROOT, the folder of --prefix and the cache for Ruckus, before anything is written there.

    Raises RuckusError when one of them has someone else's files with names that Ruckus uses, when root is about to
    build for another user or has done so, when the cache or --prefix is another user's, or can't be written to, and
    when $CLFS is not on the device of --with-install-dev (it is no longer mounted, for example).
    """
    refuse_root(settings.builddir / CONF)
    for name in (MARKER, *BUILDROOT_NAMES):
        path = settings.buildroot / name
        if os.geteuid() != 0 and os.path.lexists(path) and path.lstat().st_uid == 0:
            raise RuckusError(f"{path} belongs to root, who has run make here", reopening(settings))
    # A lock file may be put there to be named to configure.
    take_folder(settings.buildroot, [name for name in BUILDROOT_NAMES if settings.buildroot / name != settings.lock])
    if settings.prefix:
        check_own_prefix(settings.prefix)
        check_writable("--prefix", settings.boot_files)
        take_folder(settings.prefix, PREFIX_NAMES)
    check_own_cache(settings.cache)
    take_folder(settings.cache, CACHE_NAMES)
    if settings.install_dev:
        settings.clfs.mkdir(parents=True, exist_ok=True)
    check_device(settings)


def check_device(settings: Settings) -> None:
    """Raise RuckusError when $CLFS is not on the device of --with-install-dev: it is no longer mounted, for example."""
    if settings.install_dev:
        mount = mounts.holding(settings.clfs)
        if mount is None or not mount.is_of(mounts.device_numbers(os.stat(settings.install_dev))):
            raise RuckusError(
                f"{settings.clfs} is not on {settings.install_dev}, as it was when configure ran",
                f"mount it again: mount {settings.install_dev} {settings.clfs}",
            )


def refuse_root(witness: Path) -> None:
    """Raise RuckusError when root is about to write into another user's folder, who could not continue there.

    witness: A file in the folder, created by its user; if it is missing, nothing was created yet.
    """
    if os.geteuid() == 0 and witness.exists() and (owner := witness.stat().st_uid) != 0:
        name = user_name(owner)
        raise RuckusError(
            f"{witness.parent} is a build of {name}, and what root writes there would be in the way",
            f"run this as {name}, without sudo; only `make bootstrap-install` and `make clean` may be root's",
        )


def is_closed(root: Path, user: int) -> bool:
    """Whether a system was given to root, so that it can't be changed until root gives it back.

    Args:
        root: Its root directory.
        user: Numeric ID of the user who builds it.
    """
    if user == 0 or not root.exists():
        return False
    status = root.stat()
    return status.st_uid == 0 and not status.st_mode & 0o022


def reopening(settings: Settings) -> str:
    """How to continue where root has been at work."""
    return (
        f"to go on building: sudo make -C {shlex.quote(str(settings.builddir))} bootstrap-reopen\n"
        "(it gives everything back to who configured; bootstrap-install can be run again)"
    )


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """When this user may not read or change a file of a build, say whose it is or what its mode is, and the way out."""
    try:
        yield
    except PermissionError as error:
        path = Path(os.fsdecode(error.filename or ""))
        places = (settings.builddir, settings.buildroot, settings.clfs)
        ours = [one for one in (path, *path.parents) if any(map(one.is_relative_to, places)) and os.path.lexists(one)]
        for one in ours:
            if (owner := one.lstat().st_uid) != os.geteuid():
                message = f"{path}: {error.strerror}: {one} belongs to {user_name(owner)}"
                raise RuckusError(message, reopening(settings)) from error
        for one in reversed(ours):
            if chmod := chmod_of(one):
                message = f"{path}: {error.strerror}: {one} is yours, with mode {stat.S_IMODE(one.lstat().st_mode):03o}"
                raise RuckusError(message, f"let yourself use it: {chmod}") from error
        raise
