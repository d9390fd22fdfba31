# SPDX-License-Identifier: GPL-3.0-or-later

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from pytest_subprocess.utils import Any

from ruckus_aux.recipes.manifest import Debian, File, Source
from ruckus_aux.sources import apt
from ruckus_aux.sources.apt import Archives
from ruckus_aux.sources.debian import Candidate, DebianArchive, parse_showsrc
from ruckus_aux.sources.provider import Unavailable, Watcher

CONTENT = b"a kernel"
SUM = hashlib.sha256(CONTENT).hexdigest()
MADISON = """\
     linux |    6.1.8-1 | http://host.example/debian trixie/main Sources
     linux |    6.1.9-1 | http://host.example/debian trixie-security/main Sources
     linux |    6.1.9-1 | http://host.example/debian trixie-updates/main Sources
"""
DEB822 = """Types: deb
URIs: http://host.example/debian
Suites: trixie trixie-updates
 trixie-security
Components: main trixie
"""


def apt_get(*words: str | Any) -> list[str | Any]:
    return ["apt-get", "-c", Any(max=1), *words]


def apt_cache(what: str) -> list[str | Any]:
    return ["apt-cache", "-c", Any(max=1), what, Any()]


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


def source(sha256: str = "", versions: str = "", release: str = "") -> Source:
    debian = Debian("linux", sha256=sha256, versions=versions, release=release)
    return Source("linux", "6.1.9", "linux-6.1.9.tar.xz", "00", (), debian, None)


@pytest.fixture
def archive(untouched: DebianArchive, fp: FakeProcess) -> DebianArchive:
    fp.register(apt_get("update", "-q"), occurrences=2)
    return untouched


@pytest.fixture
def untouched(tmp_path: Path, fp: FakeProcess) -> DebianArchive:
    fp.register(apt_cache("madison"), stdout=MADISON)
    etc = tmp_path / "etc"
    (etc / "sources.list.d").mkdir(parents=True)
    (etc / "sources.list.d" / "debian.sources").write_text(DEB822)
    (etc / "sources.list.d" / "._debian.sources").write_bytes(b"\x00\x05\x16\x07")  # macOS's
    (etc / "sources.list").write_text("# a comment\ndeb [arch=amd64] http://host.example/debian trixie main trixie\n")
    (tmp_path / "partial").mkdir()
    return DebianArchive(tmp_path / "apt", etc, own="trixie")


def serve(fp: FakeProcess, version: str, partial: Path, *options: str, content: bytes = CONTENT) -> None:
    """Have apt-get write the .orig tarball that was asked for."""
    name = f"linux_{version.rpartition('-')[0]}.orig.tar.xz"

    def write(process: object) -> None:
        (partial / f"linux_{version}" / name).write_bytes(content)

    command = apt_get("source", "-q", "--only-source", "--download-only", *options, f"linux={version}")
    fp.register(command, callback=write)


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("2:6.2.1+dfsg1-1.1", "6.2.1"),
        ("1:1.2.13.dfsg-1", "1.2.13"),
        ("12.2.0-14+deb12u1", "12.2.0"),
        ("5.0", "5.0"),
        ("1:1.3.dfsg+really1.3.1-1", "1.3.1"),
    ],
)
def test_the_upstream_version(version: str, upstream: str) -> None:
    assert Candidate(version, {}).upstream == upstream


def test_versions_newest_first_by_number_and_only_of_this_package() -> None:
    text = showsrc("6.1.9-1", "6.1.180-1", "6.1.20-2") + "\n" + showsrc("9-1", package="linux-signed")
    found = parse_showsrc(text, "linux")
    assert [candidate.version for candidate in found] == ["6.1.180-1", "6.1.20-2", "6.1.9-1"]
    assert found[0].file(".orig.tar.") == "linux_6.1.180.orig.tar.xz"


def test_apts_configuration_is_private(archive: DebianArchive, fp: FakeProcess, tmp_path: Path) -> None:
    fp.register(apt_cache("showsrc"), stdout="")
    with pytest.raises(Unavailable):
        archive.fetch(source(), tmp_path / "partial", Watcher())
    folder = tmp_path / "apt" / "host"
    assert (folder / "parts" / "host.sources").read_text() == DEB822.replace("Types: deb", "Types: deb-src")
    assert (folder / "parts" / "host.list").read_text() == (
        "deb-src [arch=amd64] http://host.example/debian trixie main trixie\n"
    )
    configuration = (folder / "apt.conf").read_text()
    assert f'Dir::State::lists "{folder}/lists"' in configuration
    assert "#clear APT::Update;" in configuration
    # The host's sources can have passwords.
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*.[cls]*") if path.is_file()} == {0o600}


def test_the_release_that_has_a_source_is_asked_first(archive: DebianArchive, fp: FakeProcess, tmp_path: Path) -> None:
    fp.register(apt_cache("showsrc"), stdout=showsrc("6.9.1-1"), occurrences=2)
    with pytest.raises(Unavailable) as caught:
        archive.fetch(source(release="bookworm"), tmp_path / "partial", Watcher())
    assert [text.partition(":")[2] for text in caught.value.reasons] == [" linux is there as 6.9.1"] * 2
    asked = [call[2] for call in map(list, fp.calls) if "apt-cache" in call]
    assert asked == [f"{tmp_path}/apt/{view}/apt.conf" for view in ("bookworm", "host")]
    parts = tmp_path / "apt" / "bookworm" / "parts"
    assert "Suites: bookworm bookworm-updates\n bookworm-security\n" in (parts / "host.sources").read_text()
    assert (parts / "host.list").read_text() == (
        "deb-src [arch=amd64] http://host.example/debian bookworm main trixie\n"
    )


@pytest.mark.parametrize("keyring", [True, False])
def test_an_archive_that_is_named_is_asked_for_the_release_that_is_named(
    archive: DebianArchive, fp: FakeProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyring: bool
) -> None:
    monkeypatch.setattr(apt, "KEYRING", tmp_path if not keyring else tmp_path / "etc" / "sources.list")
    archive.mirror, archive.suite = "https://mirror.example/debian", "sid"
    fp.register(apt_cache("showsrc"), stdout=showsrc("6.1.9-1"))
    serve(fp, "6.1.9-1", tmp_path / "partial", "--tar-only")
    archive.fetch(source(release="bookworm"), tmp_path / "partial", Watcher())
    parts = tmp_path / "apt" / "sid" / "parts"
    signed = f"[signed-by={apt.KEYRING}] " if keyring else ""
    assert (parts / "host.list").read_text() == f"deb-src {signed}https://mirror.example/debian sid main\n"
    assert not (parts / "host.sources").read_text().strip()


@pytest.mark.parametrize(
    ("own", "suites", "asked"),
    [
        ("trixie", "stable stable-updates", "bookworm bookworm-updates"),
        ("sid", "sid unstable experimental", "bookworm bookworm experimental"),
        ("trixie", "trixie/updates trixie-x trixied", "bookworm/updates bookworm-x trixied"),
    ],
)
def test_names_of_releases(own: str, suites: str, asked: str) -> None:
    assert Archives(f"Suites: {suites}").of("bookworm", own).suites() == asked.split()


def test_unstable_has_no_suites_beside_it() -> None:
    host = Archives(
        "Types: deb-src\nSuites: trixie trixie-updates trixie-backports\n\nSuites: trixie-security",
        ["deb-src http://a.example trixie main", "deb-src http://a.example trixie-security main"],
    )
    assert host.of("sid", "trixie") == Archives("Types: deb-src\nSuites: sid", ["deb-src http://a.example sid main"])


@pytest.mark.parametrize(("own", "release"), [("trixie", "trixie"), ("", "bookworm"), ("trixie", "")])
def test_the_hosts_own_archives_are_asked_as_they_are(
    archive: DebianArchive, fp: FakeProcess, tmp_path: Path, own: str, release: str
) -> None:
    archive.own = own
    fp.register(apt_cache("showsrc"), stdout=showsrc("6.1.9-1"))
    serve(fp, "6.1.9-1", tmp_path / "partial", "--tar-only")
    archive.fetch(source(release=release), tmp_path / "partial", Watcher())
    assert [path.name for path in (tmp_path / "apt").iterdir()] == ["host"]


def test_a_list_that_can_not_be_read_is_left_out_and_said(
    archive: DebianArchive, fp: FakeProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (archive.etc / "sources.list.d" / "vendor.list").mkdir()  # as good as one of mode 0600: root could read that
    fp.register(apt_cache("showsrc"), stdout=showsrc("6.1.9-1"))
    serve(fp, "6.1.9-1", tmp_path / "partial", "--tar-only")
    archive.fetch(source(), tmp_path / "partial", Watcher())
    assert f"note: {archive.etc}/sources.list.d/vendor.list: Is a directory" in capsys.readouterr().err


def test_why_a_list_could_not_be_fetched_without_its_password(
    untouched: DebianArchive, fp: FakeProcess, tmp_path: Path
) -> None:
    text = "W: Failed to fetch http://me:secret@host.example/debian/x  404  \x1b[31mNot Found\n"
    fp.register(apt_get("update", "-q"), stdout=text)
    fp.register(apt_cache("showsrc"), stdout="")
    with pytest.raises(Unavailable, match=r"no linux; Failed to fetch http://host\.example/debian/x") as caught:
        untouched.fetch(source(), tmp_path / "partial", Watcher())
    assert "secret" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_the_manifests_version(archive: DebianArchive, fp: FakeProcess, tmp_path: Path) -> None:
    fp.register(apt_cache("showsrc"), stdout=showsrc("6.1.10-1", "6.1.9-1"))
    serve(fp, "6.1.9-1", tmp_path / "partial", "--tar-only")
    lock, paths = archive.fetch(source(), tmp_path / "partial", Watcher())
    assert (lock.variant, lock.version, lock.origin) == ("debian", "6.1.9", "Debian linux=6.1.9-1")
    assert paths[0].read_bytes() == CONTENT
    assert lock.package is not None
    assert (lock.package.name, lock.package.version) == ("linux", "6.1.9-1")
    assert lock.package.suite == "trixie-security trixie-updates"
    assert File("linux_6.1.9-1.dsc", "ab" * 32) in lock.package.files
    assert File("linux_6.1.9-1.debian.tar.xz", "cd" * 32) in lock.package.files


def test_a_package_that_is_debians_own_has_one_tarball(archive: DebianArchive, fp: FakeProcess, tmp_path: Path) -> None:
    text = f"Package: netbase\nVersion: 6.5\nChecksums-Sha256:\n {'ab' * 32} 10 netbase_6.5.dsc\n"
    fp.register(apt_cache("showsrc"), stdout=f"{text} {SUM} 20 netbase_6.5.tar.xz\n")

    def write(process: object) -> None:
        (tmp_path / "partial" / "netbase_6.5" / "netbase_6.5.tar.xz").write_bytes(CONTENT)

    command = apt_get("source", "-q", "--only-source", "--download-only", "--tar-only", "netbase=6.5")
    fp.register(command, callback=write)
    wanted = Source("netbase", "6.5", debian=Debian("netbase", sha256=SUM))
    lock, paths = archive.fetch(wanted, tmp_path / "partial", Watcher())
    assert lock.files == (File("netbase_6.5.tar.xz", SUM),)
    assert paths[0].read_bytes() == CONTENT
    assert wanted.accepts(lock)


def test_a_version_that_the_pool_lost_gives_way_to_an_older_one(
    archive: DebianArchive, fp: FakeProcess, tmp_path: Path
) -> None:
    fp.register(apt_cache("showsrc"), stdout=showsrc("6.1.10-1", "6.1.9-1", "5.10-1"))
    fp.register(
        ["apt-get", "-c", fp.any(max=1), "source", fp.any(), "linux=6.1.10-1"],
        stdout="E: 404  Not Found\n",
        returncode=100,
    )
    serve(fp, "6.1.9-1", tmp_path / "partial", "--tar-only")
    assert archive.fetch(source(versions="6.1.*"), tmp_path / "partial", Watcher())[0].version == "6.1.9"


def test_a_pinned_hash_that_the_archive_does_not_have(archive: DebianArchive, fp: FakeProcess, tmp_path: Path) -> None:
    fp.register(apt_cache("showsrc"), stdout=showsrc("6.1.9-1"))
    with pytest.raises(Unavailable, match=r"linux 6\.1\.9-1 has another tarball"):
        archive.fetch(source(sha256="11" * 32), tmp_path / "partial", Watcher())


def test_a_file_that_is_not_what_the_archive_signed(archive: DebianArchive, fp: FakeProcess, tmp_path: Path) -> None:
    fp.register(apt_cache("showsrc"), stdout=showsrc("6.1.9-1"))
    serve(fp, "6.1.9-1", tmp_path / "partial", "--tar-only", content=b"something else")
    with pytest.raises(Unavailable, match=SUM):
        archive.fetch(source(), tmp_path / "partial", Watcher())
    assert not list((tmp_path / "partial").rglob("*.orig.tar.xz"))


def packaging(patch: bytes) -> tuple[str, bytes]:
    """A tarball of Debian's packaging with one patch, and its hash."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:xz") as tar:
        member = tarfile.TarInfo("debian/patches/all/no-manual.diff")
        member.size = len(patch)
        tar.addfile(member, io.BytesIO(patch))
    return hashlib.sha256(memory.getvalue()).hexdigest(), memory.getvalue()


def test_a_revision_with_another_patch_than_the_pinned_one_is_passed_over(
    archive: DebianArchive, fp: FakeProcess, tmp_path: Path
) -> None:
    versions = {"6.1.9-2": b"another patch", "6.1.9-1": b"the patch"}
    stanzas = []
    for version, patch in versions.items():
        sha256, content = packaging(patch)
        stanzas.append(showsrc(version).replace("cd" * 32, sha256))

        def write(process: object, version: str = version, content: bytes = content) -> None:
            folder = tmp_path / "partial" / f"linux_{version}"
            (folder / "linux_6.1.9.orig.tar.xz").write_bytes(CONTENT)
            (folder / f"linux_{version}.debian.tar.xz").write_bytes(content)

        command = apt_get("source", "-q", "--only-source", "--download-only", f"linux={version}")
        fp.register(command, callback=write)
    fp.register(apt_cache("showsrc"), stdout="\n".join(stanzas))
    pinned = File("all/no-manual.diff", hashlib.sha256(b"the patch").hexdigest())
    wanted = replace(source(), debian=Debian("linux", patches=(pinned,), strip=2))
    lock, paths = archive.fetch(wanted, tmp_path / "partial", Watcher())
    assert lock.origin == "Debian linux=6.1.9-1"
    assert paths[1].read_bytes() == b"the patch"
    assert replace(wanted, fetched=lock).unpack_commands()[-1] == (
        'patch -d "$SRC" -s -p2 -i "$SOURCES/linux_all_no-manual.diff"'
    )
    assert wanted.accepts(lock)
    changed = File(pinned.name, "ab" * 32)
    assert not replace(wanted, debian=Debian("linux", patches=(changed,))).accepts(lock)
