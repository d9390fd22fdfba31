# SPDX-License-Identifier: GPL-3.0-or-later
"""Old versions by the interface of snapshot.debian.org, from a server of our own that has its shape."""

import hashlib
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from integration.web import LIMITS, Server

from ruckus_aux.recipes.manifest import Debian, Fetched, File, Package, Source, sha256_of
from ruckus_aux.sources.download import NotAvailable, fetch
from ruckus_aux.sources.provider import Watcher
from ruckus_aux.sources.snapshot import Snapshot
from ruckus_aux.sources.upstream import Upstream

TARBALL = b"the release, repacked"
PATCH = b"the patch"
SUM = hashlib.sha256(TARBALL).hexdigest()


def packaging(patch: bytes) -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:xz") as tar:
        member = tarfile.TarInfo("debian/patches/one.diff")
        member.size = len(patch)
        tar.addfile(member, io.BytesIO(patch))
    return memory.getvalue()


def publish(server: Server, version: str, tarball: bytes = TARBALL, patch: bytes = PATCH) -> dict[str, str]:
    """Let the server have a version of a package; returns the addresses of its files by their names."""
    revision = version.partition(":")[2] or version
    upstream = revision.rpartition("-")[0]
    contents = {
        f"x_{upstream}.orig.tar.xz": tarball,
        f"x_{upstream}.orig.tar.xz.asc": b"a signature",
        f"x_{revision}.debian.tar.xz": packaging(patch),
    }
    sums = (f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}" for name, data in contents.items())
    head = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nFormat: 3.0 (quilt)\nSource: x\nVersion: {version}"
    contents[f"x_{revision}.dsc"] = "\n".join((head, "Checksums-Sha256:", *sums, "Files:", " 00 1 x", "")).encode()
    info, addresses = {}, {}
    for name, data in contents.items():
        sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        place = {"archive_name": "debian", "first_seen": "20250520T024507Z", "path": "/pool/main/x/x"}
        info[sha1] = [{**place, "name": name, "size": len(data)}]
        addresses[name] = f"/file/{sha1}"
        server.files[addresses[name]] = data
    answer = {"_comment": "foo", "package": "x", "version": version, "result": [{"hash": one} for one in info]}
    server.files[f"/mr/package/x/{version}/srcfiles?fileinfo=1"] = json.dumps({**answer, "fileinfo": info}).encode()
    listed = json.loads(server.files.get("/mr/package/x/", b'{"package": "x", "result": []}'))
    listed["result"].append({"version": version})
    server.files["/mr/package/x/"] = json.dumps(listed).encode()
    return addresses


@pytest.fixture
def snapshot(server: Server) -> Snapshot:
    return Snapshot(server.url, Upstream(LIMITS))


def source(sha256: str = SUM, patches: tuple[File, ...] = (), locked: Fetched | None = None) -> Source:
    debian = Debian("x", sha256=sha256, patches=patches)
    return Source("x", "1", "x-1.tar.gz", "00", (), debian, locked=locked)


def test_the_newest_revision_with_the_pinned_tarball_and_patch_comes_by_its_hash(
    server: Server, snapshot: Snapshot, tmp_path: Path
) -> None:
    publish(server, "2:1-2")
    publish(server, "2:1-10+deb13u1", patch=b"another patch")
    publish(server, "2:1-3+deb13u1")
    publish(server, "2:2-1")
    pinned = (File("one.diff", hashlib.sha256(PATCH).hexdigest()),)
    fetched = fetch(source(patches=pinned), [snapshot], tmp_path, Watcher())
    assert [sha256_of(tmp_path / file.name) for file in fetched.files] == [SUM, pinned[0].sha256]
    assert (fetched.variant, fetched.version) == ("debian", "1")
    assert fetched.origin == f"{server.url}package/x/2:1-3+deb13u1/"
    package = fetched.package
    assert package is not None
    assert (package.version, package.suite) == ("2:1-3+deb13u1", "debian/20250520T024507Z")
    assert "x_1-3+deb13u1.dsc" in {file.name for file in package.files}


def test_a_locked_version_is_the_only_one_that_is_asked_for(server: Server, snapshot: Snapshot, tmp_path: Path) -> None:
    publish(server, "1-3")
    wanted = publish(server, "1-2")
    package = Package("x", "1-2", "trixie", ())
    locked = Fetched("debian", "1", (File("x_1.orig.tar.xz", SUM),), "Debian x=1-2", package)
    fetched = fetch(source("", locked=locked), [snapshot], tmp_path, Watcher())
    assert fetched == replace(locked, origin=f"{server.url}package/x/1-2/")
    asked = [path for path, _ in server.asked]
    assert asked == ["/mr/package/x/1-2/srcfiles?fileinfo=1", wanted["x_1-2.dsc"], wanted["x_1.orig.tar.xz"]]


def test_what_is_not_what_it_should_be_is_not_taken(server: Server, snapshot: Snapshot, tmp_path: Path) -> None:
    other = b"another tarball"
    publish(server, "1-4", tarball=other)
    server.files[publish(server, "1-3")["x_1-3.dsc"]] = b"not this .dsc"
    server.files["/mr/package/x/1-2/srcfiles?fileinfo=1"] = b"<html>busy</html>"
    server.files["/mr/package/x/"] = server.files["/mr/package/x/"].replace(b"]", b', {"version": "1-2"}]')
    with pytest.raises(NotAvailable) as caught:
        fetch(source(), [snapshot], tmp_path, Watcher())
    reasons = caught.value.hint
    assert f"x 1-4 has another tarball than is pinned (SHA-256):\n  expected {SUM}\n" in reasons
    assert f"got      {hashlib.sha256(other).hexdigest()}" in reasons
    assert reasons.count("is not an answer of snapshot.debian.org's") == 2
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_nothing_is_asked_for_without_a_hash(server: Server, snapshot: Snapshot, tmp_path: Path) -> None:
    publish(server, "1-3")
    with pytest.raises(NotAvailable) as caught:
        fetch(source(""), [snapshot], tmp_path, Watcher())
    assert "not asked, as nothing pins the SHA-256 of x" in caught.value.hint
    assert server.asked == []


def test_a_file_that_was_changed_on_its_way_is_not_kept(server: Server, snapshot: Snapshot, tmp_path: Path) -> None:
    server.files[publish(server, "1-3")["x_1.orig.tar.xz"]] = b"something else"
    with pytest.raises(NotAvailable) as caught:
        fetch(source(), [snapshot], tmp_path, Watcher())
    assert f"expected {SUM}" in caught.value.hint
    assert not list(tmp_path.rglob("*.orig.tar.xz"))
