# SPDX-License-Identifier: GPL-3.0-or-later
"""Which devices are mounted where, from /proc/self/mountinfo (proc_pid_mountinfo(5))."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Mount:
    """A mounted file system: device numbers as "MAJOR:MINOR", mount point, type, mount options, and source.

    superblock: options of the file system itself: it is only read where "ro" is one of these.
    root: what of the file system is mounted there: "/", or a folder of it that is bound, or a subvolume.
    """

    device: str
    point: Path
    kind: str
    options: tuple[str, ...]
    source: str
    superblock: tuple[str, ...] = ()
    root: str = "/"

    @property
    def writable(self) -> bool:
        """Whether its file system is written to, through this mount or another."""
        return "ro" not in self.superblock

    def is_of(self, numbers: str) -> bool:
        """Whether it is on the block device of these numbers; btrfs has numbers of its own, and names its source."""
        if self.device == numbers:
            return True
        try:
            status = os.stat(self.source)
        except OSError:
            return False
        return stat.S_ISBLK(status.st_mode) and device_numbers(status) == numbers


def decoded(field: str) -> str:
    r"""A field with its octal escapes resolved: \040 is a space."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def parse(text: str) -> list[Mount]:
    """The mounts in a mountinfo file, in its order; lines that are not of its form are left out."""
    mounts = []
    for line in text.split("\n"):  # a path may hold what else ends a line
        before, _, after = line.partition(" - ")
        fields, (kind, source, superblock, *_) = before.split(" "), (*after.split(" "), "", "", "")
        if len(fields) >= 6 and kind:
            root, point = decoded(fields[3]), Path(decoded(fields[4]))
            options, more = tuple(fields[5].split(",")), tuple(superblock.split(","))
            mounts.append(Mount(fields[2], point, kind, options, decoded(source), more, root))
    return mounts


def device_numbers(status: os.stat_result) -> str:
    """The numbers of a block device as mountinfo writes them."""
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"


def holding(path: Path) -> Mount | None:
    """The mount that an absolute path is on; of several on one point, the last hides the others."""
    above = [mount for mount in reversed(mounted()) if mount.point == path or mount.point in path.parents]
    return max(above, key=lambda mount: len(mount.point.parts), default=None)


def at(point: Path) -> Mount | None:
    """What is seen at a mount point: the last that was mounted there; None when nothing is."""
    here = holding(point)
    return here if here and here.point == point else None


def is_on(point: Path, numbers: str) -> bool:
    """Whether a block device is what is seen at a mount point: nothing else is mounted over it.

    Args:
        point: The mount point.
        numbers: The device's, as "MAJOR:MINOR".
    """
    here = at(point)
    return here is not None and here.is_of(numbers)


def mounted() -> list[Mount]:
    """What is mounted in this process's mount namespace."""
    return parse(MOUNTINFO.read_text(errors="surrogateescape"))


def same_file(one: str, other: str) -> bool:
    """Whether two paths lead to the same file.

    Args:
        one: A path.
        other: Another. If either leads nowhere, they don't.
    """
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
