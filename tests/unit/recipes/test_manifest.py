# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests of sources, and what is laid over them."""

from dataclasses import replace
from pathlib import Path

import pytest

from ruckus_aux.recipes.manifest import Debian, Source, read_manifest
from ruckus_aux.words.errors import RuckusError

BASE = """
debian_release = "trixie"
[gcc]
version = "14.2.0"
file = "gcc-14.2.0.tar.xz"
sha256 = "aa"
urls = ["https://a.example/"]
[gcc.debian]
package = "gcc-14"
sha256 = "bb"
patches = { "x.diff" = "cc" }
strip = 2
[m4]
version = "1.4"
file = "m4-1.4.tar.xz"
sha256 = "dd"
urls = []
"""
NEWER = """
debian_release = "sid"
[gcc]
version = "16.1.0"
debian = { package = "gcc-16", sha256 = "ee" }
[new]
version = "1"
debian = { package = "new", release = "experimental" }
"""
NEWEST = """
[gcc]
version = "16.2.0"
debian = { package = "gcc-16" }
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "sources.toml"
    path.write_text(BASE)
    return path


def overlay(base: Path, text: str) -> Path:
    path = base.with_name(f"{len(text)}.toml")
    path.write_text(text)
    return path


def test_an_entry_takes_the_place_of_the_whole_other_one(base: Path) -> None:
    before = read_manifest(base, base.parent)
    sources = read_manifest(base, base.parent, [overlay(base, NEWER)])
    assert sources["gcc"] == Source("gcc", "16.1.0", debian=Debian("gcc-16", sha256="ee", release="sid"))
    assert sources["new"].debian == Debian("new", release="experimental")
    assert sources["m4"] == before["m4"]


def test_the_last_one_holds_and_a_release_is_of_one_file_or_else_the_manifests(base: Path) -> None:
    sources = read_manifest(base, base.parent, [overlay(base, NEWER), overlay(base, NEWEST)])
    assert sources["gcc"] == Source("gcc", "16.2.0", debian=Debian("gcc-16", release="trixie"))


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("gcc = 3", "[gcc]: not a table of keys"),
        ("debian_release = 3", "debian_release: not of its kind: 3"),
        ("[gcc]", "[gcc]: missing: version"),
        ("[gcc]\nversion = '1'", "[gcc]: neither file and sha256 of an upstream release, nor a debian package"),
        ("[gcc]\nversion = '1'\nfile = 'x'", "[gcc]: file and sha256 belong together"),
        ("[gcc]\nversion = '1'\nname = 'x'\nurl = 'y'", "[gcc]: unknown: name, url"),
        ("[gcc]\nversion = '1'\nurls = 'y'", "[gcc]: urls: not of its kind: y"),
        ("[gcc]\nversion = '1'\ndebian = { sha265 = 'y' }", "[gcc]: debian: unknown: sha265"),
        ("[gcc]\nversion = '1'\ndebian = 'gcc'", "[gcc]: debian: not a Debian: gcc"),
        ("[gcc]\nversion = '1'\ndebian = { package = 'gcc', patches = ['x'] }", "[gcc]: debian: patches: "),
        ("[gcc]\nversion = '1'\ndebian = { package = 'gcc', patches = { x = 1 } }", "debian: patches: sha256: not of "),
    ],
)
def test_a_mistake_is_named_with_file_entry_and_key(base: Path, text: str, mistake: str) -> None:
    path = overlay(base, text)
    with pytest.raises(RuckusError) as caught:
        read_manifest(base, base.parent, [path])
    assert caught.value.message.startswith(f"{path}: ")
    assert mistake in caught.value.message
    assert "docs/recipes.md" in caught.value.hint


def test_a_tarball_without_a_top_folder_loses_none() -> None:
    source = Source("tzdata", "1", "tzdata1.tar.gz", "aa", flat=True)
    assert source.unpack_commands(("calendars",))[1] == (
        'tar --no-same-owner --no-wildcards-match-slash --exclude=\'calendars\' -xf "$SOURCES/tzdata1.tar.gz" -C "$SRC"'
    )
    assert " --strip-components=1 " in replace(source, flat=False).unpack_commands()[1]
