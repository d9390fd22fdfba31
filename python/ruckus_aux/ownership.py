"""What Ruckus may write to and remove: folders that it made itself, on the device that was configured."""

import os
from pathlib import Path

from ruckus_aux import mounts
from ruckus_aux.errors import RuckusError
from ruckus_aux.settings import Settings

MARKER = ".ruckus"
_TEXT = "This folder was made by Ruckus, which removes it again.\n"
BUILDROOT_NAMES = ("work", "stamps", "stamps.lock", "log", "journal.sqlite", "graph.mk")
CACHE_NAMES = ("sources", "store")


def is_ours(folder: Path) -> bool:
    """Whether Ruckus has taken this folder before."""
    return (folder / MARKER).is_file()


def take(settings: Settings) -> None:
    """Take BUILDROOT and the cache for Ruckus, before anything is written there.

    Raises RuckusError when one of them has files of somebody else under names that Ruckus uses, and when $CLFS is not
    on the device of --with-install-dev (it is not mounted any more, say).
    """
    for folder, names in ((settings.buildroot, BUILDROOT_NAMES), (settings.cache, CACHE_NAMES)):
        if is_ours(folder):
            continue
        for name in names:
            if os.path.lexists(folder / name):
                raise RuckusError(
                    f"{folder / name} is there already, and Ruckus did not make it",
                    "move it away, or configure with another BUILDROOT or --with-cache",
                )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARKER).write_text(_TEXT)
    if settings.install_dev:
        settings.clfs.mkdir(parents=True, exist_ok=True)
        mount = mounts.holding(settings.clfs)
        if mount is None or not mount.is_of(mounts.device_numbers(os.stat(settings.install_dev))):
            raise RuckusError(
                f"{settings.clfs} is not on {settings.install_dev}, as it was when configure ran",
                f"mount it again: mount {settings.install_dev} {settings.clfs}",
            )
