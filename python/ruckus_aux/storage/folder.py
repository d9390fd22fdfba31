# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain folders below the build folder: no root, nothing to mount, no snapshots and no size."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from ruckus_aux.host.commands import user_name
from ruckus_aux.host.locks import Named
from ruckus_aux.host.mounts import mounted
from ruckus_aux.host.root import Command, Root
from ruckus_aux.settings.ownership import is_ours
from ruckus_aux.storage.devices import Device
from ruckus_aux.storage.volume import Volume
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import BUILDDIR


class Folder:
    """The folders of one build folder."""

    def __init__(self, folder: Path, access: Root) -> None:
        self.folder = folder
        self.access = access.ordinary()

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def lock_name(self, name: str) -> str:
        return os.path.realpath(self.path(name))

    def volumes(self) -> list[Volume]:
        folders = sorted(path for path in self.folder.glob("baby-*") if path.is_dir() and not path.is_symlink())
        return [Volume(path.name, str(path), -1, self._is_ours(path)) for path in folders]

    def _is_ours(self, path: Path) -> bool:
        return is_ours(self.folder) and (is_ours(path / BUILDDIR) or not any(path.iterdir()))

    def create(self, name: str) -> None:
        if self.access.dry:
            print(f"mkdir -p {self.path(name)}")
        else:
            os.makedirs(self.path(name))

    def remove(self, name: str) -> None:
        path = Path(self.path(name)).resolve()
        if inner := [mount.point for mount in mounted() if path in (mount.point, *mount.point.parents)]:
            raise RuckusError(f"{inner[0]} is mounted, and is not emptied", f"unmount it first: umount {inner[0]}")
        if os.geteuid() not in (0, owner := path.stat().st_uid):  # or the build directory in it would be lost first
            reopen = f"undo that first: sudo make -C {shlex.quote(str(path / BUILDDIR))} bootstrap-reopen"
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
