# SPDX-License-Identifier: GPL-3.0-or-later
"""What only root can give a system: owners, modes above the plain ones, and device nodes, as recipes declare them.

CLFS: Changing Ownership, and Populating /dev. The store holds none of it, and no key knows it: it is set in the
finished system (`make bootstrap-install`) and in images of it (`make image`), so a change takes effect without
building anything again.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import Stage

_NAME = r"[a-z_][a-z0-9_-]*|[0-9]+"
_OWNER = re.compile(rf"({_NAME})(:({_NAME}))?")
_MAJORS, _MINORS = 1 << 12, 1 << 20  # makedev(3): the kernel's dev_t has 32 bits
_MODES = 0o7777


@dataclass(frozen=True)
class Right:
    """A row of the table.

    path: from the root of the system.
    owner: USER or USER:GROUP, by the system's own /etc/passwd and /etc/group; "" for what it is anyway.
    mode: all twelve bits; None for what it is anyway.
    device: "c" or "b", major and minor number, when it is a node that has to be made.
    """

    path: str
    owner: str = ""
    mode: int | None = None
    device: tuple[str, int, int] | None = None


class Rights:
    """What a Script declares of its step's rights: all that no script can do without being root."""

    stage: Stage

    @cached_property
    def rights(self) -> list[Right]:
        """What was declared so far."""
        return []

    @cached_property
    def set_uid_programs(self) -> list[str]:
        """Their paths."""
        return []

    def device(self, path: str, kind: str, major: int, minor: int, *, mode: int = 0o600) -> None:
        """Declare a device node, as mknod(1) makes it.

        Args:
            path: From the root of the system, such as /dev/console.
            kind: "c" or "b".
            major: See admin-guide/devices.txt in the kernel's documentation.
            minor: The same.
            mode: Who may open it; it is root's.
        """
        if kind not in ("c", "b") or not (0 <= major < _MAJORS and 0 <= minor < _MINORS):
            raise RuckusError(f"{path}: {kind} {major} {minor} is no device", 'for instance: "c", 5, 1')
        self._declare(Right(path, mode=_checked(path, mode), device=(kind, major, minor)))

    def owner(self, owner: str, *paths: str) -> None:
        """Declare whose files and folders are that are not root's; with a folder, all that steps install there.

        Args:
            owner: USER:GROUP, or USER with the group of that user; names of the system's own, or numbers.
            paths: From the root of the system.
        """
        if not _OWNER.fullmatch(owner):
            raise RuckusError(f"'{owner}' is no owner", "for instance: root:utmp, or a user's name alone")
        for path in paths:
            self._declare(Right(path, owner=owner))

    def mode(self, mode: int, *paths: str) -> None:
        """Declare modes that the store drops: setuid, setgid, and write permission of others.

        Args:
            mode: All twelve bits, such as 0o4755.
            paths: From the root of the system.
        """
        for path in paths:
            self._declare(Right(path, mode=_checked(path, mode)))

    def set_uid(self, *paths: str) -> None:
        """Declare programs that run as root whoever calls them.

        `configure`, which has to come later, has them compiled so that faults in them are hard to use; the step fails
        when they are not.

        Args:
            paths: From the root of the system.
        """
        self.mode(0o4755, *paths)
        self.set_uid_programs.extend(paths)

    def _declare(self, right: Right) -> None:
        if not self.stage.of_system:
            raise RuckusError(f"{right.path}: a step of stage {self.stage.name} installs nothing into a system")
        if not right.path.startswith("/") or {"", ".", ".."}.intersection(right.path.split("/")[1:]):
            raise RuckusError(f"'{right.path}' is no path from the root of the system", "for instance: /dev/console")
        if re.search(r"[\s\"'#]", right.path):
            raise RuckusError(f"'{right.path}' has a character that sudoers can't name", "use a path without such")
        self.rights.append(right)


def _checked(path: str, mode: int) -> int:
    if not 0 <= mode <= _MODES:
        raise RuckusError(f"{path}: {mode} is no mode", "write it in octal digits, for instance: 0o4755")
    return mode
