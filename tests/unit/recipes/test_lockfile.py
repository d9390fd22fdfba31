# SPDX-License-Identifier: GPL-3.0-or-later
"""Lock files: what was fetched, and that nothing else will do."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.lockfile import read_lockfile, why_refused, write_lockfile
from ruckus_aux.recipes.manifest import (
    NOTHING,
    Debian,
    Fetched,
    File,
    Package,
    Source,
    read_manifest,
    write_record,
)
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError

MANIFEST = """
[linux]
version = "6.12.9"
file = "linux-6.12.9.tar.xz"
sha256 = "aa"
urls = ["https://a.example/"]
debian = { package = "linux", versions = "6.12.*" }
"""
UPSTREAM = Fetched("upstream", "6.12.9", (File("linux-6.12.9.tar.xz", "aa"),), "https://a.example/linux-6.12.9.tar.xz")


def debians(version: str, sha256: str) -> Fetched:
    files = (File(f"linux_{version}-1.dsc", "dd"), File(f"linux_{version}.orig.tar.xz", sha256))
    package = Package("linux", f"{version}-1", "trixie-security", files)
    return Fetched("debian", version, files[1:], f"Debian linux={version}-1", package)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    (tmp_path / "sources.toml").write_text(MANIFEST)
    return tmp_path / "sources.toml"


def put(cache: Path, fetched: Fetched) -> None:
    """Have it in the cache."""
    for file in fetched.files:
        (cache / file.name).touch()
    write_record(cache, "linux", fetched)


def test_what_is_written_is_read_back_in_order_and_not_touched_again(tmp_path: Path) -> None:
    lock = tmp_path / "lock.json"
    sources = [Source("b", "1", "f", "aa", fetched=UPSTREAM), Source("a", "1", "f", "aa", fetched=debians("1", "bb"))]
    write_lockfile(lock, [*sources, Source("never-downloaded", "1", "f", "aa")])
    assert dict(read_lockfile(lock)) == {"a": sources[1].fetched, "b": sources[0].fetched}
    assert list(json.loads(lock.read_text())["sources"]) == ["a", "b"]
    before = lock.stat()
    write_lockfile(lock, reversed(sources))
    assert lock.stat().st_ino == before.st_ino
    write_lockfile(lock, sources[:1])
    assert list(read_lockfile(lock)) == ["b"]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "Expecting value"),
        ("[]", "not a LockFile"),
        ('{"format": 2, "sources": {}}', "format 2 is of another version of Ruckus"),
        ('{"format": 1, "sources": {"x": {"variant": "upstream"}}}', "sources: missing: files, origin, version"),
        (json.dumps({"format": 1, "sources": {"x": asdict(UPSTREAM)}}).replace("linux-6", "../6"), "not a file's name"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, text: str, mistake: str) -> None:
    (tmp_path / "lock").write_text(text)
    with pytest.raises(RuckusError) as caught:
        read_lockfile(tmp_path / "lock")
    assert caught.value.message.startswith(f"{tmp_path}/lock: not a lock file of sources: ")
    assert mistake in caught.value.message


def test_builds_of_different_versions_each_find_their_own_in_a_common_cache(manifest: Path) -> None:
    cache = manifest.parent
    old, new = debians("6.12.7", "77"), debians("6.12.8", "88")
    for fetched in (old, new, UPSTREAM):
        put(cache, fetched)

    def found(locked: Fetched | None) -> Fetched | None:
        return read_manifest(manifest, cache, (), {"linux": locked} if locked else None)["linux"].fetched

    assert found(None) == old, "a build without a lock file stays with what it has"
    assert [found(one) for one in (old, new, UPSTREAM)] == [old, new, UPSTREAM]
    assert found(debians("6.12.6", "66")) is None
    manifest.write_text(MANIFEST.replace("6.12", "6.18"))
    assert found(None) is None, "what the manifest wanted before will not do"
    manifest.write_text(MANIFEST)
    assert found(debians("6.12.7", "66")) is None, "the same name, other bytes"
    assert read_manifest(manifest, cache, (), {})["linux"].fetched is None
    assert read_manifest(manifest, cache, (), {})["linux"].locked == NOTHING


def test_a_new_file_of_the_same_name_takes_the_place_of_the_record_of_the_old_one(manifest: Path) -> None:
    cache = manifest.parent
    put(cache, debians("6.12.7", "77"))
    put(cache, debians("6.12.7", "78"))
    assert read_manifest(manifest, cache)["linux"].identity() == ["78"]
    assert read_manifest(manifest, cache, (), {"linux": debians("6.12.7", "77")})["linux"].fetched is None


def test_the_record_of_an_earlier_version_of_ruckus(manifest: Path) -> None:
    put(manifest.parent, UPSTREAM)
    record = asdict(UPSTREAM)
    del record["package"]
    (manifest.parent / "linux.json").write_text(json.dumps(record))
    assert read_manifest(manifest, manifest.parent)["linux"].fetched == UPSTREAM


@pytest.mark.parametrize(
    ("debian", "locked", "asked"),
    [
        # Debian's, of many that would do: that version, by its hash, and nothing of upstream's.
        (Debian("linux", versions="6.12.*"), debians("6.12.7", "77"), ("", "77", "6.12.7")),
        # Debian has the same bytes as upstream: whoever gives them.
        (Debian("x", sha256="aa"), UPSTREAM, ("aa", "aa", "")),
        (Debian("x", sha256="aa"), debians("6.12.9", "aa"), ("aa", "aa", "")),
        # Debian's tarball is another one.
        (Debian("x", sha256="bb", nested="x-*"), UPSTREAM, ("aa", None, "")),
        (Debian("x", sha256="bb", nested="x-*"), debians("6.12.9", "bb"), ("", "bb", "")),
        (None, UPSTREAM, ("aa", None, "")),
    ],
)
def test_providers_are_asked_for_nothing_but_what_is_locked(
    debian: Debian | None, locked: Fetched, asked: tuple[str, str | None, str]
) -> None:
    source = Source("linux", "6.12.9", "linux-6.12.9.tar.xz", "aa", ("https://a.example/",), debian, locked=locked)
    narrow = source.asked_for()
    assert source.accepts(locked)
    wanted = narrow.debian
    assert (narrow.sha256, wanted and wanted.sha256, wanted.versions if wanted else "") == asked
    assert bool(narrow.file) == bool(narrow.urls) == bool(narrow.sha256)


def test_what_a_lock_file_rules_out_is_said_with_both_hashes(manifest: Path) -> None:
    lock = manifest.parent / "lock.json"
    source = read_manifest(manifest, manifest.parent)["linux"]
    assert why_refused(source, lock) == ""
    assert why_refused(replace(source, locked=debians("6.12.7", "77")), lock) == ""
    assert why_refused(replace(source, locked=NOTHING), lock) == f"source linux 6.12.9 is not in {lock}"
    got = ["  got      aa  linux-6.12.9.tar.xz", f"  got      {'any hash':<64}  Debian's linux 6.12.*"]
    for locked, name in (
        (replace(UPSTREAM, files=(File("linux-6.12.9.tar.xz", "ab"),)), "linux-6.12.9.tar.xz (6.12.9, the lock file)"),
        (debians("6.1.7", "ab"), "linux_6.1.7.orig.tar.xz (6.1.7, the lock file)"),
    ):
        assert why_refused(replace(source, locked=locked), lock).splitlines() == [
            f"source linux 6.12.9: {lock} has another file than the manifest pins (SHA-256):",
            f"  expected ab  {name}",
            *got,
        ]


def test_a_lock_file_changes_no_key_of_what_it_was_written_for(settings: Settings, recipes: Path) -> None:
    settings.sources.mkdir(parents=True)
    (settings.sources / "zlib-1.3.tar.xz").touch()
    write_record(settings.sources, "zlib", Fetched("upstream", "1.3", (File("zlib-1.3.tar.xz", "aa"),), "here"))
    lock = settings.cache / "lock.json"
    free = evaluate(settings)
    write_lockfile(lock, free.sources.values())
    locked = evaluate(replace(settings, lock=lock))
    assert locked.sources["zlib"].locked == free.sources["zlib"].fetched
    assert [step.key for step in locked.steps.values()] == [step.key for step in free.steps.values()]
