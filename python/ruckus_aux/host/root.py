# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of Ruckus that runs as root: the commands that there are, and how they are run.

A command is a tuple of words, made by one of the functions here and by nothing else, so that what `invoke verify-sudo`
asks for and what a build runs are the same words. They are run through `sudo -n`, which never asks for a password, or
as they are when this process is root's; each is written into the journal with its exit status.
"""

import os
import shlex
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from ruckus_aux.host.commands import run
from ruckus_aux.host.signals import held_back, let_through
from ruckus_aux.words.errors import RuckusError

Command = tuple[str, ...]

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # root's programs are never looked for on a user's PATH
TAG = "ruckus"  # on every logical volume that is ours
# LVM lets go of descriptors that it does not know, and says so for each: here, of our locks.
_ENVIRONMENT = {"LC_ALL": "C", "LVM_SUPPRESS_FD_WARNINGS": "1"}
_PACKAGES = {
    "lvs": "lvm2",
    "lvcreate": "lvm2",
    "lvremove": "lvm2",
    "lvextend": "lvm2",
    "mkfs.xfs": "xfsprogs",
    "xfs_growfs": "xfsprogs",
    "xfs_logprint": "xfsprogs",
    "mkfs.btrfs": "btrfs-progs",
    "btrfs": "btrfs-progs",
    "xenstore-ls": "xenstore-utils",
}


class Shape(str):
    """A word of a command that is not known beforehand: its text is its form, as a sudoers glob without any `*`.

    sample: a word of this form.
    """

    sample: str

    def __new__(cls, glob: str, sample: str) -> "Shape":
        """Make one."""
        word = super().__new__(cls, glob)
        word.sample = sample
        return word


_HEX = "[0-9a-f]"
UUID = Shape("-".join(_HEX * count for count in (8, 4, 4, 4, 12)), "00000000-0000-4000-8000-000000000000")
LOOPS = (Shape("/dev/loop[0-9]", "/dev/loop0"), Shape("/dev/loop[0-9][0-9]", "/dev/loop10"))


def program(name: str) -> str:
    """The absolute path of one of root's programs; RuckusError when it is not installed."""
    path = shutil.which(name, path=PATH)
    if path is None:
        raise RuckusError(f"{name}: not found in {PATH}", f"install it: apt-get install {_PACKAGES.get(name, name)}")
    return path


def as_command(name: str, *words: str | Path) -> Command:
    """A command of root's; RuckusError when its program is not installed."""
    return (program(name), *(word if isinstance(word, str) else str(word) for word in words))


def only_roots(folder: Path, user: int = 0) -> None:
    """Raise RuckusError unless none but root can replace what is in a folder: another could lead root elsewhere.

    Args:
        folder: it, and each link and folder on the way to it, is looked at; what is not there yet, root will make.
        user: who may do so, too, because root does nothing there but what this user wants.
    """
    for path, name in _on_the_way_to(folder):
        if not path.exists():
            return
        status = path.stat()
        others = status.st_mode & 0o022 and not (status.st_mode & stat.S_ISVTX and _owner(path, name) in (0, user))
        if status.st_uid not in (0, user) or others:
            raise RuckusError(f"{path} can be changed by others than root", "who would lead root elsewhere with links")


def _owner(folder: Path, name: str) -> int | None:
    """Whose a folder's entry is; where the folder is sticky, as /tmp is, only they can replace it."""
    path = folder / name
    return path.lstat().st_uid if name and os.path.lexists(path) else None


def _on_the_way_to(folder: Path) -> Iterator[tuple[Path, str]]:
    """The folders in which the kernel looks up names of a path, links followed, each with the name; "" in the last."""
    here, names = Path("/"), list(folder.parts[1:])
    for _ in range(256):  # then it is a circle of links
        yield here, names[0] if names else ""
        if not names:
            return
        here, link = here / names.pop(0), here
        if here.is_symlink():
            names = [*here.readlink().parts, *names]
            here = link
            if names[0] == "/":
                here, names = Path("/"), names[1:]
        elif here.name == "..":
            here = here.parent.parent
    raise RuckusError(f"{folder}: too many levels of symbolic links", "give the folder that it leads to")


# Folders and mounts.


def make_folder(path: Path) -> Command:
    """Make a mount point."""
    return as_command("mkdir", "-p", path)


def remove_folder(path: Path) -> Command:
    """Remove an empty mount point."""
    return as_command("rmdir", path)


def give(path: Path, user: int, group: int) -> Command:
    """Give a folder to a user."""
    return as_command("chown", "--no-dereference", f"{user}:{group}", path)


def mount(device: str, point: Path, kind: str, options: Sequence[str] = ()) -> Command:
    """Mount a file system; what its programs and device nodes may do, they may do in its own system only."""
    return as_command("mount", "-t", kind, "-o", ",".join([*options, "nosuid", "nodev"]), device, point)


def unmount(point: Path) -> Command:
    """Unmount what is mounted there."""
    return as_command("umount", point)


def freeze(point: Path) -> Command:
    """Write out a mounted file system, and let all who write to it wait (fsfreeze(8))."""
    return as_command("fsfreeze", "--freeze", point)


def thaw(point: Path) -> Command:
    """Let them go on."""
    return as_command("fsfreeze", "--unfreeze", point)


# Block devices. The first six change nothing.


def probe(device: str) -> Command:
    """Tell what is on a device, reading it and not a cache; exit status 2: nothing that is known (blkid(8))."""
    return as_command("blkid", "--probe", "--output", "export", device)


def open_exclusively(device: str) -> Command:
    """Open a device as only one process can (O_EXCL), and tell of more signatures than `probe`; it writes nothing."""
    return as_command("wipefs", "--no-act", "--all", device)


def describe(kind: str, device: str) -> Command:
    """Print what tells whether the journal of a file system waits for a replay."""
    if kind == "xfs":
        return as_command("xfs_logprint", "-t", device)
    if kind == "btrfs":
        return as_command("btrfs", "inspect-internal", "dump-super", device)
    return as_command("dumpe2fs", "-h", device)


def xen_disks() -> Command:
    """List the devices that Xen's domains hold."""
    return as_command("xenstore-ls", "/local/domain/0/backend")


def loops() -> Command:
    """List the loop devices with the inodes behind them."""
    return as_command("losetup", "--list", "--json", "--output", "NAME,BACK-INO,BACK-MAJ:MIN,BACK-FILE")


def set_read_only(device: str) -> Command:
    """Make a block device refuse to be written to, by the kernel, too."""
    return as_command("blockdev", "--setro", device)


def set_writable(device: str) -> Command:
    """Take that back."""
    return as_command("blockdev", "--setrw", device)


def loop_size(device: str) -> Command:
    """Let a loop device see that its file has grown."""
    return as_command("losetup", "--set-capacity", device)


# LVM.

LV_FIELDS = "vg_name,lv_name,lv_size,lv_tags,origin,pool_lv"


def logical_volumes(where: str) -> Command:
    """List the logical volumes of a group, or the one that a device is, as JSON."""
    report = ("--reportformat", "json", "--units", "b", "--nosuffix")
    return as_command("lvs", *report, "--options", LV_FIELDS, where)


def create_logical_volume(group: str, name: str, size: str, pool: str = "") -> Command:
    """Make a logical volume that is tagged as ours; what its extents still hold of earlier ones is wiped."""
    space = ("--virtualsize", size, "--thinpool", pool) if pool else ("--size", size)
    tag = ("--yes", "--wipesignatures", "y", "--addtag", TAG)
    return as_command("lvcreate", *tag, "--name", name, *space, group)


def snapshot_logical_volume(group: str, name: str, origin: str, size: str, *, thin: bool) -> Command:
    """Make a snapshot; device mapper freezes the origin's file system while it does."""
    space = ("--setactivationskip", "n") if thin else ("--size", size)
    return as_command("lvcreate", "--yes", "--addtag", TAG, "--snapshot", "--name", name, *space, f"{group}/{origin}")


def extend_logical_volume(group: str, name: str, size: str) -> Command:
    """Make a logical volume larger."""
    return as_command("lvextend", "--size", size, f"{group}/{name}")


def remove_logical_volume(group: str, name: str) -> Command:
    """Remove a logical volume."""
    return as_command("lvremove", "--yes", f"{group}/{name}")


# File systems.

_MAKE = {
    "ext4": ("mkfs.ext4", "-q", "-L", "{label}", "-U", "{uuid}", "{device}"),
    "xfs": ("mkfs.xfs", "-q", "-L", "{label:.12}", "-m", "uuid={uuid}", "{device}"),  # no longer labels there
    "btrfs": ("mkfs.btrfs", "-q", "-L", "{label}", "-U", "{uuid}", "{device}"),
}
FILE_SYSTEMS = tuple(_MAKE)


def make_file_system(kind: str, device: str, label: str, uuid: str) -> Command:
    """Format a device. mkfs.ext4 overwrites without a word what is there: look for signatures right before it."""
    name, *words = _MAKE[kind]
    return as_command(name, *(_filled(word, label=label, uuid=uuid, device=device) for word in words))


def _filled(word: str, **values: str) -> str:
    text = word.format(**values)
    uuid = values["uuid"]
    if "{uuid}" in word and isinstance(uuid, Shape):
        return Shape(text, word.format(uuid=uuid.sample))
    return text


def grow_file_system(kind: str, device: str, point: Path) -> Command:
    """Let a mounted file system take all of its device."""
    if kind == "xfs":
        return as_command("xfs_growfs", point)
    if kind == "btrfs":
        return as_command("btrfs", "filesystem", "resize", "max", point)
    return as_command("resize2fs", device)


@dataclass(frozen=True)
class Rooted:
    """A command that ran as root.

    time: when it began, in seconds since 1970. output: its end, when the exit status is not 0.
    """

    run: str
    time: float
    command: str
    status: int
    output: str = ""


class Recorder(Protocol):
    """What remembers the commands that ran as root, and more: the journal."""

    path: Path

    def add(self, row: Any) -> None:  # noqa: ANN401 - rows are of many kinds
        """Record a row."""

    def rows(self, kind: type[Any], run: str = "") -> list[Any]:
        """The rows of a kind, or those of one run."""


@dataclass(frozen=True)
class Root:
    """Who runs commands as root.

    journal: of all that was run as root. name: of the run that they belong to.
    dry: print the commands that change something, instead of running them.
    sudo: whether they need root at all.
    """

    journal: Recorder
    name: str
    dry: bool = False
    sudo: bool = True

    def ordinary(self) -> "Root":
        """The same without root's rights."""
        return replace(self, sudo=False)

    def run(self, command: Command, *, check: bool = True) -> tuple[int, str]:
        """Run a command that changes something; returns its exit status and what it printed.

        Ctrl-C waits for what root does; anything else is stopped by it.
        check: raise RuckusError when the status is not 0. In a dry run, it is printed and nothing more.
        """
        if self.dry:
            print(shlex.join(as_root(command) if self.sudo else command))
            return 0, ""
        return self.ask(command, check=check)

    def ask(self, command: Command, *, check: bool = True) -> tuple[int, str]:
        """Run a command that changes nothing, in a dry run, too; else as `run`."""
        started = time.time()
        words = as_root(command) if self.sudo else list(command)
        with held_back() if self.sudo else let_through():
            status, output = run(words, env=_ENVIRONMENT, check=False, detached=True)
            if self.sudo and not self.dry:  # a dry run leaves no trace
                said = output.strip()[-500:] if status else ""
                self._record(Rooted(self.name, started, shlex.join(command), status, said))
        if check and status != 0:
            tail = "\n".join(output.strip().splitlines()[-10:])
            if output.startswith("sudo:"):
                tail += "\nsee which commands sudo has to allow: invoke verify-sudo"
            raise RuckusError(f"'{shlex.join(words)}' failed with exit status {status}", tail)
        return status, output

    def _record(self, row: Rooted) -> None:
        try:
            self.journal.add(row)
        except (RuckusError, OSError) as error:  # what was done matters more
            print(f"ruckus: warning: {self.journal.path}: {error}; ran: {row.command}", file=sys.stderr)


def as_root(command: Sequence[str]) -> list[str]:
    """A command as it is run with root's rights; sudo never asks for a password, and takes no other user for root."""
    return list(command) if os.geteuid() == 0 else ["sudo", "-n", "-u", "root", *command]
