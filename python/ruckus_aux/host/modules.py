# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the Python modules that a requirements file names the Python that runs this lacks.

`python -m ruckus_aux.host.modules [--any-version] FILE` prints them, one a line; nothing, when it has them all.
Setup and configure ask so, and it needs no module itself.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import SRCDIR


def requirements(path: Path) -> Iterator[tuple[str, str]]:
    """The names and versions that a requirements file pins, and the files that it takes in."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if included := re.match(r"-r\s+(\S+)", line):
            yield from requirements(path.parent / included[1])
        elif pinned := re.match(r"([\w.-]+)==([\w.+!-]+)", line):
            yield pinned[1], pinned[2]


def lacking(wanted: Iterator[tuple[str, str]], *, any_version: bool = False) -> Iterator[str]:
    """Those of some modules that are not installed, as pip takes them.

    Args:
        wanted: names and versions.
        any_version: whether one that is installed in another version will do.
    """
    for name, pinned in wanted:
        try:
            found = version(name)
        except PackageNotFoundError:
            found = ""
        if not found or (found != pinned and not any_version):
            yield f"{name}=={pinned}"


def told(error: ModuleNotFoundError) -> RuckusError:
    """What a person has to know when a module is missing all the same: it has been removed, or Python replaced."""
    return RuckusError(f"{sys.executable} lacks the module {error.name}", f"run: {SRCDIR}/build-aux/setup")


def main(arguments: Sequence[str]) -> None:
    """Print what is missing."""
    *options, path = arguments
    print("\n".join(lacking(requirements(Path(path)), any_version="--any-version" in options)))


if __name__ == "__main__":
    main(sys.argv[1:])
