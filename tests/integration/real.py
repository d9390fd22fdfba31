# SPDX-License-Identifier: GPL-3.0-or-later
"""What integration tests share: a source tree, and commands run as a user would."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]


def clean_environment() -> dict[str, str]:
    """Ours without what a make above us has put into it."""
    make = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "V")
    configure = ("CPUCOUNT", "CLFS", "BUILDROOT", "MIRRORS", "HOSTPREP_TOOLS", "PYTHON")
    ours = (*make, *configure, "PREFIX_CROSS", "PREFIX_TOOLS", "PREFIX_HOSTPREP")
    return {name: value for name, value in os.environ.items() if name not in ours}


def run(
    *command: str | Path, cwd: Path, status: int | None = 0, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run a command as a user would; its exit status must be as expected."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=cwd,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert status is None or done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def outcomes(output: str) -> dict[str, str]:
    """What make said of each step."""
    return {step: outcome for outcome, step in re.findall(r"^  (BUILT|STORED) +(\S+)", output, re.MULTILINE)}


def wait_for(condition: Callable[[], bool], patience: float = 120.0) -> None:
    """Wait until something holds, however slow the machine is."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.05)


@dataclass
class Tree:
    """A source tree, and where it is built."""

    top: Path

    def configure(self, build: Path, *options: str, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        build.mkdir(parents=True, exist_ok=True)
        return run(self.top / "configure", f"PYTHON={sys.executable}", *options, cwd=build, status=status)
