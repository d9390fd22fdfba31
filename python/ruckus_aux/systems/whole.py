# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a system is whole, which it has to be for an image, a boot, and a check."""

import os

from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.ownership import is_closed
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command
from ruckus_aux.words.terminal import some_of


def check_built(plan: Plan) -> None:
    """Make sure that all of a system is there: each of its steps is built, as its recipe is now, and merged.

    Args:
        plan: Of its build directory.

    Raises:
        RuckusError: It lacks steps, or the build directory has no system.
    """
    settings = plan.settings
    merged = {stamp.key for stamp in stamps(settings)}
    steps, broken = plan.of_system()
    lacking = [*(step.name for step in steps if step.key not in merged), *(one.name for one in broken)]
    if not steps and not broken:
        raise RuckusError(f"{settings.builddir} builds no system", "configure without --with-hostprep-only")
    if lacking:
        way_out = make_command(settings.builddir, "-k", settings.goal)
        if is_closed(settings.clfs, os.geteuid()):  # then the store has what is built, until root merges it
            way_out += f" && sudo {make_command(settings.builddir, 'bootstrap-install')}"
        every = len(steps) + len(broken)
        raise RuckusError(
            f"{settings.clfs}: {len(lacking)} of the system's {every} steps are not built: {some_of(lacking)}",
            f"run: {way_out}",
        )
