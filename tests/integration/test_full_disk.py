# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that is full for a while; `python tests/full_disk.py` does this at as many points as are wanted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from integration.real import TOP, Tree


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_a_full_disk_stops_nothing_for_good(instant: Tree, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    command = [sys.executable, str(TOP / "tests/full_disk.py"), str(instant.top), str(tmp_path / "disk"), "4"]
    environment = os.environ | {"PYTHONPATH": f"{TOP}/python:{TOP}/tests", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the build failed at 0" not in done.stdout
