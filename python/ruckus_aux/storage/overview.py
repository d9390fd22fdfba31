# SPDX-License-Identifier: GPL-3.0-or-later
"""What `invoke volumes` shows of volumes."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ruckus_aux.host.commands import user_name
from ruckus_aux.host.locks import note_on
from ruckus_aux.storage.devices import users
from ruckus_aux.storage.inventory import Inventory
from ruckus_aux.storage.volume import Volume
from ruckus_aux.storage.xen import domains


@dataclass(frozen=True)
class Line:
    """A volume as `invoke volumes` shows it; sizes in bytes, used is -1 while it is not mounted."""

    name: str
    backend: str
    path: str
    size: int
    used: int
    mounted: tuple[str, ...]
    owner: str
    notes: tuple[str, ...]


def lines(inventory: Inventory, names: Sequence[str]) -> list[Line]:
    """The volumes of some names, and their snapshots.

    Args:
        inventory: Of a build folder.
        names: Of volumes, whether they exist or not.
    """
    return [
        _line(inventory, volume)
        for volume in inventory.backend.volumes()
        if any(volume.name == name or volume.name.startswith(f"{name}.") for name in names)
    ]


def _line(inventory: Inventory, volume: Volume) -> Line:
    earlier = inventory.replaced(volume.name)
    points = [earlier.point] if earlier else inventory.mounted(volume.name)
    used, owner = -1, ""
    if points:
        usage = os.statvfs(points[0])
        used = (usage.f_blocks - usage.f_bfree) * usage.f_frsize
    if points or not inventory.mounts:
        owner = user_name(os.stat(points[0] if points else volume.path).st_uid)
    notes = _notes(inventory, volume)
    notes += [f"replaced while it was mounted: {inventory.command('volume-umount', volume.name)}"] if earlier else []
    kind = inventory.layout.backend
    return Line(volume.name, kind, volume.path, volume.size, used, tuple(map(str, points)), owner, tuple(notes))


def _notes(inventory: Inventory, volume: Volume) -> list[str]:
    """What a person should know about a volume."""
    notes = [] if volume.marked else ["not made by Ruckus"]
    if volume.marked and inventory.mounts:
        records = inventory.records(volume.name)
        notes += [] if records else ["not made from this build folder"]
        notes += ["never finished"] if records and not any(row.complete for row in records) else []
    notes += [f"a snapshot of {volume.origin}"] if volume.origin else []
    lent = note_on(inventory.backend.lock_name(volume.name))
    notes += [f"lent {lent}"] if lent else []
    shown = tuple(f" is mounted on {point}" for point in inventory.mounted(volume.name))
    for dev in inventory.backend.devices(volume.name):
        notes += [f"held by Xen's {domain}" for domain in domains(inventory.access, dev)]
        # Elsewhere in this line are the mounts that this process sees; stacked on it are LVM's own snapshots.
        uses = users(inventory.access, dev)
        notes += [use for use in uses if "stacked" not in use and not use.endswith(shown)]
    return notes
