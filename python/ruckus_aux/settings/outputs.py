# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that a command is told to write, `--output=FILE`: it may be there from an earlier run, or be another's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ruckus_aux.host.folders import check_writable
from ruckus_aux.host.locks import held
from ruckus_aux.host.writing import settle
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError

_WAY_OUT = "name another file: --output=FILE"


class Mark(NamedTuple):
    """By what a file is known to be one that an earlier run has written: it has one of these bytes at a position."""

    position: int
    one_of: tuple[bytes, ...]

    def is_on(self, path: Path) -> bool:
        """Whether a plain file has it, or is empty."""
        with path.open("rb") as file:
            file.seek(self.position)
            return path.stat().st_size == 0 or file.read(max(map(len, self.one_of))).startswith(self.one_of)


def no_part(settings: Settings) -> list[Path]:
    """Folders that are no part of a system, even where they lie in $CLFS."""
    return [settings.buildroot, settings.builddir, settings.cache, *([settings.prefix] if settings.prefix else [])]


def check_output(settings: Settings, output: Path, mark: Mark) -> None:
    """Make sure, before anything that takes long, that a file can be written: in no system, in place of no other file.

    Args:
        settings: Of the build directory.
        output: The file.
        mark: Of what it may replace.

    Raises:
        RuckusError: It can't.
    """
    folder = output.absolute().parent
    if not folder.is_dir():
        raise RuckusError(f"{folder}: there is no such folder", f"make it, or {_WAY_OUT}")
    systems = [path.resolve() for path in ((settings.temporary or settings).clfs, settings.final)]
    known = {*systems, *(path.resolve() for path in no_part(settings))}
    around = next((path for path in (folder.resolve(), *folder.resolve().parents) if path in known), None)
    if around in systems:
        raise RuckusError(f"{output} would be a file of the system in {around}", _WAY_OUT)
    check_writable("--output", folder)
    if os.path.lexists(output) and not (output.is_file() and mark.is_on(output)):
        raise RuckusError(f"{output} is there, and no earlier run has written it", _WAY_OUT)


@contextmanager
def replaced(output: Path) -> Iterator[Path]:
    """Replace a file when its successor is whole. Whoever else is about to do so waits.

    Yields what the successor is called until then; nothing has that name.
    """
    partial, lock = (output.with_name(f".{output.name}.{kind}") for kind in ("part", "lock"))
    with held(lock, output.name, output.parent):
        try:
            partial.unlink(missing_ok=True)  # a child of somebody who was killed may still write to it
            yield partial
            settle(partial, output)
        finally:
            partial.unlink(missing_ok=True)
            lock.unlink(missing_ok=True)
