# SPDX-License-Identifier: GPL-3.0-or-later
"""What README says, typed on this machine by root, and by an ordinary user whom sudo does not know."""

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.real import clean_environment
from journey import copy_tree, journey

NOBODY_ELSE = 64321  # no passwd entry has this number


def run_as(user: int, *words: str, cwd: str, status: int | None = 0) -> "subprocess.CompletedProcess[str]":
    identity = [] if user == os.geteuid() else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    environment = {**clean_environment(), "HOME": cwd}
    done = subprocess.run(
        [*identity, *words], cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert status is None or done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(params=["root", "user"])
def person(request: pytest.FixtureRequest) -> int:
    """The number of the user who builds."""
    if os.geteuid() != 0:
        return os.geteuid() if request.param == "user" else pytest.skip("this is an ordinary user")
    return 0 if request.param == "root" else NOBODY_ELSE


@pytest.fixture
def home(person: int, everyones_python: Path) -> Iterator[Path]:
    """A folder of the user's, with a clone in `ruckus`, set up as this one; others can't enter tmp_path."""
    folder = Path(tempfile.mkdtemp(prefix="ruckus-home-", dir="/var/tmp"))
    folder.chmod(0o755)
    copy_tree(folder / "ruckus", configured=True)
    shutil.copytree(everyones_python.parents[1], folder / "ruckus" / ".venv", symlinks=True)
    (folder / "work").mkdir()
    subprocess.run(["chown", "-R", f"{person}:{person}", folder / "work", folder / "ruckus"], check=True)
    yield folder
    shutil.rmtree(folder)


def test_the_journey_of_a_newcomer(person: int, home: Path) -> None:
    journey(functools.partial(run_as, person), str(home / "ruckus"), str(home / "work"))
