# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold before a volume is changed; each guard raises RuckusError unless it does, and changes nothing.

Only what Ruckus created is ever formatted, mounted or removed: a logical volume has a tag, and the journal has the UUID
of its file system, written down before the volume was created. Whatever is unknown counts as a reason not to.
"""

import os
from pathlib import Path

from ruckus_aux.host import mounts
from ruckus_aux.settings.journal import Made
from ruckus_aux.storage.devices import Unreadable, exclusive, not_open, signature
from ruckus_aux.storage.inventory import Inventory
from ruckus_aux.storage.layout import lent_name
from ruckus_aux.storage.volume import Volume
from ruckus_aux.storage.xen import holders
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command

_LEFT_ALONE = "remove it yourself if it is not needed, or choose another --build-dir, --group or --mount-base"


class Damaged(RuckusError):
    """A volume of ours whose content is not recognized any more."""


def require(inventory: Inventory, name: str) -> Volume:
    """Return a volume that must exist.

    Args:
        inventory: Of the build folder.
        name: The volume's.

    Raises:
        RuckusError: There is none.
    """
    if volume := inventory.find(name):
        return volume
    raise RuckusError(
        f"there is no volume {inventory.backend.path(name)}",
        f"create it first: {inventory.command('volume-create', name)}",
    )


def require_ours(inventory: Inventory, volume: Volume) -> Made | None:
    """Return the journal's record of a volume that Ruckus must have made; None for a folder.

    Where there is a file system, it is the record with its UUID, whatever was begun under this name since.

    Args:
        inventory: Of the build folder.
        volume: One of its volumes.

    Raises:
        Damaged: Its file system is not recognized any more.
        RuckusError: Somebody else has made it, or what is on it.
    """
    if not volume.marked:
        raise RuckusError(f"{volume.path} was not made by Ruckus", _LEFT_ALONE)
    if not inventory.mounts:
        return None
    records = inventory.records(volume.name)
    if not records:
        raise RuckusError(
            f"{volume.path} was not made from this build folder: {inventory.folder} knows nothing of it", _LEFT_ALONE
        )
    content = signature(inventory.backend.access, volume.path)
    if content is None:
        if records[-1].complete:
            raise Damaged(
                f"{volume.path}: its {records[-1].file_system} can't be recognized any more",
                f"repair it (fsck; UUID {records[-1].uuid}), or when nothing on it is needed: "
                f"{inventory.command('volume-remove', volume.name)}",
            )
        return records[-1]
    matching = [row for row in records if row.uuid == content.uuid]
    if not matching:
        raise RuckusError(
            f"{volume.path} holds {content.kind} that Ruckus did not make (UUID {content.uuid or 'none'})", _LEFT_ALONE
        )
    return next((row for row in matching if row.complete), matching[-1])


def require_finished(inventory: Inventory, volume: Volume) -> Made:
    """Return the record of a volume that Ruckus must have created completely.

    Args:
        inventory: Of the build folder.
        volume: One of its volumes.

    Raises:
        RuckusError: It was not, or someone else created it.
    """
    record = require_ours(inventory, volume)
    if record is None or not record.complete:
        raise RuckusError(
            f"{volume.path} was never finished", f"recreate it: {inventory.command('volume-create', volume.name)}"
        )
    return record


def require_unused(inventory: Inventory, name: str, purpose: str) -> None:
    """Make sure that nothing at all uses a volume.

    Args:
        inventory: Of the build folder.
        name: The volume's.
        purpose: What is about to be done with it, for the message: "formatted".

    Raises:
        RuckusError: Something does, or that can't be found out.
    """
    devices = inventory.backend.devices(name)
    if not devices and os.path.isfile(inventory.backend.path(name)):
        not_open(inventory.backend.path(name))
    for dev in devices:
        if uses := holders(inventory.access, [dev]):
            hint = f"unmount it first: {inventory.command('volume-umount', name)}   (a domain: xl shutdown)"
            raise RuckusError(f"{dev} can't be {purpose}: {'; '.join(uses)}", hint)
        try:
            exclusive(inventory.access, dev.path)
        except Unreadable:
            if purpose != "removed":
                raise


def require_blank(inventory: Inventory, path: str) -> None:
    """Make sure that there is nothing on a new volume: mkfs would overwrite it.

    Args:
        inventory: Of the build folder.
        path: Of the volume.

    Raises:
        RuckusError: There is something.
    """
    if content := signature(inventory.backend.access, path):
        raise RuckusError(f"{path} holds {content.kind}, and is not formatted", "see what it is: blkid --probe")


def require_no_snapshots(inventory: Inventory, volume: Volume) -> None:
    """Make sure that a volume has no snapshots, which LVM would remove together with it.

    Args:
        inventory: Of the build folder.
        volume: One of its volumes.

    Raises:
        RuckusError: It has; they are named.
    """
    if snapshots := [other.name for other in inventory.backend.volumes() if other.origin == volume.name]:
        hint = f"remove them first: {inventory.command('volume-remove', volume.name)} --snapshot=NAME"
        if lent_name(volume.name, "inspect") in snapshots:
            hint += (
                f"\nwhat a killed inspection left behind: {invoke_command('volume-inspect', f'--device={volume.path}')}"
            )
        raise RuckusError(f"{volume.path} has snapshots: {', '.join(snapshots)}", hint)


def require_removable(inventory: Inventory, volume: Volume) -> None:
    """Make sure that a volume is ours to remove, even if what is on it is damaged.

    Args:
        inventory: Of the build folder.
        volume: One of its volumes.

    Raises:
        RuckusError: It is not.
    """
    try:
        require_ours(inventory, volume)
    except Damaged:
        pass
    except Unreadable:
        # A snapshot whose space is full has lost its content; its name and tag are what is left.
        if not (volume.marked and volume.origin and inventory.records(volume.name)):
            raise
    require_no_snapshots(inventory, volume)
    if points := inventory.mounted(volume.name):
        hint = f"unmount it first: {inventory.command('volume-umount', volume.name)}"
        raise RuckusError(f"{volume.path} is mounted on {points[0]}", hint)
    require_not_replaced(inventory, volume.name)
    require_unused(inventory, volume.name, "removed")


def require_not_replaced(inventory: Inventory, name: str) -> None:
    """Make sure that what is mounted in a volume's place is not its earlier image.

    Args:
        inventory: Of the build folder.
        name: The volume's.

    Raises:
        RuckusError: It is.
    """
    if holder := inventory.replaced(name):
        hint = f"unmount that first: {inventory.command('volume-umount', name)}"
        raise RuckusError(inventory.about_replaced(name, holder), hint)


def require_on_top(inventory: Inventory, name: str) -> None:
    """Make sure that nothing else is mounted over a volume: that is what would be changed.

    Args:
        inventory: Of the build folder.
        name: The volume's.

    Raises:
        RuckusError: Something is.
    """
    point = inventory.point(name)
    if not all(mounts.is_on(point, dev.numbers) for dev in inventory.backend.devices(name)):
        raise RuckusError(f"something else is mounted over {point}", f"unmount that first: umount {point}")


def require_free(point: Path) -> None:
    """Make sure that mounting something on a folder hides nothing."""
    if os.path.islink(point) or (os.path.lexists(point) and not point.is_dir()):
        raise RuckusError(f"{point} exists, and is not a folder", "choose another: --mount-base=FOLDER")
    if holder := mounts.at(point):
        raise RuckusError(f"{holder.source} is mounted on {point}", f"unmount it first: umount {point}")
    if point.is_dir() and any(point.iterdir()):
        raise RuckusError(f"{point} is not empty, and would be hidden", "move away what is in it")


def require_mounts(inventory: Inventory, name: str) -> None:
    """Make sure that a volume is more than a plain folder.

    Args:
        inventory: Of the build folder.
        name: The volume's.

    Raises:
        RuckusError: It is a folder.
    """
    if not inventory.mounts:
        path = inventory.backend.path(name)
        raise RuckusError(f"{path} is a plain folder: it has no size and no snapshots", "use --volumes=lvm or loop")
