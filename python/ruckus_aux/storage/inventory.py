# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of a build folder as they are: what exists, what the journal has about it, and where it is mounted."""

from pathlib import Path

from ruckus_aux.host import mounts
from ruckus_aux.host.root import Root
from ruckus_aux.settings.journal import Made
from ruckus_aux.storage.backend import Backend
from ruckus_aux.storage.devices import signature
from ruckus_aux.storage.layout import Layout, arch_name
from ruckus_aux.storage.volume import Volume
from ruckus_aux.words.hints import invoke_command


class Inventory:
    """The volumes of a build folder; nothing here changes one."""

    def __init__(self, folder: Path, layout: Layout, access: Root, backend: Backend) -> None:
        """Find the volumes of a build folder.

        Args:
            folder: The build folder, which has the journal.
            layout: What its systems are kept on.
            access: Who runs commands as root.
            backend: What they are made of.
        """
        self.folder = folder
        self.layout = layout
        self.access = access
        self.backend = backend
        self.mounts = layout.backend != "dir"

    def point(self, name: str) -> Path:
        """Where a volume is mounted."""
        return Path(self.layout.base) / name

    def find(self, name: str) -> Volume | None:
        """A volume by its name, whoever made it."""
        return next((volume for volume in self.backend.volumes() if volume.name == name), None)

    def records(self, name: str) -> list[Made]:
        """What the journal has about a volume of this name, the latest last."""
        return [row for row in self.access.journal.rows(Made) if row.path == self.backend.path(name)]

    def mounted(self, name: str) -> list[Path]:
        """Where a volume is mounted, as this process sees it."""
        devices = self.backend.devices(name)
        return [mount.point for dev in devices for mount in mounts.mounted() if mount.is_of(dev.numbers)]

    def replaced(self, name: str) -> mounts.Mount | None:
        """What is mounted in a volume's place, and was this volume until its image was replaced by another file."""
        holder = mounts.at(self.point(name))
        if holder is None or any(holder.is_of(dev.numbers) for dev in self.backend.devices(name)):
            return None
        content = signature(self.access, holder.source) if Path(holder.source).is_block_device() else None
        return holder if content and content.uuid in {row.uuid for row in self.records(name)} else None

    def command(self, task: str, name: str) -> str:
        """A task about a volume, as a person can type it.

        Args:
            task: Its name.
            name: The volume's.
        """
        return invoke_command(task, f"--build-dir={self.folder}", f"--arch-list={arch_name(name)}")

    def about_replaced(self, name: str, holder: mounts.Mount) -> str:
        """A sentence about a volume that was replaced.

        Args:
            name: Of the volume.
            holder: What `replaced` has found.
        """
        return f"{holder.source} is still mounted on {holder.point}: it was {self.backend.path(name)}, and was replaced"
