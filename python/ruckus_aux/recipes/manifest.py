# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of sources, and what of it lies in the cache.

packages/sources.toml pins each source: version, SHA-256, upstream addresses, and the Debian source package that can
stand in for it; manifests of a user's own (--with-manifest) are laid over it. `ruckus download` (see download.py)
fetches one of the variants and records in the cache, in NAME.json, which files it got and their hashes. Everything else
reads only that record. A lock file (see lockfile.py) lets only files with certain hashes do.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

from ruckus_aux.host.writing import write_whole
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.records import record_of

UNPACKING = 'mkdir -p "$SRC"'  # the first line of what unpacks a source


@dataclass(frozen=True)
class File:
    """A file: its name and the SHA-256 of its content."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Debian:
    """How Debian's source archive carries a source.

    package: the Debian source package.
    sha256: of its .orig tarball (of a package that is Debian's own, of the only one), when pinned; else apt's
        signatures vouch for it.
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
class Package:
    """A source package as Debian's archive signs it: its whole version, the suites that have it, and all its files."""

    name: str
    version: str
    suite: str
    files: tuple[File, ...]


@dataclass(frozen=True)
class Fetched:
    """What was downloaded for a source.

    variant: "upstream" or "debian".
    version: the upstream version.
    files: those that are unpacked: the tarball, and patches for it.
    origin: where they came from.
    package: the one that they are of, for Debian's.
    """

    variant: str
    version: str
    files: tuple[File, ...]
    origin: str
    package: Package | None = None

    def __post_init__(self) -> None:
        if wrong := [file.name for file in self.files if "/" in file.name or file.name.startswith(".")]:
            raise ValueError(f"not a file's name: {wrong[0]}")


NOTHING = Fetched("", "", (), "")


@dataclass(frozen=True)
class Source:
    """One entry of the manifest, with what the cache holds of it.

    file, sha256, urls: of the upstream release; empty when the manifest knows only Debian's package.
    fetched: what was downloaded, when that is what is wanted now.
    locked: the only files that will do, when a lock file says so; NOTHING, when it does not have this source.
    flat: whether its tarballs have no top folder.
    """

    name: str
    version: str
    file: str = ""
    sha256: str = ""
    urls: tuple[str, ...] = ()
    debian: Debian | None = None
    fetched: Fetched | None = None
    locked: Fetched | None = None
    flat: bool = False

    def accepts(self, fetched: Fetched) -> bool:
        """Whether a download satisfies the manifest, and the lock file, as they read now."""
        if self.locked is not None and fetched.files != self.locked.files:
            return False
        if fetched.variant == "upstream":
            return fetched.files == (File(self.file, self.sha256),)
        if not fetched.files or self.debian is None:
            return False
        if fetched.files[1:] != tuple(map(self.debian.kept, self.debian.patches)):
            return False
        if self.debian.sha256 and fetched.files[0].sha256 != self.debian.sha256:
            return False
        return fnmatch(fetched.version, self.debian.versions or self.version)

    def asked_for(self) -> "Source":
        """The entry as providers are to read it: of one that is locked, nothing is left but what has that very hash."""
        if self.locked is None:
            return self
        tarball = self.locked.files[0].sha256
        narrow = self if [tarball] == [self.sha256] else replace(self, file="", sha256="", urls=())
        debian = self.debian
        if debian is None or (self.locked.variant == "upstream" and (debian.nested or debian.patches)):
            return replace(narrow, debian=None)
        versions = self.locked.version if debian.versions else ""
        return replace(narrow, debian=replace(debian, sha256=tarball, versions=versions))

    @property
    def names(self) -> list[str]:
        """What the cache has of it, by file name: the record of its download, and the files."""
        return [f"{self.name}.json", *(file.name for file in self.fetched.files)] if self.fetched else []

    def identity(self) -> list[str]:
        """The hashes of the files that unpack_commands names, in its order; empty before the download."""
        return [file.sha256 for file in self.fetched.files] if self.fetched else []

    def unpack_commands(self, without: tuple[str, ...] = ()) -> list[str]:
        """The lines of shell that unpack this source into $SRC, whichever variant of it was downloaded.

        without: shell patterns below the archive's top folder of what is not to be unpacked.
        """
        top, stripped = ("", "") if self.flat else ("*/", " --strip-components=1")
        # By default, the first * would be any number of folders.
        excluded = "".join([" --no-wildcards-match-slash", *(f" --exclude='{top}{pattern}'" for pattern in without)])
        tar = f"tar --no-same-owner{stripped}{excluded if without else ''}"
        lines = [UNPACKING]
        if self.fetched is None or self.fetched.variant == "upstream" or self.debian is None:
            return [*lines, f'{tar} -xf "$SOURCES/{self.file or self.name}" -C "$SRC"']
        archive = f"$SOURCES/{self.fetched.files[0].name}"
        if self.debian.nested:
            inner = f"tar -xOf \"{archive}\" --wildcards '*/{self.debian.nested}'"
            lines += [f"{inner} > nested.tar", f'{tar} -xf nested.tar -C "$SRC"', "rm nested.tar"]
        else:
            lines.append(f'{tar} -xf "{archive}" -C "$SRC"')
        strip = self.debian.strip
        return lines + [f'patch -d "$SRC" -s -p{strip} -i "$SOURCES/{file.name}"' for file in self.fetched.files[1:]]


def _records(cache: Path, name: str) -> list[Fetched]:
    """What was downloaded for a source, and is still there: the earliest first."""
    try:
        data = json.loads((cache / f"{name}.json").read_bytes())
        records = [record_of(Fetched, one) for one in (data if isinstance(data, list) else [data])]
    except (FileNotFoundError, ValueError, RecursionError):
        return []  # never downloaded, or a record that was cut off: download it (again)
    return [record for record in records if all((cache / file.name).is_file() for file in record.files)]


def write_record(cache: Path, name: str, fetched: Fetched) -> None:
    """Record a finished download beside others of the source, which builds of other versions may use.

    Args:
        cache: The folder of sources; the files must be in place already.
        name: The source's.
        fetched: What was downloaded.
    """
    names = {file.name for file in fetched.files}
    others = [one for one in _records(cache, name) if names.isdisjoint(file.name for file in one.files)]
    text = json.dumps([asdict(one) for one in (*others, fetched)], indent=2)
    write_whole(cache / f"{name}.json", f"{text}\n", lasting=True)


def _entry(name: str, table: object, release: str) -> Source:
    """An entry of a manifest; ValueError when it is none."""
    if not isinstance(table, dict):
        raise ValueError("not a table of keys")
    debian = table.get("debian")
    if isinstance(debian, dict) and isinstance(debian.get("patches", {}), dict):
        patches = [{"name": patch, "sha256": sha256} for patch, sha256 in debian.get("patches", {}).items()]
        table = {**table, "debian": {"release": release, **debian, "patches": patches}}
    source = record_of(Source, table, name=name, fetched=None, locked=None)
    if bool(source.file) != bool(source.sha256):
        raise ValueError("file and sha256 belong together")
    if not source.file and source.debian is None:
        raise ValueError("neither file and sha256 of an upstream release, nor a debian package")
    return source


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


def read_manifest(
    path: Path, cache: Path, overlays: Iterable[Path] = (), locked: Mapping[str, Fetched] | None = None
) -> dict[str, Source]:
    """Read the manifest with what is laid over it, and the records of what is in the cache.

    Args:
        path: The manifest, packages/sources.toml.
        cache: The folder of sources.
        overlays: Further ones. An entry takes the place of an earlier file's of the same name, as a whole: keys of
            two versions never mix. Where an overlay names no debian_release, it is the manifest's.
        locked: What a lock file has, by sources, when nothing else will do.

    Returns:
        The sources by their names.

    Raises:
        RuckusError: A file is not what docs/recipes.md describes.
    """
    sources, release = read_entries(path)
    for overlay in overlays:
        sources |= read_entries(overlay, release)[0]
    if locked is not None:
        sources = {name: replace(source, locked=locked.get(name, NOTHING)) for name, source in sources.items()}
    return {name: recorded(cache, source) for name, source in sources.items()}


def recorded(cache: Path, source: Source) -> Source:
    """A source with what the cache has of it, if that is what is wanted now.

    Args:
        cache: The folder of sources.
        source: The source, without that.
    """
    return replace(source, fetched=next(filter(source.accepts, _records(cache, source.name)), None))


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_source(cache: Path, source: Source) -> list[Path]:
    """Check the content of a downloaded source's files.

    Args:
        cache: The folder of sources.
        source: The source.

    Returns:
        The files.

    Raises:
        RuckusError: The source is not there, or a file is not what was downloaded. A bad file is moved aside, so that
            the next download fetches it again.
    """
    if source.fetched is None:
        raise RuckusError(f"source {source.name} {source.version} is not downloaded", "run: make download")
    paths = []
    for file in source.fetched.files:
        path = cache / file.name
        got = sha256_of(path)
        if got != file.sha256:
            path.rename(path.with_name(path.name + ".bad"))
            raise RuckusError(
                f"{path}: SHA-256 is {got}, not {file.sha256}", f"kept as {path.name}.bad; run: make download"
            )
        paths.append(path)
    return paths
