# SPDX-License-Identifier: GPL-3.0-or-later
"""The host itself as a workplace, as in the CLFS book: the prefixes are symbolic links into $CLFS and $BUILDROOT."""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ruckus_aux.host.commands import run
from ruckus_aux.host.trees import make_folders
from ruckus_aux.steps.workplace import HostCommand, Room, Workplace
from ruckus_aux.words.errors import RuckusError


@dataclass(frozen=True)
class PlainHost(Workplace):
    """No isolation: a script sees all of the host, as the user that builds."""

    title: ClassVar[str] = "the host, not isolated"
    links: ClassVar[bool] = True

    @classmethod
    def notes(cls, *, sharing: bool) -> list[str]:
        """Who should not build there."""
        danger = "without a sandbox, root's steps can change anything on this host: build as another user"
        return [danger] if os.geteuid() == 0 else []

    def inside(self, work: Path) -> Path:
        """It is where it is."""
        return work

    def prepare(self, work: Path, source: Path | None = None) -> None:
        """Make a working folder, with a copy of the shared source: the original could be written to."""
        make_folders(work, ("sources", "files", "out"))
        if source:
            run(["cp", "-a", "--reflink=auto", source, work / "src"])

    def give(self, *things: Path | int) -> None:
        """Scripts are the same user's."""

    def shares(self, objects: Path) -> bool:
        """Never: paths of source and build differ, and no object would ever be found."""
        return False

    def show(self, view: Path, artifacts: Iterable[Path], tools: Collection[str], programs: Path | None = None) -> None:
        """Nothing: the links lead to what is merged."""

    def environment(self, room: Room, environment: Mapping[str, str]) -> dict[str, str]:
        """As it is."""
        return dict(environment)

    def command(self, room: Room, program: Sequence[str], *, terminal: bool = False) -> HostCommand:
        """The program itself."""
        return HostCommand(list(program))

    def elsewhere(self, tools: Collection[str]) -> Workplace:
        """None: a script may depend on all of the host, and on the build directory."""
        raise RuckusError(
            "without a sandbox, the build directory is in the keys of steps: elsewhere they are others",
            "configure --with-isolation=bwrap",
        )
