# SPDX-License-Identifier: GPL-3.0-or-later
"""The user who builds: whoever ran configure. What root does for them beyond root's commands is done as this user."""

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.commands import run
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.paths import CONF

_OF_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")


@dataclass(frozen=True)
class BuildUser:
    """Numeric IDs of the user who builds, and of their group."""

    uid: int
    gid: int

    def run(self, words: Sequence[str | Path], *, check: bool = True) -> str:
        """Run a command of the host as this user; returns what it printed.

        Args:
            words: The command.
            check: Whether an exit status other than 0 is an error.
        """
        environment = {name: value for name, value in os.environ.items() if name not in _OF_MAKE}
        begin = self._as_user() if os.geteuid() == 0 != self.uid else []
        return run([*begin, *words], env=environment, replace_env=True, check=check)[1]

    def _as_user(self) -> list[str]:
        try:
            pwd.getpwuid(self.uid)
            groups = "--init-groups"
        except KeyError:
            groups = "--clear-groups"
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", groups, "--"]


def build_user(settings: Settings) -> BuildUser:
    """Whoever configured; if that was root, by mistake, whoever called sudo now, or root."""
    status = (settings.builddir / CONF).stat()
    if status.st_uid != 0:
        return BuildUser(status.st_uid, status.st_gid)
    user, group = (int(os.environ.get(name, "0")) for name in ("SUDO_UID", "SUDO_GID"))
    return BuildUser(user, group)
