# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest
from unit.samples import configured

from ruckus_aux.settings.ownership import take_folders
from ruckus_aux.settings.settings import Settings


@pytest.fixture
def here(settings: Settings, recipes: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A build directory as configure leaves it, which the commands find."""
    settings.builddir.mkdir()
    places = {"srcdir": settings.srcdir, "buildroot": settings.buildroot, "clfs": settings.clfs}
    values = {name: str(path) for name, path in {**places, "cache": settings.cache}.items()}
    prefixes = {"prefix_cross": settings.prefix_cross, "prefix_tools": settings.prefix_tools}
    configured(settings.builddir, arch="x86_64", mirrors="", hostprep_tools="", **prefixes, **values)
    monkeypatch.setenv("RUCKUS_BUILDDIR", str(settings.builddir))
    take_folders(settings)
    return settings
