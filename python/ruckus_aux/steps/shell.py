# SPDX-License-Identifier: GPL-3.0-or-later
"""A program in a step's workplace that has the terminal, for a person."""

import os
import sys
from collections.abc import Sequence

from ruckus_aux.steps.work import Work


def enter(work: Work, program: Sequence[str], *, tools: tuple[str, ...] = ()) -> int:
    """Run a program in a step's working folder, and return its exit status, as a shell has it.

    Args:
        work: the working folder, whose lock is held.
        program: its words.
        tools: of the host, whose headers it sees besides those that the step declares.
    """
    terminal = {"TERM": os.environ["TERM"]} if "TERM" in os.environ else {}
    with work.room(tools=tools) as room:
        if not work.is_whole:
            work.prepare()
        command = work.workplace.command(room, program, terminal=True)
        for descriptor in command.descriptors:
            os.set_inheritable(descriptor, True)
        sys.stdout.flush()
        # Not through sarge: a shell needs our terminal as it is.
        status = os.spawnvpe(os.P_WAIT, command.words[0], command.words, work.environment(room, **terminal))
    return status if status >= 0 else 128 - status
