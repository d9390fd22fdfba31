"""Copies of images as they are at a moment, while their file systems may be mounted and written to."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ruckus_aux import root
from ruckus_aux.devices import Device, attached, domains, mounts_of, users
from ruckus_aux.errors import RuckusError
from ruckus_aux.mounts import holding
from ruckus_aux.root import Root


def copy_image(access: Root, image: str, copy: Path, notes: Path) -> None:
    """Copy an image as it is at a moment; when it is mounted, its file system holds still meanwhile.

    notes: the folder for `thaw`. The caller holds the lock on the image.
    Raises RuckusError when it is used in a way that this can't stop for a moment.
    """
    devices = attached(access, image)
    points = [mount.point for dev in devices for mount in mounts_of(dev)]
    others = [user for dev in devices for user in users(access, dev) if " is mounted on " not in user]
    others += [f"it is held by Xen's {one}" for dev in devices for one in domains(access, dev)]
    if others or len(points) > 1:
        reason = "; ".join(others) or f"it is mounted on {', '.join(map(str, points))}"
        raise RuckusError(f"{image} can't be copied: {reason}", "end that first, and unmount it")
    partial = copy.with_suffix(".part")
    command = ("cp", "--reflink=auto", "--sparse=always", image, str(partial))
    try:
        with _still(access, devices, points, note_of(notes, image)):
            access.ordinary().run(command)
        if not access.dry:
            partial.rename(copy)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _still(access: Root, devices: Sequence[Device], points: Sequence[Path], note: Path) -> Iterator[None]:
    """Keep a mounted file system as it is for a moment, with everything written out (fsfreeze(8)).

    note: a file that tells of it as long, for `thaw` after we were killed.
    """
    if not points:
        yield
        return
    point = points[0]
    here = holding(point)
    if here is None or here.point != point or not here.is_of(devices[0].numbers):
        raise RuckusError(f"{devices[0].path} is mounted on {point} where we do not see it", "unmount it there")
    if os.stat(note.parent).st_dev == os.stat(point).st_dev:
        raise RuckusError(
            f"{note.parent} is on {devices[0].path} itself", "choose another --build-dir: it must not freeze"
        )
    if not access.dry:
        partial = note.with_suffix(".part")
        partial.write_text(f"{point}\n{devices[0].numbers}\n")
        partial.rename(note)
    try:
        access.run(root.freeze(point))
        yield
    finally:
        access.run(root.thaw(point))
        if not access.dry:
            note.unlink()


def note_of(notes: Path, image: str) -> Path:
    """The note that tells that the file system in an image is frozen."""
    return notes / f"{Path(image).name}.frozen"


def thaw(access: Root, note: Path) -> None:
    """Let those go on who write to a file system that a killed process has left frozen.

    The caller holds the lock on the image. Raises RuckusError when that fails.
    """
    if access.dry or not note.exists():
        return
    point, numbers = note.read_text().splitlines()
    here = holding(Path(point))
    if here and here.point == Path(point) and here.is_of(numbers):
        status, output = access.ask(root.thaw(Path(point)), check=False)
        if status != 0 and "Invalid argument" not in output:  # what it says when nothing is frozen
            raise RuckusError(f"{point} is frozen since a copy was interrupted", output.strip())
    note.unlink()
