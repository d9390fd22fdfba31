# SPDX-License-Identifier: GPL-3.0-or-later
"""Logical volumes of LVM; ours bear a tag."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from ruckus_aux.host.locks import Named
from ruckus_aux.host.root import Command, Root
from ruckus_aux.storage import commands
from ruckus_aux.storage.devices import Device, device
from ruckus_aux.storage.layout import SNAPSHOT, SNAPSHOT_SIZE, Layout
from ruckus_aux.storage.volume import Volume
from ruckus_aux.words.errors import RuckusError


class Lvm:
    """The logical volumes of one volume group."""

    def __init__(self, layout: Layout, access: Root) -> None:
        self.layout = layout
        self.access = access

    def path(self, name: str) -> str:
        return f"/dev/{self.layout.group}/{name}"

    def lock_name(self, name: str) -> str:
        return "-".join(word.replace("-", "--") for word in (self.layout.group, name))

    def volumes(self) -> list[Volume]:
        """All volumes of the group, not only ours: a name may be taken."""
        return list_logical_volumes(self.access, self.layout.group)

    def create(self, name: str) -> None:
        self.access.run(commands.create_logical_volume(self.layout.group, name, self.layout.size, self.layout.pool))

    def remove(self, name: str) -> None:
        self.access.run(commands.remove_logical_volume(self.layout.group, name))

    def snapshot(self, name: str, origin: str, size: str, lock: Named) -> None:  # noqa: ARG002
        thin = bool(self.layout.pool)
        self.access.run(commands.snapshot_logical_volume(self.layout.group, name, origin, size, thin=thin))

    def extend(self, name: str, size: str) -> None:
        self.access.run(commands.extend_logical_volume(self.layout.group, name, size))

    def refresh(self, name: str) -> None:
        pass

    def devices(self, name: str) -> list[Device]:
        return [device(self.path(name))] if os.path.exists(self.path(name)) else []

    def mount_options(self) -> list[str]:
        return []

    def commands(self, name: str) -> Iterator[Command]:
        group, pool, path = self.layout.group, self.layout.pool, self.path(name)
        yield commands.logical_volumes(group)
        yield commands.create_logical_volume(group, name, self.layout.size, pool)
        yield commands.make_file_system(self.layout.file_system, path, name, commands.UUID)
        yield commands.remove_logical_volume(group, name)
        yield from _probes(path)

    def further_commands(self, name: str, point: Path) -> Iterator[Command]:
        group, pool, copy = self.layout.group, self.layout.pool, f"{name}.{SNAPSHOT}"
        yield commands.snapshot_logical_volume(group, copy, name, SNAPSHOT_SIZE, thin=bool(pool))
        yield commands.remove_logical_volume(group, copy)
        yield from _probes(self.path(copy))
        yield commands.extend_logical_volume(group, name, self.layout.size)
        yield commands.grow_file_system(self.layout.file_system, self.path(name), point)


def _probes(path: str) -> Iterator[Command]:
    yield commands.probe(path)
    yield commands.open_exclusively(path)


def list_logical_volumes(access: Root, place: str) -> list[Volume]:
    """List logical volumes.

    Args:
        access: Who asks LVM.
        place: A volume group, or the device of one logical volume.

    Raises:
        RuckusError: LVM does not know the place.
    """
    status, output = access.ask(commands.logical_volumes(place, access.host), check=False)
    if status != 0:
        hint = f"{output.strip()}\nlist the volume groups with: vgs   (as root; --group=VG chooses one)"
        raise RuckusError(f"LVM can't read {place}", hint)
    start = output.find("{")
    if start < 0:
        raise RuckusError(f"LVM reports nothing about {place}", output.strip())
    report, _ = json.JSONDecoder().raw_decode(output[start:])  # warnings may stand before and behind
    rows: list[dict[str, str]] = report["report"][0]["lv"]
    return [_logical_volume(row) for row in rows]


def _logical_volume(row: dict[str, str]) -> Volume:
    name, group = row["lv_name"], row["vg_name"]
    marked = commands.TAG in row["lv_tags"].split(",")
    return Volume(name, f"/dev/{group}/{name}", int(row["lv_size"]), marked, row["origin"], group, row["pool_lv"])
