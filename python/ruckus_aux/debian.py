"""The host distribution's source archive as a provider, through a private apt configuration.

Needs no root and leaves /etc alone: the host's own sources and keyrings are read, lists and cache are kept in a folder
of ours (apt.conf(5), sources.list(5)). apt verifies the archive's signatures; the hash of each file comes from there.
"""

import os
import re
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ruckus_aux.errors import RuckusError
from ruckus_aux.host import run
from ruckus_aux.provider import Progress, Unavailable, WrongFile, check_hash
from ruckus_aux.sources import Debian, File, Lock, Source

POLL = 0.2  # seconds between two looks at how far apt-get has come

_APT_CONF = """\
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{folder}/parts";
Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}/cache";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "";
"""


@dataclass(frozen=True)
class Candidate:
    """A version of a source package in the archive; files maps the name of each of its files to its SHA-256."""

    version: str
    files: dict[str, str]

    @property
    def upstream(self) -> str:
        """The upstream version: no epoch, no Debian revision, no +dfsg or .dfsg."""
        version = self.version.partition(":")[2] or self.version
        return re.sub(r"[+.]dfsg.*$", "", version.rpartition("-")[0] or version)

    def file(self, infix: str) -> str:
        """The name of the file whose name holds this infix, or ""; signatures do not count."""
        return next((name for name in self.files if infix in name and not name.endswith(".asc")), "")


def parse_showsrc(text: str, package: str) -> list[Candidate]:
    """The versions of a package in the output of `apt-cache showsrc`, newest first."""
    found = {}
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^(\S+):((?:.*(?:\n[ \t].*)*))", stanza, re.MULTILINE))
        if fields.get("Package", "").strip() != package or "Version" not in fields:
            continue
        sums = [line.split() for line in fields.get("Checksums-Sha256", "").strip().splitlines()]
        version = fields["Version"].strip()
        found[version] = Candidate(version, {line[2]: line[0] for line in sums if len(line) == 3})
    # Numbers compare as numbers; enough within one upstream series, where only they differ.
    return sorted(
        found.values(), key=lambda candidate: [int(n) for n in re.findall(r"\d+", candidate.version)], reverse=True
    )


def _source_parts(etc: Path) -> str:
    """The host's archive as deb-src stanzas, from its deb822 files."""
    stanzas = []
    for path in sorted((etc / "sources.list.d").glob("*.sources")):
        stanzas.append(re.sub(r"^Types:.*$", "Types: deb-src", path.read_text(), flags=re.MULTILINE))
    return "\n\n".join(stanzas)


def _source_list(etc: Path) -> str:
    """The host's archive as deb-src lines, from sources.list and the files beside it."""
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))]
    lines = [line for path in files if path.exists() for line in path.read_text().splitlines()]
    return "\n".join(re.sub(r"^deb(-src)?\s", "deb-src ", line) for line in lines if re.match(r"deb(-src)?\s", line))


class DebianArchive:
    """The source packages that `apt-get source` can get on this host."""

    def __init__(self, folder: Path, etc: Path = Path("/etc/apt")) -> None:
        """Use a folder of our own for apt's lists and cache, and the host's sources in etc."""
        self.folder = folder
        self.etc = etc
        self._updated = threading.Lock()
        self._reason: str | None = None
        self._ready = False
        self._trouble = ""

    def fetch(self, source: Source, partial: Path, progress: Progress) -> tuple[Lock, list[Path]]:
        """Download a source package's tarballs with apt-get; see download.Provider."""
        if source.debian is None:
            raise Unavailable("the manifest names no Debian source package")
        self._update()
        reasons = []
        for candidate in self._candidates(source, source.debian):
            try:
                return self._download(source, candidate, partial, progress)
            except (Unavailable, WrongFile) as error:  # the index can be newer than the pool; patches change
                reasons.append(str(error))
        nothing = f"Debian: no {source.debian.package} {source.version}{self._trouble}"
        raise Unavailable("; ".join(reasons) or nothing)

    def _update(self) -> None:
        with self._updated:
            if not self._ready:
                self._ready = True
                self._reason = self._prepare()
            if self._reason:
                raise Unavailable(self._reason)

    def _prepare(self) -> str | None:
        for name in ("parts", "lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "parts" / "host.sources").write_text(_source_parts(self.etc))
        (self.folder / "parts" / "host.list").write_text(_source_list(self.etc) + "\n")
        (self.folder / "apt.conf").write_text(_APT_CONF.format(folder=self.folder))
        try:
            self._apt("apt-get", "update", "-q")
        except RuckusError as error:
            if "not found" in error.message:
                return error.message
            # A list of somebody else's that fails does no harm; it is named if the source is not found.
            self._trouble = f" ({error.message}: {error.hint.splitlines()[-1] if error.hint else ''})"
        return None

    def _apt(self, *command: str, cwd: Path | None = None, check: bool = True) -> str:
        environment = {"APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"}
        return run(command, env={**os.environ, **environment}, cwd=cwd, check=check)[1]

    def _candidates(self, source: Source, debian: Debian) -> list[Candidate]:
        pattern = debian.versions or source.version
        output = self._apt("apt-cache", "showsrc", "--only-source", debian.package, check=False)
        return [
            candidate
            for candidate in parse_showsrc(output, debian.package)
            if fnmatch(candidate.upstream, pattern)
            and (not debian.sha256 or candidate.files.get(candidate.file(".orig.tar.")) == debian.sha256)
        ]

    def _download(
        self, source: Source, candidate: Candidate, partial: Path, progress: Progress
    ) -> tuple[Lock, list[Path]]:
        debian = source.debian
        assert debian is not None
        folder = partial / f"{debian.package}_{candidate.version.replace(':', '%')}"
        folder.mkdir(exist_ok=True)
        part = [] if debian.patches else ["--tar-only"]
        spec = f"{debian.package}={candidate.version}"
        with ThreadPoolExecutor(1) as pool:
            task = pool.submit(
                self._apt, "apt-get", "source", "-q", "--only-source", "--download-only", *part, spec, cwd=folder
            )
            while not task.done():
                threading.Event().wait(POLL)
                progress(source.name, sum(path.stat().st_size for path in folder.iterdir()), 0)
        try:
            task.result()
        except RuckusError as error:
            reason = next((line for line in error.hint.splitlines() if re.match(r"E: |.*404", line)), error.message)
            raise Unavailable(f"Debian: {spec}: {reason.strip()}") from error
        name = candidate.file(".orig.tar.")
        files = [File(name, candidate.files[name])]
        if debian.patches:
            _extract(debian, folder / candidate.file(".debian.tar."), candidate.files[candidate.file(".debian.tar.")])
            files += map(debian.kept, debian.patches)
        for file in files:
            check_hash(folder / file.name, file.sha256, f"Debian's {spec}")
        lock = Lock("debian", candidate.upstream, tuple(files), f"Debian {spec}")
        return lock, [folder / file.name for file in files]


def _extract(debian: Debian, packaging: Path, sha256: str) -> None:
    """Write the patches that the manifest names beside the tarball of Debian's packaging that has them."""
    check_hash(packaging, sha256, f"Debian's {debian.package}")
    with tarfile.open(packaging) as archive:
        for patch in debian.patches:
            try:
                content = archive.extractfile(f"debian/patches/{patch.name}")
            except KeyError:
                content = None
            if content is None:
                raise Unavailable(f"Debian: no patch {patch.name} in {packaging.name}")
            (packaging.parent / debian.kept(patch).name).write_bytes(content.read())
