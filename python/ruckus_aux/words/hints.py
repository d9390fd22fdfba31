# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in hints, as they can be typed where the user is."""

import os
import shlex
import shutil
from pathlib import Path

from ruckus_aux.words.paths import INVOKE, SRCDIR


def invoke_command(*words: str | Path) -> str:
    """An `invoke` command: by its path unless PATH has it, and with --search-root unless it finds its tasks itself."""
    by_name = not os.path.exists(INVOKE) or shutil.which("invoke") == str(INVOKE)
    name = "invoke" if by_name else _shortest(INVOKE)
    here = _here()
    root = [] if SRCDIR in (here, *here.parents) else [f"--search-root={SRCDIR}"]
    return shlex.join([name, *root, *map(str, words)])


def make_command(builddir: Path, *goals: str) -> str:
    """A `make` command in a build directory: with -C, unless the user is there.

    Args:
        builddir: The build directory.
        goals: What to make.
    """
    words = [] if builddir == _here() else ["-C", str(builddir)]
    return shlex.join(["make", *words, *goals])


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it was removed; an error is being reported, which must not end in another
        return Path("/")


def _shortest(path: Path) -> str:
    return min(os.path.relpath(path, _here()), str(path), key=len)
