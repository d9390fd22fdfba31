import hashlib
import os
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess

from ruckus_aux.debian import Candidate, DebianArchive, parse_showsrc
from ruckus_aux.provider import Unavailable, WrongFile
from ruckus_aux.sources import Debian, Source

CONTENT = b"a kernel"
SUM = hashlib.sha256(CONTENT).hexdigest()


def showsrc(*versions: str, package: str = "linux") -> str:
    return "\n".join(
        f"""Package: {package}
Binary: linux-doc,
 linux-source
Version: {version}
Checksums-Sha256:
 {"ab" * 32} 10 {package}_{version}.dsc
 {SUM} 20 {package}_{version.rpartition("-")[0].rpartition(":")[2]}.orig.tar.xz
 {"ef" * 32} 30 {package}_{version.rpartition("-")[0].rpartition(":")[2]}.orig.tar.xz.asc
 {"cd" * 32} 30 {package}_{version.rpartition(":")[2]}.debian.tar.xz
Priority: optional
"""
        for version in versions
    )


def source(sha256: str = "", versions: str = "") -> Source:
    debian = Debian("linux", sha256=sha256, versions=versions)
    return Source("linux", "6.1.9", "linux-6.1.9.tar.xz", "00", (), debian, None)


def silent(name: str, done: int, total: int) -> None:
    pass


@pytest.fixture
def archive(tmp_path: Path, fp: FakeProcess) -> DebianArchive:
    etc = tmp_path / "etc"
    (etc / "sources.list.d").mkdir(parents=True)
    (etc / "sources.list.d" / "debian.sources").write_text("Types: deb\nURIs: http://host.example/debian\n")
    (etc / "sources.list").write_text("# a comment\ndeb http://host.example/debian bookworm main\n")
    fp.register(["apt-get", "update", "-q"])
    (tmp_path / "partial").mkdir()
    return DebianArchive(tmp_path / "apt", etc)


def serve(fp: FakeProcess, version: str, partial: Path, *options: str, content: bytes = CONTENT) -> None:
    """Have apt-get write the .orig tarball that was asked for."""
    name = f"linux_{version.rpartition('-')[0]}.orig.tar.xz"

    def write(process: object) -> None:
        (partial / f"linux_{version}" / name).write_bytes(content)

    command = ["apt-get", "source", "-q", "--only-source", "--download-only", *options, f"linux={version}"]
    fp.register(command, callback=write)


@pytest.mark.parametrize(
    ("version", "upstream"),
    [("2:6.2.1+dfsg1-1.1", "6.2.1"), ("1:1.2.13.dfsg-1", "1.2.13"), ("12.2.0-14+deb12u1", "12.2.0"), ("5.0", "5.0")],
)
def test_the_upstream_version(version: str, upstream: str) -> None:
    assert Candidate(version, {}).upstream == upstream


def test_versions_newest_first_by_number_and_only_of_this_package() -> None:
    text = showsrc("6.1.9-1", "6.1.180-1", "6.1.20-2") + "\n" + showsrc("9-1", package="linux-signed")
    found = parse_showsrc(text, "linux")
    assert [candidate.version for candidate in found] == ["6.1.180-1", "6.1.20-2", "6.1.9-1"]
    assert found[0].file(".orig.tar.") == "linux_6.1.180.orig.tar.xz"


def test_apts_configuration_is_private(archive: DebianArchive, fp: FakeProcess, tmp_path: Path) -> None:
    fp.register(["apt-cache", fp.any()], stdout="")
    with pytest.raises(Unavailable):
        archive.fetch(source(), tmp_path / "partial", silent)
    parts = tmp_path / "apt" / "parts"
    assert (parts / "host.sources").read_text() == "Types: deb-src\nURIs: http://host.example/debian\n"
    assert (parts / "host.list").read_text() == "deb-src http://host.example/debian bookworm main\n"
    assert f'Dir::State::lists "{tmp_path}/apt/lists"' in (tmp_path / "apt" / "apt.conf").read_text()
    assert "APT_CONFIG" not in os.environ


def test_the_manifests_version(archive: DebianArchive, fp: FakeProcess, tmp_path: Path) -> None:
    fp.register(["apt-cache", fp.any()], stdout=showsrc("6.1.10-1", "6.1.9-1"))
    serve(fp, "6.1.9-1", tmp_path / "partial", "--tar-only")
    lock, paths = archive.fetch(source(), tmp_path / "partial", silent)
    assert (lock.variant, lock.version, lock.origin) == ("debian", "6.1.9", "Debian linux=6.1.9-1")
    assert paths[0].read_bytes() == CONTENT


def test_a_version_that_the_pool_lost_gives_way_to_an_older_one(
    archive: DebianArchive, fp: FakeProcess, tmp_path: Path
) -> None:
    fp.register(["apt-cache", fp.any()], stdout=showsrc("6.1.10-1", "6.1.9-1", "5.10-1"))
    fp.register(["apt-get", "source", fp.any(), "linux=6.1.10-1"], stdout="E: 404  Not Found\n", returncode=100)
    serve(fp, "6.1.9-1", tmp_path / "partial", "--tar-only")
    assert archive.fetch(source(versions="6.1.*"), tmp_path / "partial", silent)[0].version == "6.1.9"


def test_a_pinned_hash_that_the_archive_does_not_have(archive: DebianArchive, fp: FakeProcess, tmp_path: Path) -> None:
    fp.register(["apt-cache", fp.any()], stdout=showsrc("6.1.9-1"))
    with pytest.raises(Unavailable, match=r"no linux 6\.1\.9"):
        archive.fetch(source(sha256="11" * 32), tmp_path / "partial", silent)


def test_a_file_that_is_not_what_the_archive_signed(archive: DebianArchive, fp: FakeProcess, tmp_path: Path) -> None:
    fp.register(["apt-cache", fp.any()], stdout=showsrc("6.1.9-1"))
    serve(fp, "6.1.9-1", tmp_path / "partial", "--tar-only", content=b"something else")
    with pytest.raises(WrongFile, match=SUM):
        archive.fetch(source(), tmp_path / "partial", silent)
    assert not list((tmp_path / "partial").rglob("*.orig.tar.xz"))
