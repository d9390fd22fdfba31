# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack the sources of a configuration into one archive, for machines without a network.

Unpacked, it is a folder for --with-mirror: all files, the lock file that names them, and the manifests. The same
sources make the same bytes.
"""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

from ruckus_aux.recipes.environment import SOURCE_DATE_EPOCH
from ruckus_aux.recipes.lockfile import lockfile_text
from ruckus_aux.recipes.manifest import Source, verify_source
from ruckus_aux.settings.outputs import Mark, replaced
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.paths import SOURCES_LOCK

FOLDER = "ruckus-sources"  # in the archive
BUNDLE_MARK = Mark(0, (f"{FOLDER}/{SOURCES_LOCK}".encode(),))  # the name of its first file


def write_bundle(settings: Settings, sources: Iterable[Source], path: Path) -> list[str]:
    """Pack sources that are downloaded.

    Args:
        settings: Of their build directory.
        sources: All that is to be packed.
        path: The archive.

    Returns:
        The options of configure, below the folder in the archive, that take the sources from it.

    Raises:
        RuckusError: A source is not there, or damaged.
    """
    ordered = sorted(sources, key=lambda source: source.name)
    files = {file.name: file for source in ordered for file in verify_source(settings.sources, source)}
    manifests = {
        f"manifests/{number}-{manifest.name}": manifest
        for number, manifest in enumerate((settings.recipes / "sources.toml", *settings.manifests))
    }
    with replaced(path) as partial, tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, SOURCES_LOCK, lockfile_text(ordered).encode())
        for name, file in sorted({**manifests, **files}.items()):
            _add(archive, name, file)
    overlays = [f"--with-manifest={FOLDER}/{name}" for name in [*manifests][1:]]
    return [f"--with-mirror={FOLDER}", *overlays, f"--with-lock={FOLDER}/{SOURCES_LOCK}"]


def _add(archive: tarfile.TarFile, name: str, content: Path | bytes) -> None:
    member = tarfile.TarInfo(f"{FOLDER}/{name}")
    member.mtime = SOURCE_DATE_EPOCH
    member.mode = 0o644
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        member.size = file.seek(0, io.SEEK_END)
        file.seek(0)
        archive.addfile(member, file)
