# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a system is whole, which it has to be for an image, a boot, and a check."""

import os

from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.ownership import is_closed
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command
from ruckus_aux.words.terminal import some_of


def check_built(plan: Plan, *, by_todays_recipes: bool) -> None:
    """Make sure that all of a system is there: each of its steps is built and merged.

    Args:
        plan: Of its build directory.
        by_todays_recipes: Whether a step that was built by an earlier recipe counts as lacking.

    Raises:
        RuckusError: It lacks steps, or the build directory has no system.
    """
    settings = plan.settings
    merged = {stamp.step: stamp.key for stamp in stamps(settings)}
    steps, broken = plan.of_system()
    todays = {**{step.name: step.key for step in steps}, **{one.name: None for one in broken}}
    lacking = [name for name in todays if name not in merged or (by_todays_recipes and merged[name] != todays[name])]
    if not todays:
        raise RuckusError(f"{settings.builddir} builds no system", "configure without --with-hostprep-only")
    if lacking:
        way_out = make_command(settings.builddir, "-k", settings.goal)
        if is_closed(settings.clfs, os.geteuid()):  # then the store has what is built, until root merges it
            way_out += f" && sudo {make_command(settings.builddir, 'bootstrap-install')}"
        raise RuckusError(
            f"{settings.clfs}: {len(lacking)} of the system's {len(todays)} steps are not built: {some_of(lacking)}",
            f"run: {way_out}",
        )
