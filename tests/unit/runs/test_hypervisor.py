# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version of Xen's hypervisor is built, and where none is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ruckus_aux.recipes.manifest import Debian, Source
from ruckus_aux.runs import hypervisor
from ruckus_aux.runs.configuration import Configuration
from ruckus_aux.runs.hypervisor import installed_tools, version_of
from ruckus_aux.settings.options import given_by
from ruckus_aux.words.errors import RuckusError

SOURCES = {
    "gcc": Source("gcc", "14.2.0"),
    "xen-4.17": Source("xen-4.17", "4.17", debian=Debian("xen", release="bookworm")),
    "xen-4.20": Source("xen-4.20", "4.20", debian=Debian("xen", release="trixie")),
}
MANIFEST = """
["xen-4.17"]
version = "4.17"
debian = { package = "xen", release = "bookworm" }
"""
Tools = Callable[..., dict[str, Path]]


@pytest.fixture(autouse=True)
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A host without Xen's tools; call it with their versions."""
    monkeypatch.setattr(hypervisor, "_TOOLS", tmp_path / "lib")
    monkeypatch.setattr(hypervisor, "_RUNNING", tmp_path / "hypervisor")
    monkeypatch.setattr(shutil, "which", lambda name, path="": None)

    def install(*versions: str) -> dict[str, Path]:
        for version in versions:
            program = tmp_path / "lib" / f"xen-{version}/bin/xl"
            program.parent.mkdir(parents=True)
            program.write_bytes(b"\x7fELF\0libxlutil.so.4.0\0libxenlight.so.%s\0libc.so.6\0" % version.encode())
        return installed_tools()

    return install


def run_under(folder: Path, version: str) -> None:
    (folder / "version").mkdir(parents=True)
    (folder / "type").write_text("xen\n")
    for name, number in zip(("major", "minor"), version.split("."), strict=True):
        (folder / "version" / name).write_text(f"{number}\n")


def test_the_version_is_that_of_the_hosts_tools(tools: Tools, tmp_path: Path) -> None:
    programs = tools("4.17")
    assert version_of("", SOURCES, "trixie") == ("4.17", f"that {programs['4.17']} speaks to")
    tools("4.20")  # an upgrade is under way: until the next boot, the old one runs
    assert version_of("", SOURCES, "trixie")[0] == "4.20"
    run_under(tmp_path / "hypervisor", "4.17")
    assert version_of("", SOURCES, "trixie")[0] == "4.17"


def test_a_guest_of_another_xen_is_not_a_dom0(tools: Tools, tmp_path: Path) -> None:
    run_under(tmp_path / "hypervisor", "4.11")
    assert version_of("", SOURCES, "bookworm")[0] == "4.17"
    tools("4.20")
    assert version_of("", SOURCES, "bookworm")[0] == "4.20"


def test_tools_that_no_release_of_debian_has_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "xl"
    program.write_bytes(b"\x7fELF\0libxenlight.so.4.20\0")
    monkeypatch.setattr(shutil, "which", lambda name, path="": str(program))
    assert installed_tools() == {"4.20": program}
    program.write_text("#!/bin/sh\nexec /usr/lib/xen-$VERSION/bin/xl\n")  # Debian's wrapper says nothing of a version
    assert installed_tools() == {}


def test_without_tools_it_is_the_releases_or_the_newest() -> None:
    assert version_of("", SOURCES, "bookworm") == ("4.17", "as Debian bookworm has it: this host has no Xen tools")
    assert version_of("", SOURCES, "trixie")[0] == "4.20"
    for release in ("", "forky"):
        assert version_of("", SOURCES, release) == (
            "4.20",
            "the newest that the manifest has: this host has no Xen tools",
        )


def test_another_dom0s_version_can_be_asked_for(tools: Tools) -> None:
    tools("4.17")
    assert version_of("4.20", SOURCES, "bookworm") == ("4.20", "as asked for")


def test_versions_that_the_manifest_lacks_are_refused_by_name(tools: Tools) -> None:
    with pytest.raises(RuckusError, match=r"^--with-xen-version=4.9: the manifest has no .*, but 4.17 and 4.20$"):
        version_of("4.9", SOURCES, "bookworm")
    program = tools("4.18")["4.18"]
    with pytest.raises(RuckusError, match=f"^{program} speaks to Xen 4.18: the manifest has no") as caught:
        version_of("", SOURCES, "bookworm")
    for way_out in ('["xen-4.18"]', "--with-xen-version=VERSION", "--without-stage1-xen"):
        assert way_out in caught.value.hint


def test_a_manifest_without_any_version() -> None:
    with pytest.raises(RuckusError, match=r"^the manifest has no hypervisor of that version, but none$"):
        version_of("", {}, "bookworm")


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Configuration]:
    """configure, in a source tree whose clfs profile has the hypervisor; of the checks, only those that matter here."""
    packages = tmp_path / "src" / "packages"
    (packages / "profiles").mkdir(parents=True)
    (packages / "profiles" / "clfs.toml").write_text('steps = ["stage1/xen"]')
    (packages / "sources.toml").write_text(MANIFEST)

    def configure(*options: str) -> Configuration:
        configuration = Configuration(given_by(options, tmp_path / "src", tmp_path / "build"))
        configuration.check(prepared=False)
        return configuration

    return configure


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--with-arch=i686"], "Xen is 64-bit, and i686 is not"),
        (["--with-arch=i686", "--with-xen-version=4.17"], "Xen is 64-bit, and i686 is not"),
        (["--disable-xen"], "--disable-xen"),
        (["--without-stage1-xen"], "--without-stage1-xen"),
        (["--with-profile=tiny"], "not in the profile 'tiny'"),
    ],
)
def test_where_no_hypervisor_is_built(configured: Callable[..., Configuration], options: list[str], why: str) -> None:
    configuration = configured("--with-profile=clfs", *options)
    assert not configuration.mistakes.errors
    assert configuration.answers["ruckus_xen_text"] == f"none: {why}"
    assert "xen_version = " in configuration.conf().splitlines()


def test_where_one_is(configured: Callable[..., Configuration], tools: Tools, tmp_path: Path) -> None:
    configuration = configured("--with-profile=clfs", "--disable-multilib")
    assert configuration.answers["ruckus_xen_text"].startswith("Xen 4.17, the newest")
    assert {"xen = yes", "xen_version = 4.17"} <= set(configuration.conf().splitlines())
    tools("4.20")
    (error,) = configured("--with-profile=clfs").mistakes.errors
    assert "speaks to Xen 4.20: the manifest has no hypervisor of that version, but 4.17" in error.message
    assert not configured("--with-profile=tiny").mistakes.errors
    (tmp_path / "mine.toml").write_text(MANIFEST.replace("4.17", "4.20"))
    mine = configured("--with-profile=clfs", f"--with-manifest={tmp_path}/mine.toml")
    assert mine.answers["ruckus_xen_version"] == "4.20"
    broken = configured("--with-profile=clfs", f"--with-manifest={tmp_path}/nowhere.toml")
    assert len(broken.mistakes.errors) == 2  # each once: the file, and the version


def test_a_wrong_version_is_a_mistake_wherever_it_is_given(configured: Callable[..., Configuration]) -> None:
    for options in (["--with-profile=clfs"], ["--with-profile=tiny"], ["--with-arch=i686"], ["--without-stage1-xen"]):
        (error,) = configured("--with-xen-version=4.9", *options).mistakes.errors
        assert error.message.startswith("--with-xen-version=4.9: ")
