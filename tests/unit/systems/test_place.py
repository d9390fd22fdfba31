# SPDX-License-Identifier: GPL-3.0-or-later
"""Where bootstrap-install may work: what is mounted in a system is not changed."""

from dataclasses import replace
from pathlib import Path

import pytest

from ruckus_aux.host import mounts
from ruckus_aux.host.mounts import Mount
from ruckus_aux.settings.settings import Settings
from ruckus_aux.systems import install
from ruckus_aux.words.errors import RuckusError


@pytest.fixture
def below(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A build directory that is below its system, as `invoke build` has it."""
    monkeypatch.setattr(install, "only_roots", lambda path, user: None)
    clfs = tmp_path / "baby"
    build = clfs / "ruckus-build"
    build.mkdir(parents=True)
    return replace(settings, clfs=clfs, builddir=build, buildroot=build)


@pytest.mark.parametrize("name", ["home", "ruckus-build-2", "ruckus-build/work"])
def test_a_mount_is_named(below: Settings, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    point = below.clfs / name
    monkeypatch.setattr(mounts, "mounted", lambda: [Mount("0:99", point, "tmpfs", (), "other")])
    with pytest.raises(RuckusError, match=f"other is mounted on {point}, in the system"):
        install.check_place(below, everything=True)
    if name == "ruckus-build/work":  # which an installation changes nothing in
        install.check_place(below)
    else:
        with pytest.raises(RuckusError, match=f"other is mounted on {point}, in the system"):
            install.check_place(below)
