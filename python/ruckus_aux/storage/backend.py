# SPDX-License-Identifier: GPL-3.0-or-later
"""What volumes are made of: the interface of logical volumes (lvm.py), image files (loop.py) and folders (folder.py).

A backend makes and removes; whether that is allowed is decided before it is called (guards.py).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ruckus_aux.host.locks import Named
from ruckus_aux.host.root import Command, Root
from ruckus_aux.storage.devices import Device
from ruckus_aux.storage.volume import Volume


class Backend(Protocol):
    """A kind of volume."""

    access: Root  # who formats and probes such a volume

    def path(self, name: str) -> str:
        """The device, image file or folder of a volume."""

    def lock_name(self, name: str) -> str:
        """The name of a volume's lock, also while the volume does not exist: see Device.lock_name."""

    def volumes(self) -> list[Volume]:
        """All volumes that exist where ours would be."""

    def create(self, name: str) -> None:
        """Create a volume without anything on it."""

    def remove(self, name: str) -> None:
        """Remove a volume and what is on it."""

    def snapshot(self, name: str, origin: str, size: str, lock: Named) -> None:
        """Copy a volume as it is now, with its file system written out.

        Args:
            name: Of the copy.
            origin: The name of the volume.
            size: Of what may change in either while both exist, as for lvcreate; where that is not unlimited.
            lock: On the origin, held by the caller.
        """

    def extend(self, name: str, size: str) -> None:
        """Enlarge a volume, but not yet its file system.

        Args:
            name: Of the volume.
            size: That it has afterwards, as for lvextend.
        """

    def refresh(self, name: str) -> None:
        """Let the devices of a volume notice its new size."""

    def devices(self, name: str) -> list[Device]:
        """The block devices through which a volume is used at present."""

    def mount_options(self) -> list[str]:
        """Options that mount needs for such a volume."""

    def commands(self, name: str) -> Iterator[Command]:
        """The commands that need root to create and remove a volume."""

    def further_commands(self, name: str, point: Path) -> Iterator[Command]:
        """The commands that need root to take a snapshot of a volume and to grow it while it is mounted.

        Args:
            name: Of the volume.
            point: Where it is mounted.
        """
