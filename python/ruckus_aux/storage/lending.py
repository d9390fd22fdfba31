# SPDX-License-Identifier: GPL-3.0-or-later
"""Lend block devices to builders: to one that may write, or to any number that only read.

A device that a builder may write to is used by nobody else, on this host or in another domain. A device that is only
read is made read-only in the kernel first, because `mount -o ro` replays a journal, and even ext4 with `noload` clears
orphan inodes. Both stay locked meanwhile; the lock has a note that outlives us, because a builder may, too.
"""

import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ruckus_aux.host.locks import Named, named
from ruckus_aux.host.root import Root, only_roots
from ruckus_aux.host.signals import held_back
from ruckus_aux.storage import commands
from ruckus_aux.storage.devices import (
    Device,
    attached,
    device,
    exclusive,
    mounts_of,
    not_open,
    users,
)
from ruckus_aux.storage.images import copy_image, thaw_image
from ruckus_aux.storage.layout import SNAPSHOT_SIZE, is_lent_name, lent_name
from ruckus_aux.storage.lvm import list_logical_volumes
from ruckus_aux.storage.reading import StillInUse, mounted_read_only
from ruckus_aux.storage.xen import domains, holders
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import COPIES

_MACHINE = "a builder's machine"  # which may outlive the process that lends
_SET_READ_ONLY = "set read-only: "  # in a lock's note


def _devices(access: Root, path: str) -> tuple[str, list[Device]]:
    """The name of a device's or image file's lock, and the devices that lead to its content."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise RuckusError(f"{path}: {error.strerror}", "list the block devices with: lsblk") from error
    if stat.S_ISREG(status.st_mode):
        return os.path.realpath(path), attached(access, path)
    dev = device(path)
    same = attached(access, dev.image) if dev.image and os.path.exists(dev.image) else []
    return dev.lock_name, [dev, *(other for other in same if other.numbers != dev.numbers)]


@contextmanager
def _held(access: Root, path: str) -> Iterator[tuple[Named, list[Device]]]:
    name, devices = _devices(access, path)
    with named(name) as lock:
        thaw_image(access, lock)
        _refuse_lent(access, lock, path)
        yield lock, devices


def _refuse_lent(access: Root, lock: Named, path: str) -> None:
    if lock.note:
        hint = "it has ended without releasing it; when its builder has ended as well, run:"
        raise RuckusError(f"{path} is lent {lock.note}", f"{hint} {lock.way_out(access.journal.path.parent)}")


def _note(purpose: str) -> str:
    return f"{purpose}, by process {os.getpid()} since {time.strftime('%Y-%m-%d %H:%M:%S')}"


def _refuse(path: str, reasons: Sequence[str], hint: str) -> None:
    if reasons:
        raise RuckusError(f"{path} can't be lent: {'; '.join(reasons)}", hint)


def _writers(access: Root, dev: Device) -> list[str]:
    """Who may write to a device; file systems that are only read do not."""
    own_mounts = mounts_of(dev)
    writers = [f"{dev.path} is mounted on {mount.point}, and not read-only" for mount in own_mounts if mount.writable]
    writers += [user for user in users(access, dev) if not user.startswith(f"{dev.path} is mounted on ")]
    writers += [f"it is held by Xen's {domain}" for domain in domains(access, dev) if not domain.endswith("(r)")]
    if not own_mounts and not writers and not dev.read_only:
        exclusive(access, dev.path)  # of a file system on several devices, a mount shows only one
    return writers


@contextmanager
def lent_writable(access: Root, path: str, to: str) -> Iterator[None]:
    """Lend a device or image to one builder that writes to it.

    Args:
        access: Who runs commands as root.
        path: Of the device or image.
        to: The builder.

    Raises:
        RuckusError: It is in use: by a mount in any mount namespace, what is stacked on it, another domain, a process
            that has it open exclusively, or a lock.
    """
    with _held(access, path) as (lock, devices):
        through = [f"it is attached to {dev.path}" for dev in devices] if os.path.isfile(path) or devices[1:] else []
        _refuse(
            path, holders(access, devices) or through, "two that write to one file system destroy it: end that first"
        )
        if os.path.isfile(path):
            not_open(path)
        for dev in devices:
            exclusive(access, dev.path)
        lock.write(_note(f"to {to}, which may write to it"))
        try:
            yield
        finally:
            lock.write("")


@contextmanager
def lent_read_only(access: Root, path: str, to: str) -> Iterator[None]:
    """Lend a device to builders that only read it, and keep everybody from writing to it meanwhile.

    Args:
        access: Who runs commands as root.
        path: Of the device or image.
        to: Who reads it.

    Raises:
        RuckusError: It is mounted read-write anywhere, or held by a domain that writes.
    """
    with _held(access, path) as (lock, devices):
        writable = _lend_for_reading(access, path, to, lock, devices)
        with _afterwards(lambda: _set_back(access, lock, writable)):
            yield


def _lend_for_reading(access: Root, path: str, to: str, lock: Named, devices: Sequence[Device]) -> list[str]:
    """Note it, and set the devices read-only; returns those that were not."""
    writers = [use for dev in devices for use in _writers(access, dev)]
    _refuse(path, writers, "lend a snapshot of it, or unmount it first")
    writable = [dev.path for dev in devices if not dev.read_only]
    flags = f"; {_SET_READ_ONLY}{' '.join(writable)}" if writable else ""
    try:
        lock.write(_note(f"to {to}, which reads it{flags}"))
        for name in writable:
            access.run(commands.set_read_only(name))
    except BaseException:
        _set_back(access, lock, writable)
        raise
    return writable


def lend_to_machine(access: Root, path: str, to: str, snapshot: str = "") -> str:
    """Lend a device for reading to a machine that may outlive this process: until `take_back`.

    Args:
        access: Who runs commands as root.
        path: Of the device.
        to: The machine.
        snapshot: One that a person has made, to be lent instead.

    Returns:
        What is lent: of a logical volume, a snapshot for this machine alone; or else the device itself, or that
        snapshot, which any number of machines may read.

    Raises:
        RuckusError: Somebody may write to it.
    """
    copy = snapshot or path
    if not snapshot and is_mapped(path):
        with named(f"snapshot of {device(path).lock_name}"):
            copy = _new_snapshot(access, path, to)
    name, devices = _devices(access, copy)
    with named(name) as lock:
        if not lock.note.startswith(f"to {_MACHINE}, "):
            _refuse_lent(access, lock, copy)
            _lend_for_reading(access, copy, _MACHINE, lock, devices)
    return copy


def take_back(access: Root, path: str) -> None:
    """Release what `lend_to_machine` has lent, unless another machine still reads it.

    Args:
        access: Who runs commands as root.
        path: What that has returned.

    Raises:
        RuckusError: It can't be released; the hint says how to do so later.
    """
    of_its_own = is_lent_name(Path(path).name)
    if not of_its_own and any(domains(access, dev) for dev in _devices(access, path)[1]):
        return
    try:
        release(access, path)
        if of_its_own:
            access.run(commands.remove_logical_volume(Path(path).parent.name, Path(path).name))
    except RuckusError as error:
        later = invoke_command("volume-release", f"--build-dir={access.journal.path.parent}", f"--device={path}")
        raise RuckusError(error.message, f"{error.hint}\nthen: {later}") from error


def is_mapped(path: str) -> bool:
    """Whether a path leads to a device of device mapper's, such as a logical volume."""
    return os.path.exists(path) and not os.path.isfile(path) and (device(path).sys / "dm").is_dir()


@contextmanager
def _afterwards(undo: Callable[[], object]) -> Iterator[None]:
    """Undo what was done, however it ends; but not while it is still in use, because `release` is for that."""
    try:
        yield
    except StillInUse:
        raise
    except BaseException:
        undo()
        raise
    undo()


def _set_back(access: Root, lock: Named, writable: Sequence[str]) -> None:
    for name in writable:
        access.run(commands.set_writable(name))
    if not access.dry:
        lock.write("")


@contextmanager
def mounted_copy(access: Root, device: str, folder: Path, to: str, snapshot: str = "") -> Iterator[Path]:
    """Mount a snapshot of a device for reading.

    Args:
        access: Who runs commands as root.
        device: A block device, or an image file.
        folder: For copies of images.
        to: Who reads it.
        snapshot: Mounted if given, and kept; otherwise a new one is taken, and removed afterwards.

    Raises:
        RuckusError: The device can't be lent, or not mounted without writing to it.
    """
    with ExitStack() as stack:
        copy = stack.enter_context(snapshot_of(access, device, folder, to, snapshot))
        point = Path(tempfile.mkdtemp(prefix="ruckus-"))
        stack.callback(_remove, point)
        only_roots(point, os.geteuid())
        for warning in stack.enter_context(mounted_read_only(access, copy, point)):
            print(f"ruckus: warning: {warning}", file=sys.stderr)
        yield point


def _remove(point: Path) -> None:
    with suppress(OSError):  # it is still mounted, which is reported already
        point.rmdir()


@contextmanager
def snapshot_of(access: Root, path: str, folder: Path, to: str, snapshot: str = "") -> Iterator[str]:
    """Lend a copy of a device as it is now, so that the device itself can stay mounted; it is removed afterwards.

    Args:
        access: Who runs commands as root.
        path: Of the device, or of an image file.
        folder: For copies of images.
        to: Who reads it.
        snapshot: One that a person has made, to be lent instead.

    Yields:
        What is lent: a snapshot (LVM), a copy of the image (loop devices), and of other devices, and of snapshots,
        the device itself, which nobody may write to meanwhile.
    """
    with ExitStack() as stack:
        if snapshot:
            copy = snapshot
        elif image := path if os.path.isfile(path) else device(path).image:
            copy = stack.enter_context(_image_copy(access, image, folder, to))
        elif is_mapped(path):
            copy = stack.enter_context(_logical_snapshot(access, path, to))
        else:
            copy = path
        stack.enter_context(lent_read_only(access, copy, to))
        yield copy


@contextmanager
def _logical_snapshot(access: Root, path: str, to: str) -> Iterator[str]:
    with named(f"snapshot of {device(path).lock_name}"), ExitStack() as stack:
        with held_back():
            copy = _new_snapshot(access, path, to)
            if copy != path:
                remove = commands.remove_logical_volume(Path(copy).parent.name, Path(copy).name)
                stack.enter_context(_afterwards(lambda: access.run(remove)))
        yield copy


def _new_snapshot(access: Root, path: str, to: str) -> str:
    """Take a snapshot of a logical volume, in place of one that a killed process has left; of a snapshot, LVM can't."""
    volumes = list_logical_volumes(access, path)
    if len(volumes) != 1:
        raise RuckusError(f"{path} is not a logical volume of LVM", "give a snapshot of it, or unmount it")
    (origin,) = volumes
    if origin.origin and not origin.pool:
        return path
    name = lent_name(origin.name, to)
    copy = f"/dev/{origin.group}/{name}"
    for volume in list_logical_volumes(access, origin.group):
        if volume.name == name and volume.marked and volume.origin == origin.name:
            release(access, copy)
            access.run(commands.remove_logical_volume(origin.group, name))
    thin = bool(origin.pool)
    access.run(commands.snapshot_logical_volume(origin.group, name, origin.name, SNAPSHOT_SIZE, thin=thin))
    return copy


@contextmanager
def _image_copy(access: Root, image: str, folder: Path, to: str) -> Iterator[str]:
    copy = folder / COPIES / f"{Path(image).name}.{to}"
    copy.parent.mkdir(parents=True, exist_ok=True)
    if copy.exists():
        release(access, str(copy))  # of a killed process
    with _held(access, image) as (lock, devices):
        copy_image(access, image, copy, lock, holders(access, devices))
    with _afterwards(copy.unlink):
        yield str(copy)


def release(access: Root, path: str) -> str:
    """Release a device that was lent by a Ruckus process that has ended.

    Args:
        access: Who runs commands as root.
        path: Of the device or image, or the name of its lock, when it does not exist any more.

    Returns:
        The note about the lending, or "".

    Raises:
        RuckusError: The device is still in use.
    """
    # By the name of its lock, a device is found where device mapper or the kernel has it.
    places = [path] if "/" in path else [f"/dev/mapper/{path}", f"/dev/{path}"]
    existing = next((place for place in places if os.path.exists(place)), "")
    name, devices = _devices(access, existing) if existing else (path, [])
    with named(name) as lock:
        thaw_image(access, lock)
        note = lock.note
        if note:
            _refuse(path, holders(access, devices), "its builder still runs, or it is mounted: end that first")
            _, _, flagged = note.partition(_SET_READ_ONLY)
            _set_back(access, lock, [word for word in flagged.partition(",")[0].split() if _is_still(word, devices)])
        return note


def _is_still(path: str, devices: Sequence[Device]) -> bool:
    """Whether a device that was set read-only is one of these, or a loop device that nothing has taken since."""
    try:
        dev = device(path)
    except RuckusError:
        return False
    free = dev.kernel_name.startswith("loop") and not dev.image
    return free or dev.numbers in {other.numbers for other in devices}
