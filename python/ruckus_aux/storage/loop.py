# SPDX-License-Identifier: GPL-3.0-or-later
"""Sparse image files in the build folder, mounted through loop devices: only mounting needs root."""

import os
from collections.abc import Iterator
from pathlib import Path

from ruckus_aux.host.locks import Named
from ruckus_aux.host.root import Command, Root
from ruckus_aux.storage import commands
from ruckus_aux.storage.devices import Device, attached
from ruckus_aux.storage.images import copy_image
from ruckus_aux.storage.layout import Layout
from ruckus_aux.storage.volume import Volume
from ruckus_aux.storage.xen import holders
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.terminal import size_in_bytes


class Loop:
    """The image files of one build folder."""

    def __init__(self, folder: Path, layout: Layout, access: Root) -> None:
        self.folder = folder / "volumes"
        self.layout = layout
        self.mounting = access
        self.access = access.ordinary()

    def path(self, name: str) -> str:
        return str(self.folder / f"{name}.img")

    def lock_name(self, name: str) -> str:
        return os.path.realpath(self.path(name))

    def volumes(self) -> list[Volume]:
        images = sorted(self.folder.glob("*.img"))
        return [Volume(image.stem, str(image), image.stat().st_size, marked=True) for image in images]

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
        users = holders(self.mounting, self.devices(origin))
        copy_image(self.mounting, self.path(origin), Path(self.path(name)), lock, users)

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
