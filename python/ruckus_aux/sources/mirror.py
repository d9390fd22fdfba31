# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirror folders as a provider: upstream's tarballs under their names, or an unpacked source bundle."""

import errno
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ruckus_aux.recipes.lockfile import read_lockfile
from ruckus_aux.recipes.manifest import Fetched, File, Source
from ruckus_aux.sources.provider import Unavailable, Watcher, check_hash, writing
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import SOURCES_LOCK


class Mirror:
    """A local folder, as --with-mirror names it.

    With a lock file in it, it also has what that names: Debian's tarballs and patches, say.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fetch(self, source: Source, partial: Path, watcher: Watcher) -> tuple[Fetched, list[Path]]:
        """Copy a source's files; see Provider."""
        reasons: list[str] = []
        for wanted in self._wanted(source):
            try:
                copies = [self._copy(file, partial, watcher) for file in wanted.files]
            except Unavailable as error:
                reasons += error.reasons
            else:
                return replace(wanted, origin=str(self.folder / wanted.files[0].name)), copies
        raise Unavailable(*(reasons or [f"mirror {self.folder}: the manifest names no file of {source.name}"]))

    def _wanted(self, source: Source) -> Iterator[Fetched]:
        """What of the folder would do for a source."""
        if source.locked:
            yield source.locked
            return
        if source.file:
            yield Fetched("upstream", source.version, (File(source.file, source.sha256),), "")
        bundled = self._bundled.get(source.name)
        if bundled and bundled.variant == "debian" and source.accepts(bundled):
            yield bundled

    @cached_property
    def _bundled(self) -> dict[str, Fetched]:
        path = self.folder / SOURCES_LOCK
        try:
            return dict(read_lockfile(path)) if path.is_file() else {}
        except (OSError, RuckusError) as error:
            raise Unavailable(f"mirror {self.folder}: {error}") from error

    def _copy(self, file: File, partial: Path, watcher: Watcher) -> Path:
        original, copy = self.folder / file.name, partial / file.name
        try:
            if not original.is_file():
                raise Unavailable(f"mirror {self.folder}: no {file.name}")
            shutil.copyfile(original, copy)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                with writing(copy):
                    raise
            raise Unavailable(f"mirror {original}: {error.strerror}") from error
        check_hash(copy, file.sha256, str(original), watcher)
        return copy
