# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests on other hosts: minimal root file systems of Debian 12, Debian 13 and Debian sid; see docs/hosts.md."""

import os
import shutil
from pathlib import Path

import journey
import pytest
from hosts.machine import USER, Finished, Host, default_folder, missing_programs

_hosts: dict[str, Host] = {}


@pytest.fixture(autouse=True)
def _possible() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make and enter other root file systems")
    if missing := missing_programs():
        pytest.skip(f"programs that are not installed: {' '.join(missing)}; see build-aux/setup --lab")


@pytest.fixture
def host(request: pytest.FixtureRequest) -> Host:
    """The host that a test names."""
    return cloned(Host(default_folder(), request.param))


@pytest.fixture
def both_hosts() -> list[Host]:
    """Those that README names."""
    return [cloned(Host(default_folder(), suite)) for suite in ("bookworm", "trixie")]


@pytest.fixture
def finished() -> Finished:
    """The final system of the build directory that RUCKUS_FINAL names."""
    if not (build := os.environ.get("RUCKUS_FINAL")):
        pytest.skip("RUCKUS_FINAL names no build directory with a final system")
    host = Finished(default_folder(), "final", Path(build))
    cloned(host)
    return host


def cloned(host: Host) -> Host:
    """A host with a clone of this tree in the homes of root and of an ordinary user."""
    if (made := _hosts.get(host.suite)) is None:
        made = host
        made.make()
        for owner in (0, USER):
            journey.copy_tree(made.root / made.home(owner)[1:] / "ruckus", configured=False)
            made.run("chown", "-R", f"{owner}:{owner}", made.home(owner))
        _hosts[made.suite] = made
    return made


@pytest.fixture(scope="session", autouse=True)
def _removed() -> object:
    """Root file systems go; the archives that they were unpacked from stay for the next session."""
    yield
    for made in _hosts.values():
        shutil.rmtree(made.root, ignore_errors=True)
