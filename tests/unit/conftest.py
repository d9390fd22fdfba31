# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit tests: no root, no network, and no host command that was not registered."""

import subprocess
from pathlib import Path

import pytest
import sarge
from hypothesis import settings as hypothesis_settings
from pytest_subprocess import FakeProcess
from unit.samples import COSTS, MANIFEST, OTHER, PIGZ, TINY, ZLIB

from ruckus_aux.host import machines
from ruckus_aux.host.toolchain import distribution, fingerprint, tool_version
from ruckus_aux.settings import installed
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import isolation
from ruckus_aux.words.architecture import ARCHITECTURES

hypothesis_settings.register_profile("ruckus", deadline=None)  # on a busy machine, everything takes long
hypothesis_settings.load_profile("ruckus")

TOOLS = ("m4", "bison", "flex", "gawk", "bc")


@pytest.fixture(autouse=True)
def fp(fp: FakeProcess, monkeypatch: pytest.MonkeyPatch) -> FakeProcess:
    """Fake every command: sarge has its own subclass of Popen, which pytest-subprocess alone would not replace."""
    monkeypatch.setattr(sarge, "Popen", lambda *args, **kwargs: subprocess.Popen(*args, **kwargs))
    for asked in (fingerprint, distribution, tool_version):  # once in a process, and a test is none
        asked.cache_clear()
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "debian", "VERSION_ID": "12"})
    monkeypatch.setattr(isolation, "fault", lambda: None)  # a sandbox works here
    monkeypatch.setattr(machines, "runs_programs_of", lambda machine: True)
    monkeypatch.setattr(installed, "SYNCHRONOUS", "OFF")  # no power is cut, and the disk may be busy
    fp.register(["sync", "-f", fp.any()], occurrences=1000)  # harmless, and part of every merge
    fp.pass_command(["tar", "--create", fp.any()], occurrences=1000)  # the real one: it reads only, for tree hashes
    return fp


@pytest.fixture
def host(fp: FakeProcess) -> FakeProcess:
    """A host with a toolchain, for what asks for its fingerprint."""
    for command in (
        ["getconf", "GNU_LIBC_VERSION"],
        *([name, "--version"] for name in ("gcc", "g++", "ld", "make", *TOOLS)),
    ):
        fp.register(command, stdout=f"{command[0]} 12\nmore\n", occurrences=50)
    return fp


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A configured build directory for x86_64 with an empty folder of recipes."""
    packages = tmp_path / "src" / "packages"
    packages.mkdir(parents=True)
    (packages / "sources.toml").write_text("")
    build = tmp_path / "build"
    return Settings(
        srcdir=tmp_path / "src",
        builddir=build,
        buildroot=build,
        clfs=build / "baby",
        cache=build / "cache",
        arch=ARCHITECTURES["x86_64"],
        profile="tiny",
        prefix_cross="/cross-tools-x86_64",
        prefix_tools="/tools-x86_64",
        prefix_hostprep="/hostprep",
        isolation="bwrap",
        cpucount=2,
    )


@pytest.fixture
def recipes(settings: Settings, host: FakeProcess) -> Path:
    folder = settings.recipes
    (folder / "sources.toml").write_text(MANIFEST)
    (folder / "costs.toml").write_text(COSTS)
    (folder / "profiles").mkdir()
    (folder / "profiles" / "tiny.toml").write_text(TINY)
    (folder / "zlib.py").write_text(ZLIB)
    (folder / "other.py").write_text(OTHER)
    (folder / "pigz").mkdir()
    (folder / "pigz" / "recipe.py").write_text(PIGZ)
    return folder
