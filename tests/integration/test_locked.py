# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds that take nothing but what a lock file has, by the commands that people type."""

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import pytest
from integration.real import Tree, run
from integration.small import INSTALL, RECIPE, Small
from integration.test_configure_script import conf
from integration.web import Server

from ruckus_aux.recipes.manifest import Fetched, File, Package, write_record

NAME = "sources-lock.json"


def entry(version: str, content: bytes, *urls: str) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    lines = (f'version = "{version}"', f'file = "small-{version}.tar"', f'sha256 = "{sha256}"', f"urls = {[*urls]}")
    return "\n".join(("[small]", *lines, ""))


@pytest.fixture
def small(tmp_path: Path, server: Server) -> Small:
    small = Small(tmp_path)
    small.recipe(INSTALL, source="sh.unpack()")
    server.files["/small-1.tar"] = b"one"
    (tmp_path / "src/packages/sources.toml").write_text(entry("1", b"one", server.url))
    return small


def lock(small: Small, build: str, path: Path) -> None:
    """Configure a build directory with a lock file."""
    conf = small.builddir(build) / "ruckus.conf"
    conf.write_text(conf.read_text().replace("lock = \n", f"lock = {path}\n"))


def test_what_was_fetched_is_written_and_nothing_else_will_do_elsewhere(small: Small, server: Server) -> None:
    small.run("download")
    written = json.loads((small.folder / "one" / NAME).read_text())["sources"]["small"]
    assert written["origin"] == f"{server.url}small-1.tar"
    assert written["files"] == [{"name": "small-1.tar", "sha256": hashlib.sha256(b"one").hexdigest()}]
    kept = small.folder / "kept.json"
    shutil.copyfile(small.folder / "one" / NAME, kept)
    shutil.rmtree(small.folder / "cache")
    lock(small, "two", kept)

    server.files["/small-1.tar"] = b"another file"
    failed = small.run("download", name="two", status=1)
    sums = [hashlib.sha256(content).hexdigest() for content in (b"one", b"another file")]
    assert f"source small 1, locked to small-1.tar (SHA-256 {sums[0]}), is not available from any provider" in failed
    assert f"expected {sums[0]}\n      got      {sums[1]}" in failed
    assert "put small-1.tar into a folder and configure --with-mirror=FOLDER" in failed

    (small.folder / "mirror/small-1.tar").write_bytes(b"one")
    assert "FETCHED  small 1 " in small.run("download", name="two")
    assert (small.folder / "two" / NAME).read_text() == kept.read_text(), "where it came from first is kept"


def test_a_manifest_that_moved_on_is_refused_before_anything_is_asked(small: Small, server: Server) -> None:
    small.run("download")
    lock(small, "one", small.folder / "one" / NAME)
    (small.folder / "src/packages/sources.toml").write_text(entry("2", b"two", server.url))
    asked = len(server.asked)
    failed = small.run("download", status=1)
    sums = [hashlib.sha256(content).hexdigest() for content in (b"one", b"two")]
    for text in (
        f"source small 2: {small.folder}/one/{NAME} has another file than the manifest pins (SHA-256):",
        f"expected {sums[0]}  small-1.tar",
        f"got      {sums[1]}  small-2.tar",
        "configure without --with-lock, and: ./ruckus download all",
    ):
        assert text in failed
    assert len(server.asked) == asked


def test_a_bundle_is_all_that_a_machine_without_a_network_needs(small: Small, server: Server) -> None:
    """Upstream's release and Debian's, with an overlay; the cache of the other machine is empty."""
    cache = small.folder / "cache/sources"
    overlay = small.folder / "more.toml"
    overlay.write_text('[other]\nversion = "2"\ndebian = { package = "other" }\n')
    conf = small.builddir() / "ruckus.conf"
    conf.write_text(conf.read_text().replace("manifests = \n", f"manifests = {overlay}\n"))
    other = RECIPE.format(text=INSTALL, source="sh.unpack()").replace('"small"', '"other"')
    (small.folder / "src/packages/other.py").write_text(other)
    small.run("download", "x86_64/cross/small")
    (cache / "other_2.orig.tar.xz").write_bytes(b"Debian's")
    files = (File("other_2.orig.tar.xz", hashlib.sha256(b"Debian's").hexdigest()),)
    package = Package("other", "2-1", "trixie", (File("other_2-1.dsc", "aa"), *files))
    write_record(cache, "other", Fetched("debian", "2", files, "Debian other=2-1", package))
    small.run("source-bundle", "--output", str(small.folder / "a.tar"))
    output = small.run("source-bundle", "--output", str(small.folder / "b.tar"))
    assert (small.folder / "a.tar").read_bytes() == (small.folder / "b.tar").read_bytes()
    assert (
        "  --with-mirror=$PWD/ruckus-sources\n  --with-manifest=$PWD/ruckus-sources/manifests/1-more.toml\n" in output
    )
    scripts = {name: small.run("show", f"x86_64/cross/{name}") for name in ("small", "other")}

    for path in (cache, small.folder / "mirror"):
        shutil.rmtree(path)
    server.files.clear()
    with tarfile.open(small.folder / "a.tar") as archive:
        archive.extractall(small.folder, filter="data")
    there = small.folder / "ruckus-sources"
    conf = small.builddir("two") / "ruckus.conf"
    text = conf.read_text().replace("lock = \n", f"lock = {there}/{NAME}\n")
    text = text.replace("manifests = \n", f"manifests = {there}/manifests/1-more.toml\n")
    conf.write_text(text.replace(f"mirrors = {small.folder}/mirror", f"mirrors = {there}"))
    asked = len(server.asked)
    small.run("download", "all", name="two")
    assert len(server.asked) == asked
    assert (small.folder / "two" / NAME).read_text() == (there / NAME).read_text()
    assert {name: small.run("show", f"x86_64/cross/{name}", name="two") for name in scripts} == scripts

    shutil.rmtree(cache)
    conf.write_text(conf.read_text().replace(f"lock = {there}/{NAME}", "lock = "))
    small.run("download", "all", name="two")  # the mirror's own lock file names what else is there
    assert (cache / "other_2.orig.tar.xz").read_bytes() == b"Debian's"


def test_configure_locks_to_a_file_or_to_what_the_build_directory_has(tree: Tree, tmp_path: Path) -> None:
    text = '{"format": 1, "sources": {}}'
    tree.configure(tmp_path, "--with-lock", status=1)
    (tmp_path / NAME).write_text(text)
    assert f"as locked by {tmp_path}/{NAME}\n" in tree.configure(tmp_path, "--with-lock").stdout
    assert conf(tmp_path)["lock"] == f"{tmp_path}/{NAME}"
    failed = run("make", "download", cwd=tmp_path, status=2).stderr
    assert f" is not in {tmp_path}/{NAME}\n" in failed
    (tmp_path / NAME).write_text("{}")
    failed = tree.configure(tmp_path, f"--with-lock={tmp_path}/{NAME}", status=1).stderr
    assert f"{tmp_path}/{NAME}: not a lock file of sources: missing: format, sources" in failed
