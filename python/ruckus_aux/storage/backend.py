# SPDX-License-Identifier: GPL-3.0-or-later
"""What volumes are made of: logical volumes of LVM, image files on loop devices, or plain folders.

A backend makes and removes; what is allowed is decided in volumes.py, which alone calls it.
"""

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ruckus_aux.host.commands import user_name
from ruckus_aux.host.locks import Named
from ruckus_aux.host.mounts import mounted
from ruckus_aux.host.root import Command, Root
from ruckus_aux.settings.ownership import is_ours
from ruckus_aux.storage import commands
from ruckus_aux.storage.commands import TAG
from ruckus_aux.storage.devices import Device, attached, device
from ruckus_aux.storage.images import copy_image
from ruckus_aux.storage.layout import SNAPSHOT, SNAPSHOT_SIZE, Layout
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import BUILDDIR
from ruckus_aux.words.terminal import size_in_bytes


@dataclass(frozen=True)
class Found:
    """A volume that is there.

    path: a device, or an image file. size: bytes, -1 of a folder. marked: whether it bears our mark.
    origin: what it is a snapshot of, or "". group, pool: of a logical volume.
    """

    name: str
    path: str
    size: int
    marked: bool
    origin: str = ""
    group: str = ""
    pool: str = ""


class Backend(Protocol):
    """A kind of volume."""

    access: Root  # who formats and probes such a volume

    def path(self, name: str) -> str:
        """The device or file of a volume."""

    def lock_name(self, name: str) -> str:
        """What a volume is locked by, also while it is not there: see Device.lock_name."""

    def every(self) -> list[Found]:
        """All volumes that are there."""

    def create(self, name: str) -> None:
        """Make a volume without anything on it."""

    def remove(self, name: str) -> None:
        """Remove a volume and what is on it."""

    def snapshot(self, name: str, origin: str, size: str, lock: Named) -> None:
        """Make a copy of a volume as it is now, its file system written out; lock: on the origin."""

    def extend(self, name: str, size: str) -> None:
        """Make a volume larger, but not yet its file system."""

    def refresh(self, name: str) -> None:
        """Let the devices of a volume see its size."""

    def devices(self, name: str) -> list[Device]:
        """The block devices that a volume is used through at present."""

    def mount_options(self) -> list[str]:
        """What mount has to be told."""

    def commands(self, name: str) -> Iterator[Command]:
        """The commands that this needs root for, to make and to remove a volume."""

    def further_commands(self, name: str, point: Path) -> Iterator[Command]:
        """Those for snapshots, and to grow."""


class Lvm:
    """Logical volumes; ours have a tag."""

    def __init__(self, layout: Layout, access: Root) -> None:
        self.layout = layout
        self.access = access

    def path(self, name: str) -> str:
        return f"/dev/{self.layout.group}/{name}"

    def lock_name(self, name: str) -> str:
        return "-".join(word.replace("-", "--") for word in (self.layout.group, name))

    def every(self) -> list[Found]:
        """All volumes of the group, not only ours: a name may be taken."""
        return logical_volumes(self.access, self.layout.group)

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
        yield from self._looks(path)

    def further_commands(self, name: str, point: Path) -> Iterator[Command]:
        group, pool, copy = self.layout.group, self.layout.pool, f"{name}.{SNAPSHOT}"
        yield commands.snapshot_logical_volume(group, copy, name, SNAPSHOT_SIZE, thin=bool(pool))
        yield commands.remove_logical_volume(group, copy)
        yield from self._looks(self.path(copy))
        yield commands.extend_logical_volume(group, name, self.layout.size)
        yield commands.grow_file_system(self.layout.file_system, self.path(name), point)

    @staticmethod
    def _looks(path: str) -> Iterator[Command]:
        yield commands.probe(path)
        yield commands.open_exclusively(path)


class Loop:
    """Sparse image files in the build folder, which need root only to be mounted."""

    def __init__(self, folder: Path, layout: Layout, access: Root) -> None:
        self.folder = folder / "volumes"
        self.layout = layout
        self.mounting = access
        self.access = access.ordinary()

    def path(self, name: str) -> str:
        return str(self.folder / f"{name}.img")

    def lock_name(self, name: str) -> str:
        return os.path.realpath(self.path(name))

    def every(self) -> list[Found]:
        images = sorted(self.folder.glob("*.img"))
        return [Found(image.stem, str(image), image.stat().st_size, marked=True) for image in images]

    def create(self, name: str) -> None:
        if self.access.dry:
            print(f"truncate --size={self.layout.size} {self.path(name)}")
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = Path(self.path(name))
        with path.open("xb") as file:
            try:
                file.truncate(size_in_bytes(self.layout.size))
            except OSError as error:
                path.unlink()
                raise RuckusError(f"{path}: {error.strerror}", f"--size={self.layout.size}: choose less") from error

    def remove(self, name: str) -> None:
        if self.access.dry:
            print(f"rm {self.path(name)}")
        else:
            os.unlink(self.path(name))

    def snapshot(self, name: str, origin: str, size: str, lock: Named) -> None:  # noqa: ARG002
        copy_image(self.mounting, self.path(origin), Path(self.path(name)), lock)

    def extend(self, name: str, size: str) -> None:
        if self.access.dry:
            print(f"truncate --size={size} {self.path(name)}")
        else:
            os.truncate(self.path(name), size_in_bytes(size))

    def refresh(self, name: str) -> None:
        for dev in self.devices(name):
            self.mounting.run(commands.loop_size(dev.path))

    def devices(self, name: str) -> list[Device]:
        return attached(self.mounting, self.path(name)) if os.path.exists(self.path(name)) else []

    def mount_options(self) -> list[str]:
        return ["loop"]

    def commands(self, name: str) -> Iterator[Command]:  # noqa: ARG002
        yield commands.loops()
        for loop in commands.LOOPS:
            yield commands.open_exclusively(loop)

    def further_commands(self, name: str, point: Path) -> Iterator[Command]:  # noqa: ARG002
        yield commands.freeze(point)
        yield commands.thaw(point)
        for loop in commands.LOOPS:
            yield commands.loop_size(loop)
            yield commands.grow_file_system(self.layout.file_system, loop, point)


class Folder:
    """Plain folders below the build folder: no root, nothing to mount, no snapshots and no size."""

    def __init__(self, folder: Path, access: Root) -> None:
        self.folder = folder
        self.access = access.ordinary()

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def lock_name(self, name: str) -> str:
        return os.path.realpath(self.path(name))

    def every(self) -> list[Found]:
        folders = sorted(path for path in self.folder.glob("baby-*") if path.is_dir() and not path.is_symlink())
        return [Found(path.name, str(path), -1, self._is_ours(path)) for path in folders]

    def _is_ours(self, path: Path) -> bool:
        return is_ours(self.folder) and (is_ours(path / BUILDDIR) or not any(path.iterdir()))

    def create(self, name: str) -> None:
        if self.access.dry:
            print(f"mkdir -p {self.path(name)}")
        else:
            os.makedirs(self.path(name))

    def remove(self, name: str) -> None:
        path = Path(self.path(name)).resolve()
        if within := [mount.point for mount in mounted() if path in (mount.point, *mount.point.parents)]:
            raise RuckusError(f"{within[0]} is mounted, and is not emptied", f"unmount it first: umount {within[0]}")
        if os.geteuid() not in (0, owner := path.stat().st_uid):  # or the build directory in it would be lost first
            reopen = f"take that back first: sudo make -C {shlex.quote(str(path / BUILDDIR))} bootstrap-reopen"
            raise RuckusError(f"{path} belongs to {user_name(owner)}: the system was installed", reopen)
        self.access.run(("rm", "-rf", "--one-file-system", "--", str(path)))

    def snapshot(self, name: str, origin: str, size: str, lock: Named) -> None:
        raise NotImplementedError

    def extend(self, name: str, size: str) -> None:
        raise NotImplementedError

    def refresh(self, name: str) -> None:
        raise NotImplementedError

    def devices(self, name: str) -> list[Device]:  # noqa: ARG002
        return []

    def mount_options(self) -> list[str]:
        return []

    def commands(self, name: str) -> Iterator[Command]:  # noqa: ARG002
        yield from ()

    def further_commands(self, name: str, point: Path) -> Iterator[Command]:  # noqa: ARG002
        yield from ()


def backend(folder: Path, layout: Layout, access: Root) -> Backend:
    """What a layout's volumes are made of."""
    if layout.backend == "lvm":
        return Lvm(layout, access)
    return Loop(folder, layout, access) if layout.backend == "loop" else Folder(folder, access)


def logical_volumes(access: Root, where: str) -> list[Found]:
    """The logical volumes of a group, or the one that a device is.

    Raises RuckusError when LVM does not know it.
    """
    status, output = access.ask(commands.logical_volumes(where), check=False)
    if status != 0:
        hint = f"{output.strip()}\nlist the volume groups with: vgs   (as root; --group=VG chooses one)"
        raise RuckusError(f"LVM can't read {where}", hint)
    start = output.find("{")
    if start < 0:
        raise RuckusError(f"LVM says nothing of {where}", output.strip())
    report, _ = json.JSONDecoder().raw_decode(output[start:])  # warnings may stand before and behind
    rows: list[dict[str, str]] = report["report"][0]["lv"]
    return [_logical_volume(row) for row in rows]


def _logical_volume(row: dict[str, str]) -> Found:
    name, group = row["lv_name"], row["vg_name"]
    marked = TAG in row["lv_tags"].split(",")
    return Found(name, f"/dev/{group}/{name}", int(row["lv_size"]), marked, row["origin"], group, row["pool_lv"])
