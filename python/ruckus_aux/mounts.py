"""Which devices are mounted where, from /proc/self/mountinfo (proc_pid_mountinfo(5))."""

import re
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Mount:
    """A mounted file system: its device numbers as "MAJOR:MINOR", mount point, type, and mount options."""

    device: str
    point: Path
    kind: str
    options: tuple[str, ...]


def _decoded(field: str) -> str:
    r"""A field with its octal escapes resolved: \040 is a space."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def parse(text: str) -> list[Mount]:
    """The mounts in a mountinfo file, in its order; lines that are not of its form are left out."""
    mounts = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        if len(fields) >= 6 and kind:
            mounts.append(Mount(fields[2], Path(_decoded(fields[4])), kind, tuple(fields[5].split(","))))
    return mounts


def mounted() -> list[Mount]:
    """What is mounted in this process's mount namespace."""
    return parse(MOUNTINFO.read_text(errors="surrogateescape"))
