# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in a script that runs: which piece was begun last, and what a shell has to know to resume the script there.

A mark stands before each piece of a step's script, on the same line. It writes the directory and the exported variables
of that moment into a file of the working folder, as commands of sh. Marks are in no key, and in no script that `ruckus
show` prints: they change nothing for the commands between them.
"""

import os
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ruckus_aux.host.commands import run
from ruckus_aux.recipes.environment import BEGINNING

MARKS = ".marks"  # in the working folder: a file for each piece that was begun
_FIRST, _OPTIONS, *_OTHERS = BEGINNING
# The run's pool of jobs, which MAKEFLAGS names, does not outlive it.
_MARK = 'ruckus_begun() { (unset MAKEFLAGS; export PWD; export -p) >%s/"$1" || :; } 2>/dev/null; '
# -n: nothing of it is ever run.
_CHECK = """
for piece; do
    /bin/sh -n -c "if false; then :
$piece
fi" 2>/dev/null || { printf %s "$piece"; exit 1; }
done
"""


def split_piece(pieces: Sequence[str]) -> str:
    """The first piece that ends in the midst of a command, before which no mark may stand; "" when there is none."""
    words = [os.fsdecode(piece.encode()) for piece in pieces]  # UTF-8, whatever the locale is
    try:
        return run(["/bin/sh", "-c", _CHECK, "sh", *words], check=False)[1]
    except OSError:  # too large for an argument
        return max(pieces, key=len)


def marked(pieces: Sequence[str], folder: Path, *, first: int = 1) -> str:
    """A script with marks: the step's own, or the rest of it from a piece on, whose mark was reached before.

    Args:
        pieces: Those of the script, or of its rest.
        folder: MARKS of the working folder, as the script sees it.
        first: The number of the first of these pieces.
    """
    marks = shlex.quote(str(folder))
    resumed = [f". {marks}/{first}", 'cd "$PWD"'] if first > 1 else []
    lines = [f"ruckus_begun {number}; {piece}" for number, piece in enumerate(pieces, first)]
    return "\n".join([_FIRST, _MARK % marks + _OPTIONS, *_OTHERS, *resumed, *lines, ""])


def pieces_begun(folder: Path) -> list[int]:
    """The numbers of the pieces that were begun, that of the last one last.

    folder: MARKS of the working folder, where a script may have put anything.
    """
    times: dict[int, int] = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if re.fullmatch("[1-9][0-9]{0,5}", entry.name):
                times[int(entry.name)] = entry.stat(follow_symlinks=False).st_mtime_ns
    return sorted(times, key=lambda number: (times[number], number))  # a clock's tick may hold several


def title_of(piece: str) -> str:
    """The beginning of a piece."""
    line, _, more = piece.strip().partition("\n")
    return line if not more and len(line) < 80 else line[:76].rstrip(" \\") + " ..."
