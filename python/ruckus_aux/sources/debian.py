# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's source archive as a provider: the host's own archives, asked through apt.

apt verifies the archive's signatures; the hash of each file comes from there.
"""

import platform
import re
import tarfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

from ruckus_aux.recipes.manifest import Debian, Fetched, File, Package, Source
from ruckus_aux.sources.apt import Apt, Archives, archives, mirror_archives
from ruckus_aux.sources.provider import Unavailable, Watcher, check_hash, without_password, writing
from ruckus_aux.words.errors import RuckusError


@dataclass(frozen=True)
class Candidate:
    """A version of a source package in the archive; files maps the name of each of its files to its SHA-256."""

    version: str
    files: dict[str, str]

    @property
    def upstream(self) -> str:
        """The upstream version: no epoch, no Debian revision, no +dfsg or .dfsg; of 1.3+really1.2, it is 1.2."""
        version = self.version.partition(":")[2] or self.version
        version = (version.rpartition("-")[0] or version).rpartition("+really")[2]
        return re.sub(r"[+.]dfsg.*$", "", version)

    def package(self, name: str, suite: str) -> Package:
        """The version as a lock file has it.

        Args:
            name: The source package's.
            suite: Where it was found.
        """
        return Package(name, self.version, suite, tuple(File(*item) for item in sorted(self.files.items())))

    @property
    def tarball(self) -> str:
        """The name of upstream's tarball; of a package that is Debian's own, of the only one that it has."""
        return self.file(".orig.tar.") or self.file(".tar.")

    def file(self, infix: str) -> str:
        """The name of the file whose name holds this infix, or ""; signatures do not count."""
        return next((name for name in self.files if infix in name and not name.endswith(".asc")), "")


def parse_showsrc(text: str, package: str) -> list[Candidate]:
    """The versions of a package in apt's records, newest first.

    Args:
        text: The output of `apt-cache showsrc`.
        package: The source package.
    """
    found = {}
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^(\S+):((?:.*(?:\n[ \t].*)*))", stanza, re.MULTILINE))
        if fields.get("Package", "").strip() != package or "Version" not in fields:
            continue
        version = fields["Version"].strip()
        found[version] = Candidate(version, checksums(fields.get("Checksums-Sha256", "")))
    return sorted(found.values(), key=age, reverse=True)


def checksums(field: str) -> dict[str, str]:
    """The hashes of a Checksums-Sha256 field, by the files' names."""
    lines = [line.split() for line in field.strip().splitlines()]
    return {line[2]: line[0] for line in lines if len(line) == 3 and re.fullmatch(r"[^/.][^/]*", line[2])}


def age(candidate: Candidate) -> list[int]:
    """Numbers compare as numbers; that is enough within one upstream series, where only they differ."""
    return [int(number) for number in re.findall("[0-9]{1,99}", candidate.version)]


def _suites(madison: str, candidate: Candidate) -> str:
    """The suites that have a version, by the output of `apt-cache madison`."""
    rows = [[field.strip() for field in line.split("|")] for line in madison.splitlines()]
    found = [row[2].split()[-2].rpartition("/")[0] for row in rows if len(row) == 3 and row[1] == candidate.version]
    return " ".join(dict.fromkeys(found))


def own_release() -> str:
    """The code name of this host's release of Debian; "" on any other distribution."""
    try:
        host = platform.freedesktop_os_release()
    except OSError:
        return ""
    return host.get("VERSION_CODENAME", "sid") if host.get("ID") == "debian" else ""


class DebianArchive:
    """A provider: the source packages that `apt-get source` can get on this host."""

    def __init__(
        self,
        folder: Path,
        etc: Path = Path("/etc/apt"),
        own: str | None = None,
        *,
        mirror: str = "",
        suite: str = "",
    ) -> None:
        """Use the archives that the host uses, or one that is named, and lists of our own.

        Args:
            folder: For apt's lists and cache.
            etc: Where the host's sources are.
            own: The code name of the host's release of Debian; looked up when it is not given.
            mirror: The address of Debian's archive, when it is not to be one of the host's.
            suite: The code name of the release that is asked, when it is not to be the one that the manifest names.
        """
        self.folder = folder
        self.etc = etc
        self.mirror = mirror
        self.suite = suite
        self.own = own_release() if own is None else own
        self._lock = threading.Lock()
        self._host: Archives | None = None
        self._updated: dict[str, Apt] = {}

    def fetch(self, source: Source, partial: Path, watcher: Watcher) -> tuple[Fetched, list[Path]]:
        """Download a source package's tarballs with apt-get; see Provider."""
        if source.debian is None:
            raise Unavailable(f"Debian: the manifest names no source package of {source.name}")
        reasons: list[str] = []
        for apt in self._views(self.suite or source.debian.release, watcher):
            try:
                return self._from(apt, source, partial, watcher)
            except Unavailable as error:
                reasons += error.reasons
        raise Unavailable(*dict.fromkeys(reasons))

    def _views(self, release: str, watcher: Watcher) -> Iterator[Apt]:
        """The archives as they are to be asked: for the release that has a source, then as the host asks them.

        Only those that are come to are updated: a list of sources has some 10 MB.
        """
        if self.mirror:
            release = release or self.own or "stable"
            yield self._current(release, mirror_archives(self.mirror, release), watcher)
            return
        with self._lock:
            if self._host is None:
                self._host = archives(self.etc)
                for text in self._host.unread:
                    watcher.say(f"note: {text}: the archives that it names are not asked")
        known = {re.split("[-/]", suite)[0] for suite in self._host.suites()}
        if release and self.own and release != self.own and release not in known:
            yield self._current(release, self._host.of(release, self.own), watcher)
        yield self._current("", self._host, watcher)

    def _current(self, release: str, wanted: Archives, watcher: Watcher) -> Apt:
        with self._lock:
            if release not in self._updated:
                self.folder.mkdir(parents=True, exist_ok=True)
                self.folder.chmod(0o700)  # copies of the host's sources can have passwords
                apt = Apt(self.folder / (release or "host"), wanted)
                try:
                    apt.update(watcher.check)
                except RuckusError as error:
                    raise Unavailable(f"Debian: {error.message}") from error
                self._updated[release] = apt
            return self._updated[release]

    def _from(self, apt: Apt, source: Source, partial: Path, watcher: Watcher) -> tuple[Fetched, list[Path]]:
        debian = source.debian
        assert debian is not None
        output = apt.run("apt-cache", "showsrc", "--only-source", debian.package, watch=watcher.check)[1]
        candidates = parse_showsrc(output, debian.package)
        fit = [one for one in candidates if fnmatch(one.upstream, debian.versions or source.version)]
        exact = [one for one in fit if not debian.sha256 or one.files.get(one.tarball) == debian.sha256]
        reasons: list[str] = []
        for candidate in exact:
            try:
                fetched, paths = _download(apt, source, candidate, partial, watcher)
            except Unavailable as error:  # the index can be newer than the pool, a revision have another patch
                reasons += error.reasons
            else:
                suites = _suites(apt.run("apt-cache", "madison", debian.package, watch=watcher.check)[1], candidate)
                return replace(fetched, package=candidate.package(debian.package, suites)), paths
        raise Unavailable(*(reasons or [_why_not(apt, source, candidates, fit)]))


def _why_not(apt: Apt, source: Source, candidates: list[Candidate], fit: list[Candidate]) -> str:
    """Why nothing of an archive will do, with what is there instead."""
    assert source.debian is not None
    package = source.debian.package
    trouble = "".join(f"; {text}" for text in apt.trouble[:2])
    suites = "Debian's archive (" + (" ".join(dict.fromkeys(apt.archives.suites())) or "no sources") + ")"
    if fit:
        versions = ", ".join(candidate.version for candidate in fit)
        return other_tarball(f"{suites}: {package} {versions}", fit, source.debian.sha256, trouble)
    if candidates:
        versions = ", ".join(dict.fromkeys(candidate.upstream for candidate in candidates))
        return f"{suites}: {package} is there as {versions}{trouble}"
    return f"{suites}: no {package}{trouble}"


def other_tarball(what: str, found: list[Candidate], expected: str, trouble: str = "") -> str:
    """Say that versions of a package have another tarball than is wanted.

    Args:
        what: The place, the package and the versions.
        found: The versions.
        expected: The SHA-256 that is wanted.
        trouble: What else was not right there.
    """
    got = ", ".join(dict.fromkeys(one.files.get(one.tarball, "none") for one in found))
    return f"{what} has another tarball than is pinned (SHA-256){trouble}:\n  expected {expected}\n  got      {got}"


def _download(
    apt: Apt, source: Source, candidate: Candidate, partial: Path, watcher: Watcher
) -> tuple[Fetched, list[Path]]:
    """Fetch one version's tarball, and its patches if the manifest names some."""
    debian = source.debian
    assert debian is not None
    folder = partial / f"{debian.package}_{candidate.version.replace(':', '%')}"
    folder.mkdir(exist_ok=True)
    part = [] if debian.patches else ["--tar-only"]
    spec = f"{debian.package}={candidate.version}"

    def look() -> None:
        watcher.check()
        with suppress(FileNotFoundError):  # apt renames them
            watcher.progress(source.name, sum(path.stat().st_size for path in folder.iterdir()), 0)

    command = ("apt-get", "source", "-q", "--only-source", "--download-only", *part, spec)
    status, output = apt.run(*command, cwd=folder, watch=look)
    if status:
        lines = [*re.findall(r"^E: .*|.*404.*", output, re.MULTILINE), f"apt-get ended with {status}"]
        raise Unavailable(f"Debian: {spec}: {without_password(lines[0].strip())}")
    return assemble(debian, candidate, folder, f"Debian {spec}", watcher)


def assemble(
    debian: Debian, candidate: Candidate, folder: Path, origin: str, watcher: Watcher
) -> tuple[Fetched, list[Path]]:
    """Make a source of a version's files: its tarball, and the patches that the manifest names, each verified.

    Args:
        debian: The manifest's entry.
        candidate: The version.
        folder: Where its tarballs are.
        origin: Where they came from.
        watcher: Who is told when something is wrong.

    Returns:
        The record to write, and its files.

    Raises:
        Unavailable: A file is not what it should be.
    """
    name = candidate.tarball
    files = [File(name, candidate.files[name])]
    if debian.patches:
        packaging = candidate.file(".debian.tar.")
        check_hash(folder / packaging, candidate.files[packaging], origin, watcher)
        _extract(debian, folder / packaging)
        files += map(debian.kept, debian.patches)
    for file in files:
        check_hash(folder / file.name, file.sha256, origin, watcher)
    return Fetched("debian", candidate.upstream, tuple(files), origin), [folder / file.name for file in files]


def _extract(debian: Debian, packaging: Path) -> None:
    """Write the patches that the manifest names beside the tarball of Debian's packaging that has them."""
    with tarfile.open(packaging) as archive:
        for patch in debian.patches:
            try:
                content = archive.extractfile(f"debian/patches/{patch.name}")
            except KeyError:
                content = None
            if content is None:
                raise Unavailable(f"Debian: no patch {patch.name} in {packaging.name}")
            path = packaging.parent / debian.kept(patch).name
            with writing(path):
                path.write_bytes(content.read())
