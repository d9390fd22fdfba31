# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that commands are run on: this one (`Here` in host/root.py), or another (host/remote.py)."""

import shlex
from collections.abc import Sequence
from typing import BinaryIO, Protocol

from ruckus_aux.words.errors import RuckusError

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # root's programs are never looked for on a user's PATH
# LVM lets go of descriptors that it does not know, and says so for each: here, of our locks.
ENVIRONMENT = {"LC_ALL": "C", "LVM_SUPPRESS_FD_WARNINGS": "1"}
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
    "xl": "xen-system-amd64",
    "bwrap": "bubblewrap",
}


class Unreachable(RuckusError):
    """Another machine can't be asked at the moment: what it does meanwhile is not known, and it may answer later."""


class Host(Protocol):
    """A machine that commands are run on.

    name: as people call it. by_root: whether whatever runs there is root's anyway.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - see above

    @property
    def by_root(self) -> bool: ...  # noqa: D102

    def program(self, name: str) -> str:
        """The absolute path of one of root's programs; RuckusError when it is not installed."""

    def same_file(self, path: str, other: str) -> bool:
        """Whether two paths lead to one file.

        Args:
            path: One.
            other: The other.
        """

    def run(self, words: Sequence[str], *, text: bytes = b"", limit: float = ...) -> tuple[int, str]:
        """Run a command; whatever happens to us, it continues.

        Args:
            words: Its words.
            text: What it reads.
            limit: Seconds without a sign of life from it, after which it is given up; by default, the machine's own.

        Returns:
            Its exit status, and what it wrote to stdout and stderr together.

        Raises:
            Unreachable: The machine can't be asked, or the command was given up.
            RuckusError: It was ended by a signal.
        """

    def pipe(
        self, words: Sequence[str], *, source: BinaryIO | None = None, target: BinaryIO, limit: float = ...
    ) -> tuple[int, str]:
        """Run a command that reads or writes data.

        Args:
            words: Its words.
            source: A file that it reads, from where its descriptor is; it may not write much before it has read it all.
            target: A file that gets what it writes.
            limit: Seconds in which no data moves, after which it is ended.

        Returns:
            Its exit status, and what it wrote to stderr.

        Raises:
            Unreachable: The machine can't be asked, or nothing moved.
            RuckusError: It was ended by a signal.
        """


def not_found(name: str, where: str = "") -> RuckusError:
    """The error for a program that a machine lacks.

    Args:
        name: The program.
        where: The machine, if it is not this one.
    """
    command = f"apt-get install {_PACKAGES.get(name, name)}"
    return RuckusError(f"{name}: not found in {PATH}{where and f' on {where}'}", f"install it there: {command}")


def gave_up(words: Sequence[str], limit: float, where: str) -> Unreachable:
    """The error for a command that has shown no sign of life.

    Args:
        words: Its words.
        limit: Seconds.
        where: The machine, with a preposition.
    """
    text = f"'{shlex.join(words)}' {where} was silent for {limit:.0f} s and is given up"
    return Unreachable(text, "it may still run there: ps -ef")
