# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, mount and remove the volumes that systems are built on, and lose nobody's data by that.

Every operation can be repeated: what is done already is not done again, and what a killed one has left is taken up or
taken back. Only what Ruckus has made is ever formatted, mounted or removed: a logical volume bears a tag, and the
journal has the UUID that its file system was given, written down before it was made.
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
from ruckus_aux.host.mounts import is_on
from ruckus_aux.host.root import Command, Root
from ruckus_aux.host.undo import Step, undoing
from ruckus_aux.settings.journal import Made
from ruckus_aux.storage import commands
from ruckus_aux.storage.backend import Backend, Found, backend
from ruckus_aux.storage.devices import Unreadable, domains, exclusive, is_dom0, not_open, signature, users
from ruckus_aux.storage.images import thaw
from ruckus_aux.storage.layout import Layout, lent_name
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import RUN_LOCK
from ruckus_aux.words.terminal import size_in_bytes

_LEFT_ALONE = "remove it yourself if it is not needed, or choose another --build-dir, --group or --mount-base"


class Damaged(RuckusError):
    """A volume of ours on which nothing is recognized any more."""


class Volumes:
    """The volumes of a build folder."""

    def __init__(self, folder: Path, layout: Layout, access: Root) -> None:
        """Look after volumes.

        folder: of the build, which has the journal. access: who runs commands as root.
        """
        self.folder = folder
        self.layout = layout
        self.access = access
        self.backend: Backend = backend(folder, layout, access)
        self.mounts = layout.backend != "dir"

    def point(self, name: str) -> Path:
        """Where a volume is mounted."""
        return Path(self.layout.base) / name

    # What there is.

    def find(self, name: str) -> Found | None:
        """A volume by its name, whoever made it."""
        return next((found for found in self.backend.every() if found.name == name), None)

    def records(self, name: str) -> list[Made]:
        """What the journal has about a volume of this name, the latest last."""
        return [row for row in self.access.journal.rows(Made) if row.path == self.backend.path(name)]

    def _ours(self, found: Found) -> Made | None:
        """The journal's record of a volume, None for a folder; RuckusError unless Ruckus has made it.

        Where there is a file system, it is the record with its UUID, whatever was begun with this name since.
        """
        if not found.marked:
            raise RuckusError(f"{found.path} was not made by Ruckus", _LEFT_ALONE)
        if not self.mounts:
            return None
        records = self.records(found.name)
        if not records:
            raise RuckusError(
                f"{found.path} was not made from this build folder: {self.folder} knows nothing of it", _LEFT_ALONE
            )
        there = signature(self.backend.access, found.path)
        if there is None and records[-1].complete:
            raise Damaged(
                f"{found.path}: its {records[-1].file_system} can't be recognized any more",
                f"repair it (fsck), or when nothing on it is needed: invoke volume-remove   (UUID {records[-1].uuid})",
            )
        mine = [row for row in records if row.uuid == there.uuid] if there else records
        if there and not mine:
            raise RuckusError(
                f"{found.path} holds {there.kind} that Ruckus did not make (UUID {there.uuid or 'none'})", _LEFT_ALONE
            )
        return next((row for row in mine if row.complete and there), mine[-1])

    def _needed(self, name: str) -> Found:
        if found := self.find(name):
            return found
        raise RuckusError(f"there is no volume {self.backend.path(name)}", "make it first: invoke volume-create")

    def mounted(self, name: str) -> list[Path]:
        """Where a volume is mounted, as this process sees it."""
        devices = self.backend.devices(name)
        return [mount.point for dev in devices for mount in mounts.mounted() if mount.is_of(dev.numbers)]

    def replaced(self, name: str) -> mounts.Mount | None:
        """What is mounted where a volume belongs, and was this volume until another took the place of its image."""
        holder = mounts.at(self.point(name))
        if holder is None or any(holder.is_of(dev.numbers) for dev in self.backend.devices(name)):
            return None
        there = signature(self.access, holder.source) if Path(holder.source).is_block_device() else None
        return holder if there and there.uuid in {row.uuid for row in self.records(name)} else None

    def _still(self, name: str, holder: mounts.Mount) -> str:
        """What is told of one that was replaced."""
        return f"{holder.source} is still mounted on {holder.point}: it was {self.backend.path(name)}, and was replaced"

    def _unused(self, name: str, purpose: str) -> None:
        """Raise RuckusError when anything at all uses a volume."""
        devices = self.backend.devices(name)
        if not devices and os.path.isfile(self.backend.path(name)):
            not_open(self.backend.path(name))
        for dev in devices:
            found = [*users(self.access, dev), *(f"it is held by Xen's {one}" for one in domains(self.access, dev))]
            if found:
                hint = "unmount it first: invoke volume-umount   (a domain: xl shutdown)"
                raise RuckusError(f"{dev} can't be {purpose}: {'; '.join(found)}", hint)
            try:
                exclusive(self.access, dev.path)
            except Unreadable:
                if purpose != "removed":
                    raise

    def _no_snapshots(self, found: Found) -> None:
        """LVM would remove them together with their origin."""
        if snapshots := [one.name for one in self.backend.every() if one.origin == found.name]:
            hint = "remove them first: invoke volume-remove --snapshot=NAME"
            if lent_name(found.name, "look") in snapshots:
                hint += f"\nthat of a look that was killed: invoke volume-look --device={found.path}"
            raise RuckusError(f"{found.path} has snapshots: {', '.join(snapshots)}", hint)

    def _remake(self, found: Found) -> None:
        """Remove what was never finished."""
        self._no_snapshots(found)
        self._unused(found.name, "made anew")
        self.backend.remove(found.name)

    # What can be done.

    def create(self, name: str) -> None:
        """Make a volume with an empty file system; nothing, when that is done already.

        Raises RuckusError when something of this name is there that is not ours. A failure takes back what was done.
        """
        with self._alone(name):
            found = self.find(name)
            if found:
                record = self._ours(found)
                if record is None or record.complete:
                    self._kept(found)
                    return
                self._say("incomplete", f"{found.path}: begun {time.ctime(record.time)} and never finished; made anew")
                self._remake(found)
            made = Made(
                self.access.name, time.time(), self.backend.path(name), str(uuid.uuid4()), self.layout.file_system, 0
            )
            self._record(made)
            with undoing() as step:
                step(lambda: self.backend.create(name), f"remove {made.path}", lambda: self.backend.remove(name))
                if self.mounts:
                    self._format(name, made)
            self._record(replace(made, complete=1))
            self._save(self.layout)
            self._say("created", f"{made.path}  {self.layout.size if self.mounts else 'a folder'}")

    def _kept(self, found: Found) -> None:
        self._save(self.layout)
        smaller = self.mounts and found.size < size_in_bytes(self.layout.size)
        hint = f"; it is smaller than {self.layout.size}: invoke volume-grow" if smaller else ""
        self._say("kept", f"{found.path}{hint}")

    def _format(self, name: str, made: Made) -> None:
        if not self.access.dry:
            self._unused(name, "formatted")
            if there := signature(self.backend.access, made.path):
                raise RuckusError(
                    f"{made.path} holds {there.kind}, and is not formatted", "see what it is: blkid --probe"
                )
        self.backend.access.run(commands.make_file_system(made.file_system, made.path, name, made.uuid))

    def mount(self, name: str, user: int, group: int) -> None:
        """Mount a volume, and give it to a user while it is empty; nothing, when that is done already.

        Raises RuckusError when it is mounted elsewhere or held by anybody, and when its mount point is in use.
        """
        if not self.mounts:
            self._say("nothing", f"to mount: {self.backend.path(name)} is a plain folder")
            return
        with self._alone(name):
            found, point = self.find(name), self.point(name)
            if found is None and not self.access.dry:
                found = self._needed(name)
            there = self.mounted(name)
            kind = self._finished(found).file_system if found else self.layout.file_system  # in a dry run
            if there != [point]:
                self.layout.check_places()
                self._unused(name, "mounted")
                if before := self.replaced(name):
                    raise RuckusError(self._still(name, before), "unmount that first: invoke volume-umount")
                self._free(point)
            else:
                self._on_top(name, point)
            with undoing() as step:
                if there != [point]:
                    self._mount(name, kind, point, step)
                self._give(point, user, group)
            if there != [point]:
                self._say("mounted", f"{self.backend.path(name)}  {point}")

    def _finished(self, found: Found) -> Made:
        """The record of a volume; RuckusError when it was never finished."""
        record = self._ours(found)
        if record is None or not record.complete:
            raise RuckusError(f"{found.path} was never finished", "the same volume-create makes it anew")
        return record

    def _on_top(self, name: str, point: Path) -> None:
        """Raise RuckusError when something else is mounted over a volume: that is what would be changed."""
        if not all(is_on(point, dev.numbers) for dev in self.backend.devices(name)):
            raise RuckusError(f"something else is mounted over {point}", f"unmount that first: umount {point}")

    def _free(self, point: Path) -> None:
        if os.path.islink(point) or (os.path.lexists(point) and not point.is_dir()):
            raise RuckusError(f"{point} is there already, and is no folder", "choose another: --mount-base=FOLDER")
        if holder := mounts.at(point):
            raise RuckusError(f"{holder.source} is mounted on {point}", f"unmount it first: umount {point}")
        if point.is_dir() and any(point.iterdir()):
            raise RuckusError(f"{point} is not empty, and would be hidden", "move away what is in it")

    def _mount(self, name: str, kind: str, point: Path, step: Step) -> None:
        run = self.access.run
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
        with self._alone(name):
            point = self.point(name)
            there = self.mounted(name)
            if others := [path for path in there if path != point]:
                raise RuckusError(
                    f"{self.backend.path(name)} is mounted on {', '.join(map(str, others))}", "umount it there yourself"
                )
            if there:
                self._on_top(name, point)
            elif before := self.replaced(name):
                self._say("replaced", self._still(name, before))
            elif holder := mounts.at(point):
                what = f"{holder.source} is mounted on {point}, and is not {self.backend.path(name)}"
                raise RuckusError(what, f"unmount it yourself: umount {point}")
            else:
                return
            try:
                self.access.run(commands.unmount(point))
            except RuckusError as error:
                raise RuckusError(error.message, f"{error.hint}\nsee who uses it: fuser -vm {point}") from error
            self._say("unmounted", str(point))

    def remove(self, name: str, confirm: Callable[[str], bool]) -> None:
        """Remove a volume and everything on it; nothing, when it is not there.

        confirm: asked before that, with what is about to be lost; nothing happens when it says no.
        Raises RuckusError when it is not ours, in use, or the origin of snapshots.
        """
        with self._alone(name):
            found = self.find(name)
            if found is None:
                self._say("nothing", f"to remove: there is no {self.backend.path(name)}")
                return
            self._removable(found)
            self._no_snapshots(found)
            if there := self.mounted(name):
                raise RuckusError(f"{found.path} is mounted on {there[0]}", "unmount it first: invoke volume-umount")
            if before := self.replaced(name):
                raise RuckusError(self._still(name, before), "unmount that first: invoke volume-umount")
            self._unused(name, "removed")
            if not self.access.dry and not confirm(f"{found.path} and everything on it"):
                self._say("kept", found.path)
                return
            self._unused(name, "removed")  # it took its time to answer
            self.backend.remove(name)
            point = self.point(name)
            if self.mounts and point.is_dir() and not any(point.iterdir()):
                self.access.run(commands.remove_folder(point), check=False)
            self._say("removed", found.path)

    def _removable(self, found: Found) -> None:
        try:
            self._ours(found)
        except Damaged:
            return
        except Unreadable:
            # A snapshot whose space is full has lost its content; its name and tag are what is left.
            if not (found.marked and found.origin and self.records(found.name)):
                raise

    def snapshot(self, name: str, origin: str, size: str) -> None:
        """Copy a volume as it is at this moment, its file system written out; nothing, when the copy is there.

        size: of what may change in either while both exist (LVM without a thin pool).
        """
        size_in_bytes(size)
        self._no_folder(origin)
        with self._alone(origin) as lock, self._alone(name):
            if found := self.find(name):
                record = self._ours(found)
                if record and record.complete:
                    self._say("kept", f"{found.path}  of {time.ctime(record.time)}")
                    return
                self._remake(found)
            source = self._needed(origin)
            made = replace(
                self._finished(source), run=self.access.name, time=time.time(), path=self.backend.path(name), complete=0
            )
            self._record(made)
            with undoing() as step:
                step(
                    lambda: self.backend.snapshot(name, origin, size, lock),
                    f"remove {made.path}",
                    lambda: self.backend.remove(name),
                )
                self._record(replace(made, complete=1))
            self._say("snapshot", f"{made.path}  of {source.path}")

    def grow(self, name: str, size: str) -> None:
        """Make a mounted volume and its file system as large as this at least."""
        wanted = size_in_bytes(size)
        self._no_folder(name)
        with self._alone(name):
            found = self._needed(name)
            record = self._ours(found)
            point, devices = self.point(name), self.backend.devices(name)
            if record is None or len(devices) != 1 or self.mounted(name) != [point]:
                hint = "it grows while it is mounted there, and nowhere else: invoke volume-mount"
                raise RuckusError(f"{found.path} is not mounted on {point}", hint)
            if found.size < wanted:
                self.backend.extend(name, size)
            self.backend.refresh(name)
            self.access.run(commands.grow_file_system(record.file_system, devices[0].path, point))
            if wanted > size_in_bytes(self.layout.size):
                self._save(replace(self.layout, size=size))
            self._say("grown", f"{found.path}  to {size} at least")

    def _no_folder(self, name: str) -> None:
        if not self.mounts:
            path = self.backend.path(name)
            raise RuckusError(f"{path} is a plain folder: it has no size and no snapshots", "use --volumes=lvm or loop")

    def commands(self, names: Sequence[str], user: int, group: int, *, everything: bool = False) -> Iterator[Command]:
        """The commands that need root to make and mount these volumes; everything: for all other tasks, too."""
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

    # How it is done.

    @contextmanager
    def _alone(self, name: str) -> Iterator[Named]:
        lock_name = self.backend.lock_name(name)
        if self.access.dry:
            yield Named(lock_name)
            return
        with ExitStack() as stack:
            held = stack.enter_context(named(lock_name))
            thaw(self.access, held)
            if held.note:
                hint = f"when that is over: {held.way_out(self.folder)}"
                raise RuckusError(f"{self.backend.path(name)} is lent {held.note}", hint)
            if not self.mounts and stack.enter_context(try_held(self.folder / RUN_LOCK)) is None:
                raise RuckusError(f"a run is building in {self.folder}", "watch it with: invoke status")
            yield held

    def _save(self, layout: Layout) -> None:
        if not self.access.dry:
            layout.save(self.folder)

    def _record(self, made: Made) -> None:
        if not self.access.dry:
            self.access.journal.add(made)

    def _say(self, what: str, text: str) -> None:
        if not self.access.dry:
            print(f"  {what.upper():<10} {text}", flush=True)
