# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, mount and remove the volumes that systems are built on, without ever destroying anyone's data.

Every operation can be repeated: what is done already is not done again, and whatever a killed run left behind is
completed or undone. What must hold before each is in guards.py.
"""

import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from ruckus_aux.host import mounts
from ruckus_aux.host.locks import Named, named, try_held
from ruckus_aux.host.root import Command, Root
from ruckus_aux.host.undo import Operation, undoing
from ruckus_aux.settings.journal import Made
from ruckus_aux.storage import commands, guards
from ruckus_aux.storage.backend import Backend
from ruckus_aux.storage.folder import Folder
from ruckus_aux.storage.images import thaw_image
from ruckus_aux.storage.inventory import Inventory
from ruckus_aux.storage.layout import Layout
from ruckus_aux.storage.loop import Loop
from ruckus_aux.storage.lvm import Lvm
from ruckus_aux.storage.volume import Volume
from ruckus_aux.storage.xen import is_dom0
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import RUN_LOCK
from ruckus_aux.words.terminal import size_in_bytes


class Volumes(Inventory):
    """The volumes of a build folder, and what can be done with them."""

    def __init__(self, folder: Path, layout: Layout, access: Root) -> None:
        """Look after the volumes of a build folder.

        Args:
            folder: The build folder, which has the journal.
            layout: What its systems are kept on.
            access: Who runs commands as root.
        """
        backend: Backend
        if layout.backend == "lvm":
            backend = Lvm(layout, access)
        else:
            backend = Loop(folder, layout, access) if layout.backend == "loop" else Folder(folder, access)
        super().__init__(folder, layout, access, backend)

    def create(self, name: str) -> None:
        """Create a volume with an empty file system; nothing, when that is done already.

        Raises RuckusError when somebody else's has this name. After a failure, what was done is undone.
        """
        with self._locked(name):
            if volume := self.find(name):
                record = guards.require_ours(self, volume)
                if record is None or record.complete:
                    self._keep(volume)
                    return
                self._say("incomplete", f"{volume.path}: begun {time.ctime(record.time)} and never finished; recreated")
                self._remove_unfinished(volume)
            path = self.backend.path(name)
            made = Made(self.access.name, time.time(), path, str(uuid.uuid4()), self.layout.file_system, 0)
            self._record(made)
            with undoing() as step:
                step(lambda: self.backend.create(name), f"remove {path}", lambda: self.backend.remove(name))
                if self.mounts:
                    self._format(name, made)
            self._record(replace(made, complete=1))
            self._save(self.layout)
            self._say("created", f"{path}  {self.layout.size if self.mounts else 'a folder'}")

    def _keep(self, volume: Volume) -> None:
        self._save(self.layout)
        smaller = self.mounts and volume.size < size_in_bytes(self.layout.size)
        grow = f"{self.command('volume-grow', volume.name)} --size={self.layout.size}"
        hint = f"; it is smaller than {self.layout.size}: {grow}" if smaller else ""
        self._say("kept", f"{volume.path}{hint}")

    def _remove_unfinished(self, volume: Volume) -> None:
        guards.require_no_snapshots(self, volume)
        guards.require_unused(self, volume.name, "recreated")
        self.backend.remove(volume.name)

    def _format(self, name: str, made: Made) -> None:
        if not self.access.dry:
            guards.require_unused(self, name, "formatted")
            guards.require_blank(self, made.path)
        self.backend.access.run(commands.make_file_system(made.file_system, made.path, name, made.uuid))

    def mount(self, name: str, user: int, group: int) -> None:
        """Mount a volume, and give it to a user while it is empty; nothing, when that is done already.

        Args:
            name: Of the volume.
            user: Numeric user ID.
            group: Numeric group ID.

        Raises:
            RuckusError: It is mounted elsewhere, somebody holds it, or its mount point is in use.
        """
        if not self.mounts:
            self._say("nothing", f"to mount: {self.backend.path(name)} is a plain folder")
            return
        with self._locked(name):
            volume, point = self.find(name), self.point(name)
            if volume is None and not self.access.dry:
                volume = guards.require(self, name)
            is_mounted = self.mounted(name) == [point]
            kind = guards.require_finished(self, volume).file_system if volume else self.layout.file_system
            if is_mounted:
                guards.require_on_top(self, name)
            else:
                self.layout.check_places()
                guards.require_unused(self, name, "mounted")
                guards.require_not_replaced(self, name)
                guards.require_free(point)
            with undoing() as step:
                if not is_mounted:
                    self._mount(name, kind, step)
                self._give(point, user, group)
            if not is_mounted:
                self._say("mounted", f"{self.backend.path(name)}  {point}")

    def _mount(self, name: str, kind: str, step: Operation) -> None:
        run, point = self.access.run, self.point(name)
        if not point.exists():
            step(lambda: run(commands.make_folder(point)), f"rmdir {point}", lambda: run(commands.remove_folder(point)))
        mount = commands.mount(self.backend.path(name), point, kind, self.backend.mount_options())
        step(lambda: run(mount), f"umount {point}", lambda: run(commands.unmount(point)))

    def _give(self, point: Path, user: int, group: int) -> None:
        """Give a fresh file system to the build user; later its owner is a part of the system in it."""
        if self.access.dry and not point.exists():
            self.access.run(commands.give(point, user, group))
            return
        status = point.stat()
        fresh = status.st_uid == 0 and not set(os.listdir(point)) - {"lost+found"}
        if fresh and (status.st_uid, status.st_gid) != (user, group):
            self.access.run(commands.give(point, user, group))

    def unmount(self, name: str) -> None:
        """Unmount a volume from its mount point; nothing, when it is not mounted."""
        if not self.mounts:
            self._say("nothing", f"to unmount: {self.backend.path(name)} is a plain folder")
            return
        with self._locked(name):
            point, path = self.point(name), self.backend.path(name)
            points = self.mounted(name)
            if others := [str(other) for other in points if other != point]:
                raise RuckusError(f"{path} is mounted on {', '.join(others)}", "unmount it there yourself")
            if points:
                guards.require_on_top(self, name)
            elif earlier := self.replaced(name):
                self._say("replaced", self.about_replaced(name, earlier))
            elif holder := mounts.at(point):
                what = f"{holder.source} is mounted on {point}, and is not {path}"
                raise RuckusError(what, f"unmount it yourself: umount {point}")
            else:
                return
            try:
                self.access.run(commands.unmount(point))
            except RuckusError as error:
                raise RuckusError(error.message, f"{error.hint}\nsee who uses it: fuser -vm {point}") from error
            self._say("unmounted", str(point))

    def remove(self, name: str, confirm: Callable[[str], bool]) -> None:
        """Remove a volume and everything on it; nothing, when it does not exist.

        Args:
            name: Of the volume.
            confirm: Asked before that, with what is about to be lost; nothing happens when it returns False.

        Raises:
            RuckusError: It is not ours, in use, or the origin of snapshots.
        """
        with self._locked(name):
            volume = self.find(name)
            if volume is None:
                self._say("nothing", f"to remove: there is no {self.backend.path(name)}")
                return
            guards.require_removable(self, volume)
            if not self.access.dry and not confirm(f"{volume.path} and everything on it"):
                self._say("kept", volume.path)
                return
            guards.require_unused(self, name, "removed")  # answering may have taken long
            self.backend.remove(name)
            point = self.point(name)
            if self.mounts and point.is_dir() and not any(point.iterdir()):
                self.access.run(commands.remove_folder(point), check=False)
            self._say("removed", volume.path)

    def snapshot(self, name: str, origin: str, size: str) -> None:
        """Copy a volume as it is now, with its file system written out; nothing, when the copy exists.

        Args:
            name: Of the copy.
            origin: The name of the volume.
            size: Of what may change in either while both exist (LVM without a thin pool).

        Raises:
            RuckusError: It can't be copied, or somebody else's volume has the copy's name.
        """
        size_in_bytes(size)
        guards.require_mounts(self, origin)
        with self._locked(origin) as lock, self._locked(name):
            if volume := self.find(name):
                record = guards.require_ours(self, volume)
                if record and record.complete:
                    self._say("kept", f"{volume.path}  of {time.ctime(record.time)}")
                    return
                self._remove_unfinished(volume)
            source, path = guards.require(self, origin), self.backend.path(name)
            content = guards.require_finished(self, source)
            made = replace(content, run=self.access.name, time=time.time(), path=path, complete=0)
            self._record(made)
            with undoing() as step:
                step(
                    lambda: self.backend.snapshot(name, origin, size, lock),
                    f"remove {path}",
                    lambda: self.backend.remove(name),
                )
                self._record(replace(made, complete=1))
            self._say("snapshot", f"{path}  of {source.path}")

    def grow(self, name: str, size: str) -> None:
        """Enlarge a mounted volume and its file system.

        Args:
            name: Of the volume.
            size: That it has at least afterwards.

        Raises:
            RuckusError: It is not mounted in its place, and nowhere else.
        """
        least = size_in_bytes(size)
        guards.require_mounts(self, name)
        with self._locked(name):
            volume = guards.require(self, name)
            record = guards.require_ours(self, volume)
            point, devices = self.point(name), self.backend.devices(name)
            if record is None or len(devices) != 1 or self.mounted(name) != [point]:
                hint = f"it grows while it is mounted there, and nowhere else: {self.command('volume-mount', name)}"
                raise RuckusError(f"{volume.path} is not mounted on {point}", hint)
            if volume.size < least:
                self.backend.extend(name, size)
            self.backend.refresh(name)
            self.access.run(commands.grow_file_system(record.file_system, devices[0].path, point))
            if least > size_in_bytes(self.layout.size):
                self._save(replace(self.layout, size=size))
            self._say("grown", f"{volume.path}  to {size} at least")

    def commands(self, names: Sequence[str], user: int, group: int, *, everything: bool = False) -> Iterator[Command]:
        """The commands that need root to create and mount volumes.

        Args:
            names: Of the volumes.
            user: Numeric ID of the user who gets them.
            group: Numeric ID of that user's group.
            everything: Yield those of all other operations as well.
        """
        if not self.mounts:
            return
        if is_dom0():
            yield commands.xen_disks()
        yield commands.loops()
        for name in names:
            point = self.point(name)
            yield from self.backend.commands(name)
            yield commands.make_folder(point)
            yield commands.mount(self.backend.path(name), point, self.layout.file_system, self.backend.mount_options())
            yield commands.give(point, user, group)
            yield commands.unmount(point)
            yield commands.remove_folder(point)
            yield from self.backend.further_commands(name, point) if everything else ()

    @contextmanager
    def _locked(self, name: str) -> Iterator[Named]:
        """Keep everybody else from working with a volume, lent or not."""
        lock_name = self.backend.lock_name(name)
        if self.access.dry:
            yield Named(lock_name)
            return
        with ExitStack() as stack:
            lock = stack.enter_context(named(lock_name))
            thaw_image(self.access, lock)
            if lock.note:
                hint = f"when that is over: {lock.way_out(self.folder)}"
                raise RuckusError(f"{self.backend.path(name)} is lent {lock.note}", hint)
            if not self.mounts and stack.enter_context(try_held(self.folder / RUN_LOCK)) is None:
                raise RuckusError(
                    f"a run is building in {self.folder}",
                    f"watch it with: {invoke_command('status', f'--build-dir={self.folder}')}",
                )
            yield lock

    def _save(self, layout: Layout) -> None:
        if not self.access.dry:
            layout.save(self.folder)

    def _record(self, made: Made) -> None:
        if not self.access.dry:
            self.access.journal.add(made)

    def _say(self, outcome: str, text: str) -> None:
        if not self.access.dry:
            print(f"  {outcome.upper():<10} {text}", flush=True)
