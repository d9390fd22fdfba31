# SPDX-License-Identifier: GPL-3.0-or-later
"""Block devices: which one a name stands for, what uses it, and what is on it.

A device is known by its numbers, however it is called: /dev/VG/LV, /dev/mapper/VG-LV, /dev/dm-0 and a symbolic link
to any of them are one. What uses it is asked of the kernel, which knows of all mount namespaces; nothing here guesses
from names.
"""

import errno
import fcntl
import json
import os
import re
import signal
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host import mounts
from ruckus_aux.host.root import Root
from ruckus_aux.storage import commands
from ruckus_aux.words.errors import RuckusError

_SYS = Path("/sys/dev/block")
_PROC = Path("/proc")
PAUSES = (0.3, 1.0)  # seconds in which a sandbox that is being set up lets go of the host's mounts


class Unreadable(RuckusError):
    """What is on a device can't be read."""


NOTHING_KNOWN = 2  # blkid's exit status for a device without any signature


@dataclass(frozen=True)
class Device:
    """A block device: a path that leads to it, and its numbers as mountinfo writes them."""

    path: str
    numbers: str

    @property
    def sys(self) -> Path:
        """Its folder in sysfs."""
        return _SYS / self.numbers

    @property
    def kernel_name(self) -> str:
        """What the kernel calls it: dm-0, loop3, sda1."""
        return self.sys.resolve().name

    @property
    def read_only(self) -> bool:
        """Whether the kernel refuses to write to it."""
        return (self.sys / "ro").read_text().strip() == "1"

    @property
    def image(self) -> str:
        """The file behind a loop device, or ""."""
        file = self.sys / "loop" / "backing_file"
        return file.read_text().rstrip("\n") if file.exists() else ""

    @property
    def lock_name(self) -> str:
        """What it is locked by, the same however it is called: device mapper's name, or the image file."""
        mapped = self.sys / "dm" / "name"
        return mapped.read_text().strip() if mapped.exists() else self.image or self.kernel_name

    def __str__(self) -> str:
        return self.path if self.path.endswith(self.kernel_name) else f"{self.path} ({self.kernel_name})"


def device(path: str, what: str = "") -> Device:
    """The device that a path leads to.

    Args:
        path: The path.
        what: The option that names it, for errors.

    Raises:
        RuckusError: There is none.
    """
    prefix = f"{what}: " if what else ""
    try:
        status = os.stat(path)
    except OSError as error:
        raise RuckusError(f"{prefix}{path}: {error.strerror}", "list the block devices with: lsblk") from error
    if not stat.S_ISBLK(status.st_mode):
        raise RuckusError(f"{prefix}{path} is not a block device", "list the block devices with: lsblk")
    return Device(path, mounts.device_numbers(status))


def attached(access: Root, path: str) -> list[Device]:
    """The loop devices that a file, or another device, is attached to, by whatever name that was done.

    losetup knows the inode; the name in /sys is that of the mount namespace in which it was attached.

    Args:
        access: Who runs losetup.
        path: Of the file or device.
    """
    status = os.stat(path)
    _, output = access.ask(commands.loops())
    found = json.loads(output)["loopdevices"] if output.strip() else []
    place = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    same = [loop for loop in found if (str(loop["back-ino"]), loop["back-maj:min"]) == (str(status.st_ino), place)]
    # btrfs tells stat of other device numbers than the kernel tells losetup.
    same += [loop for loop in found if loop not in same and mounts.same_file(loop["back-file"] or "", path)]
    return [device(loop["name"]) for loop in same]


def above(access: Root, dev: Device) -> list[Device]:
    """What is built on a device, directly or not: partitions, loop devices, what device mapper, md and others make.

    Args:
        access: Who lists loop devices.
        dev: The device.
    """
    entries = [*(dev.sys / "holders").glob("*"), *(partition.parent for partition in dev.sys.glob("*/partition"))]
    direct = [Device(f"/dev/{entry.name}", (entry / "dev").read_text().strip()) for entry in sorted(entries)]
    direct += attached(access, dev.path)
    return [one for each in direct for one in (each, *above(access, each))]


def below(dev: Device) -> list[Device]:
    """What a device is built on, directly or not: the disk of a partition, and the slaves of device mapper and md."""
    folder = dev.sys.resolve()
    entries = [*(dev.sys / "slaves").glob("*"), *([folder.parent] if (folder / "partition").exists() else [])]
    direct = [Device(f"/dev/{entry.name}", (entry / "dev").read_text().strip()) for entry in sorted(entries)]
    return [one for each in direct for one in (each, *below(each))]


def users(access: Root, dev: Device) -> list[str]:
    """What uses a device: mounts in any mount namespace, swap, and what is stacked on it.

    Args:
        access: Who lists loop devices.
        dev: The device.

    Returns:
        One short text for each.
    """
    higher = above(access, dev)
    found = [f"{one.path} is stacked on it" for one in higher]
    for one in (dev, *higher):
        found += [f"{one.path} is mounted on {mount.point}" for mount in mounts_of(one)]
        found += [f"{one.path} is swap space" for swap in _swaps() if swap == one.numbers]
    return list(dict.fromkeys(found))


def mounts_of(dev: Device) -> list[mounts.Mount]:
    """Where a device is mounted, in any mount namespace that this process can look into.

    A sandbox that is being set up still has what the host has just unmounted: it is waited for.
    """
    for pause in PAUSES:
        found = [mount for mount in everywhere() if mount.is_of(dev.numbers)]
        if not found or any(mount.is_of(dev.numbers) for mount in mounts.mounted()):
            return found
        time.sleep(pause)
    return [mount for mount in everywhere() if mount.is_of(dev.numbers)]


def everywhere() -> list[mounts.Mount]:
    """The mounts of all mount namespaces that this process can look into; our own come first."""
    texts: dict[str, None] = {mounts.MOUNTINFO.read_text(errors="surrogateescape"): None}
    for path in _PROC.glob("[0-9]*/mountinfo"):
        try:
            texts[path.read_text(errors="surrogateescape")] = None
        except OSError:
            continue  # it has ended, or is not ours to look at: then O_EXCL tells
    return list(dict.fromkeys(mount for text in texts for mount in mounts.parse(text)))


def _swaps() -> list[str]:
    """The numbers of the devices that the kernel swaps to."""
    found = []
    for line in (_PROC / "swaps").read_text().splitlines()[1:]:
        try:
            status = os.stat(mounts.decoded(line.split()[0]))
        except OSError:
            continue
        if stat.S_ISBLK(status.st_mode):
            found.append(mounts.device_numbers(status))
    return found


@dataclass(frozen=True)
class Signature:
    """What blkid has found on a device: type and UUID of a file system, or the type of something else."""

    kind: str
    uuid: str = ""


def signature(access: Root, path: str) -> Signature | None:
    """What is on a device, or in an image.

    Args:
        access: Who reads it.
        path: Of the device or image.

    Returns:
        What blkid says, otherwise what wipefs says; None when neither recognizes anything.

    Raises:
        RuckusError: It can't be read.
    """
    status, output = access.ask(commands.probe(path), check=False)
    if status == 0:
        values = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
        kind = values.get("TYPE") or f"{values.get('PTTYPE', 'unknown')} partition table"
        return Signature(kind, values.get("UUID", ""))
    if "ambivalent" in output:
        return Signature("several signatures")
    if status != NOTHING_KNOWN or output.strip():
        raise Unreadable(f"{path}: blkid can't read it (exit status {status})", output.strip())
    rest = exclusive(access, path)
    kinds = re.findall(r"\((\w+)\)", rest)
    return Signature(", ".join(dict.fromkeys(kinds)) or "unknown data") if rest.strip() else None


def exclusive(access: Root, path: str) -> str:
    """Make sure that nobody has a device open exclusively: no mount, no swap, no LVM, md, or program of a user.

    Args:
        access: Who opens it.
        path: Of the device.

    Returns:
        What wipefs found on it.

    Raises:
        RuckusError: Somebody has.
    """
    status, output = access.ask(commands.open_exclusively(path), check=False)
    if "Device or resource busy" in output:
        hint = f"see who: lsblk {path}; fuser -v {path}; a mount may be in another mount namespace"
        raise RuckusError(f"{path} is in use (an exclusive open, O_EXCL, fails)", hint)
    if status != 0:
        raise Unreadable(f"{path} can't be opened", output.strip())
    return output


def not_open(image: str) -> None:
    """Make sure, by a lease for writing (fcntl(2)), that no process and no loop device has an image file open.

    Raises RuckusError when one has, and when that is unknown.
    """
    try:
        descriptor = os.open(image, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # and not SIGIO, which would end us
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            raise RuckusError(f"{image} is in use: a process has it open", f"see which: fuser -v {image}") from error
        hint = "keep images on a local file system, which knows leases (fcntl(2))"
        raise RuckusError(f"whether somebody uses {image} can't be found out: {error.strerror}", hint) from error
