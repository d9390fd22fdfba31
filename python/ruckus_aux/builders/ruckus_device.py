# SPDX-License-Identifier: GPL-3.0-or-later
"""The device with Ruckus (--with-ruckus-dev), which domains of this machine read sources from.

It is lent to them for reading, as a snapshot if it is a logical volume, so nobody writes to it meanwhile. The kernel's
command line says how it is mounted so that nothing is replayed either; see `start` and `step` in guest/.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.commands import run
from ruckus_aux.host.root import Command, Root
from ruckus_aux.settings.settings import Settings
from ruckus_aux.storage import commands
from ruckus_aux.storage.layout import SNAPSHOT_SIZE, lent_name
from ruckus_aux.storage.lending import is_mapped, lend_to_machine, take_back
from ruckus_aux.storage.reading import reading_options

AS_DISK = "xvdb1"  # as a domain calls it
_FOLDER = re.compile(r"/[A-Za-z0-9_.+@%/-]*")


@dataclass(frozen=True)
class RuckusDevice:
    """As configure was told: the device, if there is one, a snapshot to be lent instead, the folder of Ruckus on it."""

    device: str = ""
    snapshot: str = ""
    folder: str = ""

    def lend(self, access: Root, arch: str) -> str:
        """Lend it to the domain of an architecture; returns the device that it gets.

        Args:
            access: Who runs commands as root, on this machine.
            arch: The architecture.
        """
        return lend_to_machine(access, self.device, _borrower(arch), self.snapshot)

    def take_back(self, access: Root, lent: str) -> None:
        """Take back what a domain was lent.

        Args:
            access: Who runs commands as root, on this machine.
            lent: What that is.
        """
        take_back(access, lent)

    @property
    def words(self) -> str:
        """For the kernel's command line; "" without a device, or when the type of its file system is not known."""
        if not self.device:
            return ""
        words = ["lsblk", "--noheadings", "--nodeps", "--output", "FSTYPE", self.snapshot or self.device]
        status, kind = run(words, check=False)
        if status or not kind.strip():
            return ""
        folder = f" ruckus.path={self.folder}" if _FOLDER.fullmatch(self.folder) else ""
        return f"ruckus.dev=/dev/{AS_DISK}:{kind.strip()}:{','.join(reading_options(kind.strip()))}{folder}"

    def lent_path(self, arch: str) -> str:
        """What `lend` returns, as far as that is known before; arch: the architecture."""
        if self.snapshot or not is_mapped(self.device):
            return self.snapshot or self.device
        return str(Path(self.device).with_name(lent_name(Path(self.device).name, _borrower(arch))))

    def commands(self, arch: str) -> Iterator[Command]:
        """What lending it to the domain of an architecture takes; arch: the architecture."""
        path = self.lent_path(arch)
        yield from (commands.loops(), commands.open_exclusively(path))
        yield from (commands.set_read_only(path), commands.set_writable(path))
        if path not in (self.snapshot, self.device):
            group, origin, name = Path(path).parent.name, Path(self.device).name, Path(path).name
            yield from (commands.logical_volumes(self.device), commands.logical_volumes(group))
            for thin in (False, True):
                yield commands.snapshot_logical_volume(group, name, origin, SNAPSHOT_SIZE, thin=thin)
            yield commands.remove_logical_volume(group, name)


def _borrower(arch: str) -> str:
    return f"builder-{arch}"


def ruckus_device_of(settings: Settings) -> RuckusDevice:
    """What a build directory was told of it."""
    return RuckusDevice(settings.ruckus_dev, settings.ruckus_dev_snapshot, settings.ruckus_path)
