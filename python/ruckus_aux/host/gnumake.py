# SPDX-License-Identifier: GPL-3.0-or-later
"""The make that schedules the steps: the same one that steps find, so that all makes of a run are one program.

Makes of different versions can't always share a pool of jobs (jobserver.py). Since 4.4, the pool is a FIFO by default,
which older versions refuse, and which a step that runs as another user can't open; here it is always a pipe.
"""

import re
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ruckus_aux.host.commands import STEP_ENVIRONMENT, run
from ruckus_aux.host.jobserver import from_makeflags
from ruckus_aux.words.errors import RuckusError

_POOL = re.compile(r"-j\d*|--jobserver-(auth|fds)=.*")
_WITH_STYLES = (4, 4)  # the version that can have a pool of either kind


@cache
def make_program() -> str:
    """The path of make; RuckusError when steps would find none, whatever this user's PATH has."""
    found = shutil.which("make", path=STEP_ENVIRONMENT["PATH"])
    if not found:
        raise RuckusError(f"no make in {STEP_ENVIRONMENT['PATH']}, where steps look for it", "install GNU make there")
    return found


@cache
def joins_fifos() -> bool:
    """Whether it can join a pool that is a FIFO."""
    match = re.search(r"GNU Make (\d+)\.(\d+)", run([make_program(), "--version"], check=False)[1])
    return match is not None and (int(match[1]), int(match[2])) >= _WITH_STYLES


def graph_command(graph: Path, goal: str, options: Sequence[str]) -> list[str]:
    """How make is called for a goal of a graph.

    Args:
        graph: the makefile.
        goal: its target.
        options: -jN, for a pool of its own, and the like.
    """
    style = ["--jobserver-style=pipe"] if joins_fifos() else []
    return [make_program(), "--no-print-directory", *style, *options, "-f", str(graph), goal]


def make_below(makeflags: str, jobs: int) -> tuple[str, list[str]]:
    """What a make below another one is given: MAKEFLAGS, and -jN when it has a pool of its own.

    It joins the pool above it when that is a pipe. Else it has as many jobs as the one above, whose only job it is.

    Args:
        makeflags: of the make above; "" when there is none.
        jobs: how many jobs run when nobody has said it.
    """
    if from_makeflags(makeflags).descriptors:
        return makeflags, []
    options, dashes, variables = makeflags.partition(" -- ")
    words = options.split(" ")
    given = [word for word in words if re.fullmatch(r"-j\d*", word)]
    return " ".join(word for word in words if not _POOL.fullmatch(word)) + dashes + variables, given or [f"-j{jobs}"]
