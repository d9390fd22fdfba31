# SPDX-License-Identifier: GPL-3.0-or-later
"""The real apt, with an archive of our own in a folder, and an /etc/apt of its own with what hosts have there."""

import hashlib
from pathlib import Path

import pytest

from ruckus_aux.recipes.manifest import Debian, Source
from ruckus_aux.sources.debian import DebianArchive
from ruckus_aux.sources.download import fetch
from ruckus_aux.sources.provider import Watcher

CONTENT = b"a source\n"


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Debian 13 host's /etc/apt; its archive has a source package, in Debian 12 only."""
    pool = tmp_path / "archive" / "pool"
    pool.mkdir(parents=True)
    (pool / "x_1.orig.tar.gz").write_bytes(CONTENT)
    (pool / "x_1-1.dsc").write_text("Format: 3.0 (quilt)\n")
    sums = "".join(f"\n {hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_size} {path.name}"
                   for path in sorted(pool.iterdir()))  # fmt: skip
    stanza = f"Package: x\nFormat: 3.0 (quilt)\nVersion: 1-1\nDirectory: pool\nChecksums-Sha256:{sums}\n"
    for release, text in {"bookworm": stanza, "trixie": ""}.items():
        folder = tmp_path / "archive" / "dists" / release / "main" / "source"
        folder.mkdir(parents=True)
        (folder / "Sources").write_text(text)
    etc = tmp_path / "etc"
    for name in ("sources.list.d", "apt.conf.d"):
        (etc / name).mkdir(parents=True)
    (etc / "sources.list").write_text(f"deb [trusted=yes] file:{tmp_path}/archive trixie main\n")
    hooks = (f'APT::Update::{when} {{ "touch {tmp_path}/{when}"; }};\n' for when in ("Pre-Invoke", "Post-Invoke"))
    (etc / "apt.conf.d" / "90hooks").write_text("".join(hooks))
    (tmp_path / "apt.conf").write_text(f'Dir::Etc "{etc}";\n')
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    return etc


def test_a_named_archive_and_release_stand_in_for_the_hosts(etc: Path, tmp_path: Path) -> None:
    (etc / "sources.list").unlink()
    mirror = f"[trusted=yes] file:{tmp_path}/archive"
    archive = DebianArchive(tmp_path / "apt", etc, own="", mirror=mirror, suite="bookworm")
    source = Source("x", "1", "x-1.tar.gz", "00", (), Debian("x", release="trixie"), None)
    assert fetch(source, [archive], tmp_path / "cache", Watcher()).origin == "Debian x=1-1"


def test_a_host_of_another_release_finds_the_source_and_runs_no_hook(etc: Path, tmp_path: Path) -> None:
    source = Source("x", "1", "x-1.tar.gz", "00", (), Debian("x", release="bookworm"), None)
    archive = DebianArchive(tmp_path / "apt", etc, own="trixie")
    lock = fetch(source, [archive], tmp_path / "cache", Watcher())
    assert (lock.version, lock.origin) == ("1", "Debian x=1-1")
    kept = tmp_path / "cache" / "x_1.orig.tar.gz"
    assert kept.read_bytes() == CONTENT
    assert not kept.is_symlink()
    assert not list(tmp_path.glob("*-Invoke"))
    assert [path.name for path in (tmp_path / "apt").iterdir()] == ["bookworm"]
