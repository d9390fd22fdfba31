# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ruckus runs as root for volumes and systems: each command is made by one of these functions, and only there."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ruckus_aux.host.hosts import Host
from ruckus_aux.host.root import HERE, Command, Shape, as_command, program
from ruckus_aux.words.paths import HOST_FOLDERS

TAG = "ruckus"  # on every logical volume that is ours
_HEX = "[0-9a-f]"
UUID = Shape("-".join(_HEX * count for count in (8, 4, 4, 4, 12)), "00000000-0000-4000-8000-000000000000")
LOOPS = (Shape("/dev/loop[0-9]", "/dev/loop0"), Shape("/dev/loop[0-9][0-9]", "/dev/loop10"))


# Folders and mounts.


def make_folder(path: Path) -> Command:
    """Create a mount point."""
    return as_command("mkdir", "-p", path)


def remove_folder(path: Path) -> Command:
    """Remove an empty mount point."""
    return as_command("rmdir", path)


def give(path: Path, user: int, group: int) -> Command:
    """Give a folder to a user.

    Args:
        path: The folder.
        user: Numeric user ID.
        group: Numeric group ID.
    """
    return as_command("chown", "--no-dereference", f"{user}:{group}", path)


def give_trees(trees: Iterable[Path], user: int, group: int) -> Command:
    """Give a user what is root's in their own folders, without following a link.

    Args:
        trees: The folders, and files.
        user: Numeric user ID.
        group: Numeric group ID.
    """
    change = ("--recursive", "-P", "--no-dereference", "--from=0", "--", f"{user}:{group}")
    return as_command("chown", *change, *trees)


def mount(device: str, point: Path, kind: str, options: Sequence[str] = ()) -> Command:
    """Mount a file system; its setuid programs and device nodes are effective in its own system only.

    Args:
        device: A block device or an image file.
        point: The folder to mount it on.
        kind: The type of the file system.
        options: For mount(8), besides nosuid and nodev.
    """
    return as_command("mount", "-t", kind, "-o", ",".join([*options, "nosuid", "nodev"]), device, point)


def unmount(point: Path) -> Command:
    """Unmount what is mounted there."""
    return as_command("umount", point)


def freeze(point: Path) -> Command:
    """Write out a mounted file system, and let processes that write to it wait (fsfreeze(8))."""
    return as_command("fsfreeze", "--freeze", point)


def thaw(point: Path) -> Command:
    """Let those processes continue."""
    return as_command("fsfreeze", "--unfreeze", point)


# Block devices. The first six change nothing.


def probe(device: str) -> Command:
    """Report what is on a device, reading it and not a cache; exit status 2: nothing known (blkid(8))."""
    return as_command("blkid", "--probe", "--output", "export", device)


def open_exclusively(device: str, at: Host = HERE) -> Command:
    """Open a device as only one process can (O_EXCL), and report more signatures than `probe`; writes nothing.

    Args:
        device: Its path.
        at: Where it is.
    """
    return as_command("wipefs", "--no-act", "--all", device, at=at)


def describe(kind: str, device: str) -> Command:
    """Print, among other things, whether the journal of a file system waits for a replay.

    Args:
        kind: The type of the file system.
        device: The block device.
    """
    if kind == "xfs":
        return as_command("xfs_logprint", "-t", device)
    if kind == "btrfs":
        return as_command("btrfs", "inspect-internal", "dump-super", device)
    return as_command("dumpe2fs", "-h", device)


def xen_disks(at: Host = HERE) -> Command:
    """List the devices that the domains of a dom0 hold."""
    return as_command("xenstore-ls", "/local/domain/0/backend", at=at)


def loops() -> Command:
    """List the loop devices with the inodes behind them."""
    return as_command("losetup", "--list", "--json", "--output", "NAME,BACK-INO,BACK-MAJ:MIN,BACK-FILE")


def set_read_only(device: str) -> Command:
    """Make a block device read-only, for the kernel as well."""
    return as_command("blockdev", "--setro", device)


def set_writable(device: str) -> Command:
    """Undo that."""
    return as_command("blockdev", "--setrw", device)


def loop_size(device: str) -> Command:
    """Let a loop device notice that its file has grown."""
    return as_command("losetup", "--set-capacity", device)


# LVM.

LV_FIELDS = "vg_name,lv_name,lv_size,lv_tags,origin,pool_lv"


def logical_volumes(where: str, at: Host = HERE) -> Command:
    """List the logical volumes of a group, or the one that a device is, as JSON.

    Args:
        where: The group, or the device.
        at: The machine.
    """
    report = ("--reportformat", "json", "--units", "b", "--nosuffix")
    return as_command("lvs", *report, "--options", LV_FIELDS, where, at=at)


def create_logical_volume(group: str, name: str, size: str, pool: str = "", at: Host = HERE) -> Command:
    """Create a logical volume that is tagged as ours; signatures that its extents still hold are wiped.

    Args:
        group: The volume group.
        name: The volume's.
        size: As lvcreate takes it.
        pool: The thin pool that it is to be in; "" for none.
        at: The machine.
    """
    space = ("--virtualsize", size, "--thinpool", pool) if pool else ("--size", size)
    tag = ("--yes", "--wipesignatures", "y", "--addtag", TAG)
    return as_command("lvcreate", *tag, "--name", name, *space, group, at=at)


def snapshot_logical_volume(group: str, name: str, origin: str, size: str, *, thin: bool) -> Command:
    """Take a snapshot; device mapper freezes the origin's file system meanwhile.

    Args:
        group: The volume group.
        name: The snapshot's.
        origin: The name of the volume.
        size: As lvcreate takes it: of what may change while both exist.
        thin: Whether the origin is in a thin pool, where a snapshot has no size.
    """
    space = ("--setactivationskip", "n") if thin else ("--size", size)
    return as_command("lvcreate", "--yes", "--addtag", TAG, "--snapshot", "--name", name, *space, f"{group}/{origin}")


def extend_logical_volume(group: str, name: str, size: str) -> Command:
    """Enlarge a logical volume.

    Args:
        group: The volume group.
        name: The volume's.
        size: That it has afterwards, as lvextend takes it.
    """
    return as_command("lvextend", "--size", size, f"{group}/{name}")


def remove_logical_volume(group: str, name: str, at: Host = HERE) -> Command:
    """Remove a logical volume.

    Args:
        group: The volume group.
        name: The volume's.
        at: The machine.
    """
    return as_command("lvremove", "--yes", f"{group}/{name}", at=at)


# File systems.

_MAKE = {
    "ext4": ("mkfs.ext4", "-q", "-L", "{label}", "-U", "{uuid}", "{device}"),
    "xfs": ("mkfs.xfs", "-q", "-L", "{label:.12}", "-m", "uuid={uuid}", "{device}"),  # no longer labels there
    "btrfs": ("mkfs.btrfs", "-q", "-L", "{label}", "-U", "{uuid}", "{device}"),
}
FILE_SYSTEMS = tuple(_MAKE)


def make_file_system(kind: str, device: str, label: str, uuid: str) -> Command:
    """Format a device. mkfs.ext4 overwrites anything without a word: probe for signatures right before it.

    Args:
        kind: The type of the file system.
        device: The block device or image file.
        label: Of the file system.
        uuid: Of the file system.
    """
    name, *words = _MAKE[kind]
    return as_command(name, *(_filled(word, label=label, uuid=uuid, device=device) for word in words))


def _filled(word: str, **values: str) -> str:
    text = word.format(**values)
    uuid = values["uuid"]
    if "{uuid}" in word and isinstance(uuid, Shape):
        return Shape(text, word.format(uuid=uuid.sample))
    return text


def grow_file_system(kind: str, device: str, point: Path) -> Command:
    """Let a mounted file system fill its device.

    Args:
        kind: The type of the file system.
        device: The block device.
        point: Where it is mounted.
    """
    if kind == "xfs":
        return as_command("xfs_growfs", point)
    if kind == "btrfs":
        return as_command("btrfs", "filesystem", "resize", "max", point)
    return grow_ext4(device)


def grow_ext4(device: str, at: Host = HERE) -> Command:
    """Let an ext4 file system fill its device, whether it is mounted or not.

    Args:
        device: The block device.
        at: The machine.
    """
    return as_command("resize2fs", device, at=at)


# A finished system. These run where there is nothing but the system and the host's programs, which can't be changed:
# wherever symbolic links of the system lead, root does not leave it. Paths are relative to the system's root.

_NAMESPACES = ("pid", "net", "ipc", "uts", "cgroup-try")
_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD")
_SYSTEM = "/system"


def _within(clfs: Path, name: str, *words: str) -> Command:
    """A command that sees nothing of this machine that it could change, other than a system."""
    alone = [f"--unshare-{namespace}" for namespace in _NAMESPACES] + ["--cap-drop", "ALL"]
    alone += [word for capability in _CAPABILITIES for word in ("--cap-add", f"CAP_{capability}")]
    world = [*_programs(), "--dev", "/dev", "--proc", "/proc", "--dir", _SYSTEM]
    world += ["--remount-ro", "/proc", "--remount-ro", "/", "--bind", str(clfs), _SYSTEM, "--chdir", _SYSTEM]
    return as_command("bwrap", *alone, "--clearenv", *world, "--", program(name), *words)


def _programs() -> Iterator[str]:
    """Words of bwrap that show the host's programs, to be read only."""
    for path in (f"/{name}" for name in HOST_FOLDERS):
        if os.path.islink(path):
            yield from ("--symlink", os.readlink(path), path)
        elif os.path.isdir(path):
            yield from ("--ro-bind", path, path)


def own_listed(clfs: Path, user: int, group: int) -> Command:
    """Give files and folders of a system to a user; it reads their names, each with a NUL at its end.

    Args:
        clfs: The system's root.
        user: Numeric user ID.
        group: Numeric group ID.
    """
    change = (program("chown"), "--no-dereference", "--", f"{user}:{group}")
    return _within(clfs, "xargs", "--null", "--no-run-if-empty", *change)


def own(clfs: Path, user: int, group: int, path: str) -> Command:
    """Give a file or folder of a system to a user.

    Args:
        clfs: The system's root.
        user: Numeric user ID.
        group: Numeric group ID.
        path: Below it.
    """
    return _within(clfs, "chown", "--no-dereference", "--", f"{user}:{group}", f"./{path}")


def set_mode(clfs: Path, mode: int, path: str) -> Command:
    """Set the mode of a file or folder of a system.

    Args:
        clfs: The system's root.
        mode: All twelve bits.
        path: Below it; no symbolic link.
    """
    return _within(clfs, "chmod", "--", f"{mode:04o}", f"./{path}")


def make_node(clfs: Path, path: str, kind: str, major: int, minor: int, mode: int) -> Command:
    """Make a device node in a system.

    Args:
        clfs: The system's root.
        path: Below it.
        kind: "c" or "b".
        major: Its major number.
        minor: Its minor number.
        mode: Who may open it.
    """
    return _within(clfs, "mknod", f"--mode={mode:04o}", "--", f"./{path}", kind, str(major), str(minor))


def remove_node(clfs: Path, path: str) -> Command:
    """Remove a device node of a system.

    Args:
        clfs: The system's root.
        path: Below it.
    """
    return _within(clfs, "rm", "--", f"./{path}")
