# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to be told about volumes: `invoke volumes`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ruckus_aux.host.commands import user_name
from ruckus_aux.host.locks import note_on
from ruckus_aux.storage.backend import Found
from ruckus_aux.storage.devices import domains, users
from ruckus_aux.storage.operations import Volumes


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


def lines(volumes: Volumes, names: Sequence[str]) -> list[Line]:
    """The volumes of these names, and the snapshots of them."""
    every = volumes.backend.every()
    return [
        _line(volumes, found)
        for found in every
        if any(found.name == name or found.name.startswith(f"{name}.") for name in names)
    ]


def _line(volumes: Volumes, found: Found) -> Line:
    before = volumes.replaced(found.name)
    there = [before.point] if before else volumes.mounted(found.name)
    used, owner = -1, ""
    if there:
        usage = os.statvfs(there[0])
        used = (usage.f_blocks - usage.f_bfree) * usage.f_frsize
    if there or not volumes.mounts:
        owner = user_name(os.stat(there[0] if there else found.path).st_uid)
    notes = (*_notes(volumes, found), *(["replaced while it was mounted: invoke volume-umount"] if before else []))
    points = tuple(map(str, there))
    return Line(found.name, volumes.layout.backend, found.path, found.size, used, points, owner, notes)


def _notes(volumes: Volumes, found: Found) -> list[str]:
    """What a person should know about a volume."""
    notes = [] if found.marked else ["not made by Ruckus"]
    if found.marked and volumes.mounts:
        records = volumes.records(found.name)
        notes += [] if records else ["not made from this build folder"]
        notes += ["never finished"] if records and not any(row.complete for row in records) else []
    notes += [f"a snapshot of {found.origin}"] if found.origin else []
    lent = note_on(volumes.backend.lock_name(found.name))
    notes += [f"lent {lent}"] if lent else []
    shown = [f" is mounted on {point}" for point in volumes.mounted(found.name)]
    for dev in volumes.backend.devices(found.name):
        notes += [f"held by Xen's {one}" for one in domains(volumes.access, dev)]
        # Elsewhere in this line are the mounts that this process sees; stacked on it are LVM's own snapshots.
        uses = users(volumes.access, dev)
        notes += [use for use in uses if "stacked" not in use and not use.endswith(tuple(shown))]
    return notes
