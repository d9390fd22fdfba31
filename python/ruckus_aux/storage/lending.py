# SPDX-License-Identifier: GPL-3.0-or-later
"""Lend block devices to builders: to one that may write, or to any number that only read.

A device that a builder may write to is used by nobody else, on this host or in another domain. A device that is only
read is made read-only in the kernel first, because `mount -o ro` replays a journal, and even ext4 with `noload` clears
orphan inodes. Both stay locked meanwhile; the lock has a note that outlives us, because a builder may, too.
"""

import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.locks import Named, named
from ruckus_aux.host.root import Root
from ruckus_aux.host.signals import held_back
from ruckus_aux.storage import commands
from ruckus_aux.storage.devices import (
    PAUSES,
    Device,
    attached,
    device,
    exclusive,
    mounts_of,
    not_open,
    signature,
    users,
)
from ruckus_aux.storage.images import copy_image, thaw_image
from ruckus_aux.storage.layout import SNAPSHOT_SIZE, lent_name
from ruckus_aux.storage.lvm import list_logical_volumes
from ruckus_aux.storage.xen import domains, holders
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import COPIES

_SET_READ_ONLY = "set read-only: "  # in a lock's note


@dataclass(frozen=True)
class Reading:
    """How a type of file system is mounted without a replay of its journal.

    option: for mount; an unknown type is mounted as it is, and fails if it must write.
    due: what commands.describe prints of one that waits for a replay, as a regular expression; "" if nothing does.
    journal: whether it has one.
    """

    option: str = ""
    due: str = ""
    journal: bool = True


_READINGS = {
    "ext3": Reading("noload", "needs_recovery"),
    "ext4": Reading("noload", "needs_recovery"),
    "xfs": Reading("norecovery,nouuid", "<DIRTY>"),
    "btrfs": Reading("rescue=nologreplay", r"^log_root\s+[1-9]"),
    "f2fs": Reading("norecovery"),
    "nilfs2": Reading("norecovery"),
    **dict.fromkeys(("ext2", "squashfs", "erofs", "iso9660", "vfat"), Reading(journal=False)),
}


class StillInUse(RuckusError):
    """A device that was lent can't be released yet."""


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
        if lock.note:
            hint = "it has ended without releasing it; when its builder has ended as well, run:"
            raise RuckusError(f"{path} is lent {lock.note}", f"{hint} {lock.way_out(access.journal.path.parent)}")
        yield lock, devices


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
        writers = [use for dev in devices for use in _writers(access, dev)]
        _refuse(path, writers, "lend a snapshot of it, or unmount it first")
        writable = [dev.path for dev in devices if not dev.read_only]
        flags = f"; {_SET_READ_ONLY}{' '.join(writable)}" if writable else ""
        with _afterwards(lambda: _set_back(access, lock, writable)):
            lock.write(_note(f"to {to}, which reads it{flags}"))
            for name in writable:
                access.run(commands.set_read_only(name))
            yield


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
def mounted_read_only(access: Root, path: str, point: Path) -> Iterator[list[str]]:
    """Mount a device that was lent for reading, so that not even a journal is replayed.

    Args:
        access: Who runs commands as root.
        path: Of the device or image.
        point: A folder.

    Yields:
        Warnings about what may be outdated.

    Raises:
        RuckusError: It can't be mounted without a replay.
    """
    content = signature(access, path)
    if content is None:
        raise RuckusError(f"{path} holds no file system that blkid knows", "see what it is: blkid --probe")
    warnings = _replay_due(access, path, content.kind)
    options = ["ro", _READINGS.get(content.kind, Reading()).option, "loop" if os.path.isfile(path) else ""]
    with ExitStack() as stack:
        with held_back():
            access.run(commands.mount(path, point, content.kind, list(filter(None, options))))
            stack.callback(_unmount, access, path, point)
        yield warnings


def _unmount(access: Root, path: str, point: Path) -> None:
    for pause in PAUSES:
        status, output = access.run(commands.unmount(point), check=False)
        if status == 0:
            return
        if "busy" in output:
            time.sleep(pause)
    try:
        access.run(commands.unmount(point))
    except RuckusError as error:
        folder = f"--build-dir={access.journal.path.parent}"
        release = invoke_command("volume-release", folder, f"--device={path}")
        hint = f"{error.hint}\nsee who uses it: fuser -vm {point}; then: umount {point}\n{release}"
        raise StillInUse(f"{path} is still mounted on {point}", hint) from error


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
        elif (device(path).sys / "dm").is_dir():
            copy = stack.enter_context(_logical_snapshot(access, path, to))
        else:
            copy = path
        stack.enter_context(lent_read_only(access, copy, to))
        yield copy


@contextmanager
def _logical_snapshot(access: Root, path: str, to: str) -> Iterator[str]:
    volumes = list_logical_volumes(access, path)
    if len(volumes) != 1:
        raise RuckusError(f"{path} is not a logical volume of LVM", "give a snapshot of it, or unmount it")
    (origin,) = volumes
    if origin.origin and not origin.pool:  # a snapshot, of which LVM takes none
        yield path
        return
    name = lent_name(origin.name, to)
    copy = f"/dev/{origin.group}/{name}"
    with named(f"snapshot of {device(path).lock_name}"):
        for volume in list_logical_volumes(access, origin.group):
            if volume.name == name and volume.marked and volume.origin == origin.name:
                release(access, copy)  # of a killed process
                access.run(commands.remove_logical_volume(origin.group, name))
        thin = bool(origin.pool)
        with ExitStack() as stack:
            with held_back():
                access.run(commands.snapshot_logical_volume(origin.group, name, origin.name, SNAPSHOT_SIZE, thin=thin))
                remove = commands.remove_logical_volume(origin.group, name)
                stack.enter_context(_afterwards(lambda: access.run(remove)))
            yield copy


@contextmanager
def _image_copy(access: Root, image: str, folder: Path, to: str) -> Iterator[str]:
    copy = folder / COPIES / f"{Path(image).name}.{to}"
    copy.parent.mkdir(parents=True, exist_ok=True)
    if copy.exists():
        release(access, str(copy))  # of a killed process
    with _held(access, image) as (lock, _):
        copy_image(access, image, copy, lock)
    with _afterwards(copy.unlink):
        yield str(copy)


def _replay_due(access: Root, path: str, kind: str) -> list[str]:
    """What a person has to know before trusting the contents of a file system that is mounted in this way."""
    reading = _READINGS.get(kind, Reading())
    if not reading.journal:
        return []
    if not reading.due:
        return [f"{path}: if its {kind} was not cleanly unmounted, files may look old or be missing"]
    _, output = access.ask(commands.describe(kind, path), check=False)
    if not re.search(reading.due, output, re.MULTILINE):
        return []
    text = "was not cleanly unmounted; its journal is not replayed, so files may look old or be missing"
    return [f"{path}: its {kind} {text}"]


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
