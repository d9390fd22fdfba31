# SPDX-License-Identifier: GPL-3.0-or-later
"""Stamps: which artifact is merged, where, and which files it has.

A stamp is a file, stamps/STEP.KEY, and the target of its step in graph.mk: since the key is part of the name, whether
it exists is all that make needs to know. While it is called STEP.KEY.part, it is pending: it claims its files, so that
after a crash or a power cut, whenever it was, every file that may be there is known to be ours.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.locks import held
from ruckus_aux.host.trees import is_missing
from ruckus_aux.host.writing import make_durable_folder, settle, write_whole
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.paths import STAMPS_LOCK
from ruckus_aux.words.records import read_record
from ruckus_aux.words.step_name import StepName

PENDING = ".part"


@dataclass(frozen=True)
class Owner:
    """A merged artifact, or one whose merging was cut off: then it is pending.

    path: the stamp's own file.
    root: the folder that it was merged into.
    replaces: steps whose files its own files overwrite.
    """

    path: Path
    step: StepName
    key: str
    root: Path
    replaces: tuple[StepName, ...]

    @property
    def is_pending(self) -> bool:
        """Whether it only claims its files, and make does not take the step as done."""
        return self.path.suffix == PENDING

    @property
    def pending(self) -> Path:
        """Its file while it is pending."""
        return self.path if self.is_pending else self.path.with_name(f"{self.path.name}{PENDING}")

    def reopen(self) -> None:
        """Make it pending."""
        self.path.rename(self.pending)


@dataclass(frozen=True)
class Stamp(Owner):
    """All that a stamp's file says.

    inputs: what its key was made of, for `ruckus why`.
    files: its files, links and empty directories (with a slash at the end), relative to root.
    temporary: what each of its files was called while it was copied, in its own folder: short, so that it fits where
        the file's name does, and random, so that it is the name of nobody else's file.
    """

    inputs: Mapping[str, str]
    files: tuple[str, ...]
    temporary: str = ""

    def missing(self) -> list[str]:
        """What was merged and is not there any more."""
        return [name for name in self.files if is_missing(self.root / name)]

    def announce(self) -> None:
        """Write down which files are about to be merged: after a crash, they are known to be ours."""
        data = {name: value for name, value in self.__dict__.items() if name != "path"}
        make_durable_folder(self.path.parent)
        write_whole(self.pending, json.dumps(data, default=str), lasting=True)

    def complete(self) -> None:
        """Turn what was announced into the stamp, when the files are on the disk."""
        settle(self.pending, self.path)


def stamps(settings: Settings, *, pending: bool = False) -> Iterator[Stamp]:
    """All stamps of a build directory.

    pending: also those whose merging was cut off.
    """
    found = (read_stamp(path) for path in stamp_files(settings.stamps))
    return (stamp for stamp in found if stamp and (pending or not stamp.is_pending))


def unreadable(settings: Settings) -> list[Path]:
    """The files that only look like stamps: cut off, or not of this version. Without them, the step is merged again."""
    return [path for path in stamp_files(settings.stamps) if read_stamp(path) is None]


def stamp_files(folder: Path) -> list[Path]:
    """The files of all stamps, also pending ones, and what only looks like them."""
    return [Path(here, name) for here, _, names in os.walk(folder) for name in names]


def read_stamp(path: Path) -> Stamp | None:
    """The stamp that a file holds; None when it is cut off, not of this version, or not there."""
    try:
        return read_record(Stamp, path.read_bytes(), path=path)
    except (FileNotFoundError, ValueError):
        return None


def lock(settings: Settings) -> AbstractContextManager[int]:
    """Held by who changes stamps, merged files or the graph: one process of a build directory at a time."""
    return held(settings.buildroot / STAMPS_LOCK, "the merged files", settings.builddir)
