# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the Python modules that a requirements file names are missing from the Python that runs this.

`python -m ruckus_aux.host.modules FILE` prints them, one a line. setup asks for what requirements.txt pins. configure
and make, which accept a Python of the user's own, ask for those that requirements.in names, in any version. It needs
no module itself.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import SRCDIR


def requirements(path: Path) -> Iterator[tuple[str, str]]:
    """What a requirements file names, and the files that it includes: names, and versions where they are pinned.

    What only some Pythons need (`; MARKER`) is left to pip.
    """
    for line in path.read_text(encoding="utf-8").splitlines():
        if included := re.match(r"-r\s+(\S+)", line):
            yield from requirements(path.parent / included[1])
        elif named := re.fullmatch(r"([\w.-]+)(?:==([\w.+!-]+))?(?:[<>=!~][^;]*)?\s*\\?", line):
            yield named[1], named[2] or ""


def missing(wanted: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Those of some modules, given as `requirements` returns them, that are not installed; named as pip takes them."""
    for name, pinned in wanted:
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = ""
        if not installed or pinned not in ("", installed):
            yield f"{name}=={pinned}" if pinned else name


def told(error: ModuleNotFoundError) -> RuckusError:
    """The error for a module that is missing all the same: it was removed, or Python was replaced."""
    return RuckusError(f"{sys.executable} lacks the module {error.name}", f"run: {SRCDIR}/build-aux/setup")


def main(arguments: Sequence[str]) -> None:
    """Print what is missing."""
    (path,) = arguments
    print("\n".join(missing(requirements(Path(path)))))


if __name__ == "__main__":
    main(sys.argv[1:])
