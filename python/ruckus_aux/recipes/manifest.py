# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of sources, and what of it lies in the cache.

packages/sources.toml pins each source: version, SHA-256, upstream addresses, and the Debian source package that can
stand in for it; manifests of a user's own (--with-manifest) are laid over it. `ruckus download` (see download.py)
fetches one of the variants and records in the cache, in NAME.json, which files it got and their hashes. Everything else
reads only that record.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ruckus_aux.host.writing import write_whole
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.records import read_record, record_of


@dataclass(frozen=True)
class File:
    """A file: its name and the SHA-256 of its content."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Debian:
    """How Debian's source archive carries a source.

    package: the Debian source package.
    sha256: of its .orig tarball, when pinned; else apt's signatures vouch for it.
    versions: shell pattern of upstream versions that will do, when not only the manifest's own (the archive keeps
        only some of a package with frequent security updates).
    nested: shell pattern of the tarball inside the .orig tarball, when the source is packed twice.
    patches: of Debian's own that make its tarball, from which the documentation was removed, build again: paths below
        debian/patches. Pinned like the tarball, because another revision of the package may have others.
    strip: patch's -p for them.
    release: of Debian that has this version, by its code name; "" for the host's own.
    """

    package: str
    sha256: str = ""
    versions: str = ""
    nested: str = ""
    patches: tuple[File, ...] = ()
    strip: int = 1
    release: str = ""

    def kept(self, patch: File) -> File:
        """A patch as a file of the cache."""
        return File(f"{self.package}_{patch.name.replace('/', '_')}", patch.sha256)


@dataclass(frozen=True)
class Lock:
    """What was downloaded for a source: which variant ("upstream" or "debian"), its version, its files, from where."""

    variant: str
    version: str
    files: tuple[File, ...]
    origin: str


@dataclass(frozen=True)
class Source:
    """One entry of the manifest, with what the cache holds of it.

    file, sha256, urls: of the upstream release; empty when the manifest knows only Debian's package.
    """

    name: str
    version: str
    file: str = ""
    sha256: str = ""
    urls: tuple[str, ...] = ()
    debian: Debian | None = None
    lock: Lock | None = None

    def __post_init__(self) -> None:
        if bool(self.file) != bool(self.sha256):
            raise ValueError("file and sha256 belong together")
        if not self.file and self.debian is None:
            raise ValueError("neither file and sha256 of an upstream release, nor a debian package")

    def accepts(self, lock: Lock) -> bool:
        """Whether a download satisfies the manifest as it reads now."""
        if lock.variant == "upstream":
            return lock.files == (File(self.file, self.sha256),)
        if self.debian is None or lock.files[1:] != tuple(map(self.debian.kept, self.debian.patches)):
            return False
        if self.debian.sha256 and lock.files[0].sha256 != self.debian.sha256:
            return False
        return bool(self.debian.versions) or lock.version == self.version

    @property
    def names(self) -> list[str]:
        """What the cache has of it, by file name: the record of its download, and the files."""
        return [_lock_path(Path(), self.name).name, *(file.name for file in self.lock.files)] if self.lock else []

    def identity(self) -> list[str]:
        """The hashes of the files that unpack_commands names, in its order; empty before the download."""
        return [file.sha256 for file in self.lock.files] if self.lock else []

    def unpack_commands(self, without: tuple[str, ...] = ()) -> list[str]:
        """The lines of shell that unpack this source into $SRC, whichever variant of it was downloaded.

        without: shell patterns below the archive's top folder of what is not to be unpacked.
        """
        excluded = "".join(f" --exclude='*/{pattern}'" for pattern in without)
        tar = f"tar --no-same-owner --strip-components=1{excluded}"
        lines = ['mkdir -p "$SRC"']
        if self.lock is None or self.lock.variant == "upstream" or self.debian is None:
            return [*lines, f'{tar} -xf "$SOURCES/{self.file}" -C "$SRC"']
        archive = f"$SOURCES/{self.lock.files[0].name}"
        if self.debian.nested:
            inner = f"tar -xOf \"{archive}\" --wildcards '*/{self.debian.nested}'"
            lines += [f"{inner} > nested.tar", f'{tar} -xf nested.tar -C "$SRC"', "rm nested.tar"]
        else:
            lines.append(f'{tar} -xf "{archive}" -C "$SRC"')
        strip = self.debian.strip
        return lines + [f'patch -d "$SRC" -s -p{strip} -i "$SOURCES/{file.name}"' for file in self.lock.files[1:]]


def _lock_path(cache: Path, name: str) -> Path:
    return cache / f"{name}.json"


def _read_lock(cache: Path, name: str) -> Lock | None:
    try:
        lock = read_record(Lock, _lock_path(cache, name).read_bytes())
    except (FileNotFoundError, ValueError):
        return None  # never downloaded, or a record that was cut off: download it (again)
    return lock if all((cache / file.name).is_file() for file in lock.files) else None


def write_lock(cache: Path, name: str, lock: Lock) -> None:
    """Record a finished download. Its files must be in place already."""
    write_whole(_lock_path(cache, name), json.dumps(asdict(lock), indent=2) + "\n", lasting=True)


def _entry(name: str, table: object, release: str) -> Source:
    """An entry of a manifest; ValueError when it is none."""
    if not isinstance(table, dict):
        raise ValueError("not a table of keys")
    debian = table.get("debian")
    if isinstance(debian, dict) and isinstance(debian.get("patches", {}), dict):
        patches = [{"name": patch, "sha256": sha256} for patch, sha256 in debian.get("patches", {}).items()]
        table = {**table, "debian": {"release": release, **debian, "patches": patches}}
    return record_of(Source, table, name=name, lock=None)


def read_entries(path: Path, release: str = "") -> tuple[dict[str, Source], str]:
    """The entries of one manifest.

    Args:
        path: The file.
        release: Of Debian, for entries that name none in a file that names none: a code name, or "".

    Returns:
        Sources by their names, with nothing in the cache, and the release for entries that name none.

    Raises:
        RuckusError: It is not what docs/recipes.md describes; the message names file, entry and key.
    """
    entry, sources = "", {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        release = tables.pop("debian_release", release)
        if not isinstance(release, str):
            raise ValueError(f"debian_release: not of its kind: {release}")
        for name, table in tables.items():
            entry = f"[{name}]: "
            sources[name] = _entry(name, table, release)
    except (OSError, ValueError, RecursionError) as error:
        text = error.strerror if isinstance(error, OSError) else error
        raise RuckusError(f"{path}: {entry}{text}", "docs/recipes.md describes an entry's keys") from error
    return sources, release


def read_manifest(path: Path, cache: Path, overlays: Iterable[Path] = ()) -> dict[str, Source]:
    """Read the manifest with what is laid over it, and the records of what is in the cache.

    Args:
        path: The manifest, packages/sources.toml.
        cache: The folder of sources.
        overlays: Further ones. An entry takes the place of an earlier file's of the same name, as a whole: keys of
            two versions never mix. Where an overlay names no debian_release, it is the manifest's.

    Returns:
        The sources by their names.

    Raises:
        RuckusError: A file is not what docs/recipes.md describes.
    """
    sources, release = read_entries(path)
    for overlay in overlays:
        sources |= read_entries(overlay, release)[0]
    return {name: recorded(cache, source) for name, source in sources.items()}


def recorded(cache: Path, source: Source) -> Source:
    """A source with the record of what of it is in the cache, if that is what the manifest wants now."""
    lock = _read_lock(cache, source.name)
    return replace(source, lock=lock if lock and source.accepts(lock) else None)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(cache: Path, source: Source) -> list[Path]:
    """The files of a downloaded source, after a look at their content.

    Raises RuckusError when the source is not there, or a file is not what was downloaded; a bad file is moved aside,
    so that the next download fetches it anew.
    """
    if source.lock is None:
        raise RuckusError(f"source {source.name} {source.version} is not downloaded", "run: make download")
    paths = []
    for file in source.lock.files:
        path = cache / file.name
        got = sha256_of(path)
        if got != file.sha256:
            path.rename(path.with_name(path.name + ".bad"))
            raise RuckusError(
                f"{path}: SHA-256 is {got}, not {file.sha256}", f"kept as {path.name}.bad; run: make download"
            )
        paths.append(path)
    return paths
