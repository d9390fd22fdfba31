"""Which devices are mounted where, from /proc/self/mountinfo (proc_pid_mountinfo(5))."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Mount:
    """A mounted file system: device numbers as "MAJOR:MINOR", mount point, type, mount options, and source."""

    device: str
    point: Path
    kind: str
    options: tuple[str, ...]
    source: str

    def is_of(self, numbers: str) -> bool:
        """Whether it is on the block device of these numbers; btrfs has numbers of its own, and names its source."""
        if self.device == numbers:
            return True
        try:
            status = os.stat(self.source)
        except OSError:
            return False
        return stat.S_ISBLK(status.st_mode) and device_numbers(status) == numbers


def _decoded(field: str) -> str:
    r"""A field with its octal escapes resolved: \040 is a space."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def parse(text: str) -> list[Mount]:
    """The mounts in a mountinfo file, in its order; lines that are not of its form are left out."""
    mounts = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, source, *_) = before.split(" "), (*after.split(" "), "", "")
        if len(fields) >= 6 and kind:
            options = tuple(fields[5].split(","))
            mounts.append(Mount(fields[2], Path(_decoded(fields[4])), kind, options, _decoded(source)))
    return mounts


def device_numbers(status: os.stat_result) -> str:
    """The numbers of a block device as mountinfo writes them."""
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"


def holding(path: Path) -> Mount | None:
    """The mount that an absolute path is on."""
    above = [mount for mount in mounted() if mount.point == path or mount.point in path.parents]
    return max(above, key=lambda mount: len(mount.point.parts), default=None)


def mounted() -> list[Mount]:
    """What is mounted in this process's mount namespace."""
    return parse(MOUNTINFO.read_text(errors="surrogateescape"))
