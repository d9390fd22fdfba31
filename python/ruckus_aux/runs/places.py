# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that configure is told: whether Ruckus can write there, and writes nothing else there."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from ruckus_aux.host import mounts
from ruckus_aux.host.folders import check_writable, leads_to, within
from ruckus_aux.words import paths
from ruckus_aux.words.errors import RuckusError


def check_own_folder(name: str, path: str, srcdir: str) -> None:
    """Make sure that Ruckus may write to a folder.

    Args:
        name: The option or variable that it was given as.
        path: An absolute path.
        srcdir: The source tree, which CLFS must not be in.

    Raises:
        RuckusError: It may not.
    """
    if leads_to(path, ("/", *paths.RESERVED)) or (name == "CLFS" and within(srcdir, path)):
        raise RuckusError(f"{name}: '{path}' belongs to the host", "choose a folder of its own")
    check_writable(name, Path(path))


def check_apart(places: Mapping[str, str], written: Mapping[str, Collection[str]]) -> None:
    """Make sure that no folder is where Ruckus writes something else.

    Args:
        places: The folders, by option or variable.
        written: What is written into each of them.

    Raises:
        RuckusError: One is.
    """
    for name, path in places.items():
        for one in sorted(one for other, names in written.items() if other != name for one in names):
            if within(path, one):
                raise RuckusError(f"{name}: '{path}' is inside {one}, which is Ruckus's own", "choose another folder")
    clfs, cache = places["CLFS"], places["--with-cache"]
    if cache == places["BUILDROOT"]:
        raise RuckusError(f"--with-cache: '{cache}' is BUILDROOT, too", "choose a folder of its own")
    if within(clfs, cache):
        raise RuckusError(f"CLFS: '{clfs}' is inside {cache}, which is Ruckus's own", "choose another folder")
    for name in ("BUILDROOT", "--prefix"):
        if clfs == places.get(name):
            raise RuckusError(f"CLFS: '{clfs}' is {name}, too", "give the system a folder of its own: CLFS=/...")


def check_only_read(option: str, folder: str, taken: Collection[str], written: Collection[str]) -> None:
    """Make sure that a folder is a user's own, wherever links lead: what is in it becomes a part of keys.

    Args:
        option: What named the folder.
        folder: The folder.
        taken: What must not be in it.
        written: What it must not be in.

    Raises:
        RuckusError: It is not.
    """
    real = os.path.realpath(folder)
    for path in sorted(taken):
        if within(os.path.realpath(path), real):
            raise RuckusError(f"{option}: '{folder}' has {path} in it, which is in use", "choose a folder of its own")
    for path in sorted(written):
        if within(real, os.path.realpath(path)):
            raise RuckusError(f"{option}: '{folder}' is inside {path}, which is Ruckus's own", "choose another folder")


def writable_mount(device: str, numbers: str) -> str:
    """The mount point of a device that the build user can write to.

    Args:
        device: Its name, for messages.
        numbers: Its numbers, as in mountinfo.

    Raises:
        RuckusError: It has none.
    """
    points = [mount for mount in mounts.mounted() if mount.is_of(numbers)]
    if not points:
        raise RuckusError(
            f"--with-install-dev: {device} is not mounted", f"mount it first, for instance: mount {device} /media/baby"
        )
    mount = next((mount for mount in points if mount.root == "/"), points[0])
    point = mount.point
    if "ro" in mount.options or not os.access(point, os.W_OK):
        raise RuckusError(
            f"--with-install-dev: {device} is mounted on {point}, which this user can't write to",
            f"as root: chown {os.getuid()}:{os.getgid()} {point}   (or mount it read-write)",
        )
    return str(point)
