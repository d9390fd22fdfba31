# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock file: every file that was fetched for a configuration, with its hash, and where it came from.

It is written beside the build's other files, to be kept under version control or handed to another machine. With
`configure --with-lock=FILE` nothing else will do: the same bytes and keys, although archives and addresses move.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ruckus_aux.host.writing import write_whole
from ruckus_aux.recipes.manifest import NOTHING, Fetched, Source
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import SOURCES_LOCK
from ruckus_aux.words.records import read_record

_FORMAT = 1
_USUAL = f"{SOURCES_LOCK} in BUILDROOT"


@dataclass(frozen=True)
class LockFile:
    """A lock file's content: what was fetched, by the sources' names."""

    format: int
    sources: Mapping[str, Fetched]


def read_lockfile(path: Path) -> Mapping[str, Fetched]:
    """What a lock file has, by the sources' names.

    Raises RuckusError when it can't be read, or is none.
    """
    try:
        content = read_record(LockFile, path.read_bytes())
        if content.format != _FORMAT:
            raise ValueError(f"format {content.format} is of another version of Ruckus")
    except (OSError, ValueError) as error:
        text = error.strerror if isinstance(error, OSError) else error
        raise RuckusError(
            f"{path}: not a lock file of sources: {text}", "make download writes one, see --help"
        ) from error
    return content.sources


def lockfile_text(sources: Iterable[Source]) -> str:
    """The lock file of these sources, as far as they are downloaded; those of a lock file are as they are there."""
    fetched = {source.name: source.locked or source.fetched for source in sources if source.fetched}
    ordered = {name: one for name, one in sorted(fetched.items()) if one}
    return json.dumps(asdict(LockFile(_FORMAT, ordered)), indent=2, ensure_ascii=False) + "\n"


def write_lockfile(path: Path, sources: Iterable[Source]) -> None:
    """Bring a lock file up to date.

    Args:
        path: The file; it is not touched when it says the same.
        sources: Those of a configuration.
    """
    text = lockfile_text(sources)
    if not path.exists() or path.read_text(encoding="utf-8", errors="replace") != text:
        write_whole(path, text)


def why_refused(source: Source, path: Path) -> str:
    """Why no provider can have what a lock file wants for a source; "" when one may have it.

    Args:
        source: One that is locked.
        path: The lock file.
    """
    locked = source.locked
    if locked is None or source.accepts(locked):
        return ""
    name = f"source {source.name} {source.version}"
    if locked == NOTHING:
        return f"{name} is not in {path}"
    lines = [f"expected {file.sha256}  {file.name} ({locked.version}, the lock file)" for file in locked.files]
    lines += [f"got      {source.sha256}  {source.file}"] if source.file else []
    if debian := source.debian:
        tarball = debian.sha256 or "any hash".ljust(64)
        lines.append(f"got      {tarball}  Debian's {debian.package} {debian.versions or source.version}")
        lines += [f"got      {patch.sha256}  {patch.name}" for patch in map(debian.kept, debian.patches)]
    return "\n  ".join([f"{name}: {path} has another file than the manifest pins (SHA-256):", *lines])
