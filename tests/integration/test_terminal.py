# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands do when their streams are closed, full, or can't show every character."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from integration.real import Tree, clean_environment
from unit.samples import configured


@pytest.fixture
def here(tree: Tree, tmp_path: Path) -> Path:
    """A build directory, as far as these commands look at it."""
    places = {"buildroot": str(tmp_path), "clfs": str(tmp_path / "baby"), "cache": str(tmp_path / "cache")}
    nothing = {"mirrors": "", "hostprep_tools": ""}
    prefixes = {"prefix_cross": "/cross-tools-x86", "prefix_tools": "/tools-x86"}
    return configured(tmp_path, srcdir=str(tree.top), **places, **nothing, **prefixes)


def shell(here: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which $RUCKUS is the command."""
    words = {"RUCKUS": f"{sys.executable} -m ruckus_aux", "RUCKUS_BUILDDIR": str(here)}
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    every = {**clean_environment(), **words, **path, **environment}
    return subprocess.run(["sh", "-c", line], cwd=here, env=every, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("$RUCKUS list >&-", 0),
        ("$RUCKUS list <&- >&- 2>&-", 0),
        ("$RUCKUS show x 2>&-", 1),
        ("$RUCKUS list >/dev/full", 1),
    ],
)
def test_a_stream_that_cannot_be_written_to_is_no_traceback(here: Path, line: str, status: int) -> None:
    done = shell(here, line)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert ("No space left on device" in done.stderr) == ("full" in line)


def test_a_file_that_is_opened_is_not_taken_for_standard_output(here: Path) -> None:
    """A closed descriptor's number would be the next file's, and what is printed would be written into that."""
    lines = (
        "import os; from ruckus_aux.entry.console import ended",
        "ended(lambda: os.open('x', os.O_CREAT | os.O_WRONLY), '')",
    )
    done = shell(here, f"{sys.executable} -c \"{'; '.join(lines)}; os.system('echo ruined'); print(1)\" >&-")
    assert (done.returncode, done.stderr, (here / "x").read_text()) == (0, "", "")


def test_a_character_that_the_terminal_does_not_have_is_written_otherwise(here: Path) -> None:
    program = "from ruckus_aux.entry.console import ended; ended(lambda: print(chr(252), chr(0xdcff)), '')"
    assert shell(here, f'{sys.executable} -c "{program}"', PYTHONIOENCODING="ascii").stdout == "\\xfc \\udcff\n"
