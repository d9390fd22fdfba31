# SPDX-License-Identifier: GPL-3.0-or-later
"""Logical volumes in a dom0, which may be another machine, for its builders."""

import shlex
import tempfile
from typing import BinaryIO

from ruckus_aux.host.root import Root, as_root
from ruckus_aux.storage import xl
from ruckus_aux.storage.commands import create_logical_volume, open_exclusively, remove_logical_volume, xen_disks
from ruckus_aux.storage.lvm import list_logical_volumes
from ruckus_aux.storage.xen import parse_xen_disks
from ruckus_aux.words.errors import RuckusError

DEVICES = "/dev"
_PATIENCE = 600.0  # seconds without a byte, while a dom0 writes out what it has got


def volume_path(group: str, name: str) -> str:
    """The device of a logical volume.

    Args:
        group: The volume group.
        name: The volume's.
    """
    return f"{DEVICES}/{group}/{name}"


def make_volume(access: Root, group: str, name: str, size: int) -> None:
    """Make a logical volume, in place of one of ours that nobody uses.

    Args:
        access: Who runs commands in the dom0 as root.
        group: The volume group.
        name: The volume's.
        size: Bytes.

    Raises:
        RuckusError: There is one that is not ours or is in use, or no room.
    """
    host = access.host
    remove_volume(access, group, name)
    access.run(create_logical_volume(group, name, f"{-(-size >> 20)}m", at=host))


def remove_volume(access: Root, group: str, name: str) -> None:
    """Remove a logical volume of ours, if it is there.

    Args:
        access: Who runs commands in the dom0 as root.
        group: The volume group.
        name: The volume's.
    """
    if has_volume(access, group, name):
        access.run(remove_logical_volume(group, name, at=access.host))


def has_volume(access: Root, group: str, name: str) -> bool:
    """Whether there is a logical volume of ours.

    Args:
        access: Who runs commands in the dom0 as root.
        group: The volume group.
        name: The volume's.

    Raises:
        RuckusError: It is not ours, or in use.
    """
    for volume in list_logical_volumes(access, group):
        if volume.name == name:
            if not volume.marked:
                raise RuckusError(
                    f"{access.host.name}: the logical volume {group}/{name} was not made by Ruckus",
                    "rename it, or take another volume group: --group=VG",
                )
            _check_free(access, volume_path(group, name))
            return True
    return False


def _check_free(access: Root, path: str) -> None:
    """Refuse a device that somebody uses: a domain, which dom0's kernel does not know of, or a mount."""
    host = access.host
    _, text = host.run(["stat", "--dereference", "--format=%t:%T", path])
    numbers = ":".join(str(int(number, 16)) for number in text.strip().split(":"))
    status, listing = access.ask(xen_disks(host), check=False)
    for disk in parse_xen_disks(listing) if status == 0 else ():
        if disk.numbers == numbers:
            raise RuckusError(f"{access.host.name}: {path} is held by domain {disk.domain}", "end that domain first")
    status, text = access.ask(open_exclusively(path, host), check=False)
    if status != 0:
        busy = "it is mounted, or used in another way" if "busy" in text else text.strip()
        raise RuckusError(f"{access.host.name}: {path} is in use: {busy}", f"see there: lsblk {path}")


def fill_volume(access: Root, path: str, packed: BinaryIO) -> None:
    """Write onto a device.

    Args:
        access: Who runs commands in the dom0 as root.
        path: The device's.
        packed: What to write, compressed by gzip.
    """
    host = access.host
    write = shlex.join(as_root(xl.fill_device(path, host), host))
    with tempfile.TemporaryFile() as nothing:
        # The status is that of dd, and gzip's complaint about a broken pipe would only hide its words.
        words = ["sh", "-c", f"gzip -dc | {write}"]
        status, complaints = host.pipe(words, source=packed, target=nothing, limit=_PATIENCE)
    if status != 0 or complaints.strip():
        raise RuckusError(
            f"{access.host.name}: {path} can't be written: {complaints.strip()}", f"see there: lsblk {path}"
        )
