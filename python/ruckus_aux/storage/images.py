# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of images as they are at a moment, while their file systems may be mounted and written to."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ruckus_aux.host.locks import Named
from ruckus_aux.host.mounts import is_on
from ruckus_aux.host.root import Root
from ruckus_aux.host.writing import settle
from ruckus_aux.storage import commands
from ruckus_aux.storage.devices import Device, attached, mounts_of, not_open
from ruckus_aux.words.errors import RuckusError

_FROZEN = "frozen: "  # in a lock's note, before the numbers of the device and the mount point


def copy_image(access: Root, image: str, copy: Path, lock: Named, users: Sequence[str]) -> None:
    """Copy an image as it is at a moment; when it is mounted, its file system is frozen meanwhile.

    Args:
        access: Who runs commands as root.
        image: The file.
        copy: Where to.
        lock: On the image, held by the caller; it bears a note of the freeze, for `thaw`.
        users: Who uses it, as xen.holders has them.

    Raises:
        RuckusError: It is used in a way that this can't stop for a moment.
    """
    devices = attached(access, image)
    others = [user for user in users if " is mounted on " not in user]
    used = [dev for dev in devices if mounts_of(dev)]
    others += [f"it is mounted through {' and '.join(dev.path for dev in used)}"] if used[1:] else []
    if others:
        raise RuckusError(f"{image} can't be copied: {'; '.join(others)}", "end that first, and unmount it")
    if not devices:
        not_open(image)
    with _frozen(access, used, copy, lock):
        _copy(access, image, copy)


def _copy(access: Root, image: str, copy: Path) -> None:
    partial = copy.with_name(f"{copy.name}.part")
    command = ("cp", "--reflink=auto", "--sparse=always", image, str(partial))
    if access.dry:
        access.ordinary().run(command)
        return
    try:
        access.ordinary().run(command)
        settle(partial, copy)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _frozen(access: Root, used: Sequence[Device], copy: Path, lock: Named) -> Iterator[None]:
    """Freeze a mounted file system for a moment, with everything written out (fsfreeze(8))."""
    if not used:
        yield
        return
    (dev,) = used
    points = [mount.point for mount in mounts_of(dev)]
    point = next((point for point in points if is_on(point, dev.numbers)), None)
    if point is None:
        raise RuckusError(
            f"{dev.path} is mounted on {points[0]}, in a mount namespace that is not ours", "unmount it there"
        )
    for written in (copy, access.journal.path):
        if os.stat(written.parent).st_dev == os.stat(point).st_dev:
            raise RuckusError(
                f"{written.parent} is on {dev.path} itself", "choose another --build-dir: it must not freeze"
            )
    if not access.dry:
        lock.write(f"{_FROZEN}{dev.numbers} {point}")
    frozen = True
    try:
        try:
            access.run(commands.freeze(point))
        except RuckusError:  # also when somebody else has frozen it, and will thaw it
            frozen = False
            raise
        yield
    finally:
        if frozen:
            _thaw(access, point)
        if not access.dry:
            lock.write("")


def _thaw(access: Root, point: Path) -> None:
    status, output = access.run(commands.thaw(point), check=False)
    if status != 0 and "Invalid argument" not in output:  # what it says when nothing is frozen
        raise RuckusError(
            f"{point} is still frozen: processes that write to it wait", f"as root: fsfreeze --unfreeze {point}"
        )


def thaw_image(access: Root, lock: Named) -> None:
    """Thaw a file system that a killed process has left frozen.

    Args:
        access: Who runs commands as root.
        lock: On its image, held by the caller.

    Raises:
        RuckusError: That fails.
    """
    if access.dry or not lock.note.startswith(_FROZEN):
        return
    numbers, _, point = lock.note.removeprefix(_FROZEN).partition(" ")
    if is_on(Path(point), numbers):
        _thaw(access, Path(point))
    lock.write("")
