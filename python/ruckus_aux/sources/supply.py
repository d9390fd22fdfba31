# SPDX-License-Identifier: GPL-3.0-or-later
"""See to it that steps have their sources, and that the lock files say which."""

from collections.abc import Iterable, Sequence

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.lockfile import write_lockfile
from ruckus_aux.recipes.manifest import Source
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.words.paths import SOURCES_LOCK


def sources_of(plans: Iterable[Plan]) -> list[Source]:
    """The sources of all steps of some plans."""
    return list({one.name: one for plan in plans for step in plan.steps.values() for one in step.sources}.values())


def supply(selection: Sequence[tuple[Plan, Sequence[Step]]]) -> list[Plan]:
    """Fetch what steps lack, and bring each build directory's lock file up to date.

    Args:
        selection: Plans of build directories that have their cache in common, and the steps of each.

    Returns:
        The plans; made again when something came, as keys depend on that.

    Raises:
        RuckusError: Something can't be had, or a lock file rules it out.
    """
    plans = [plan for plan, _ in selection]
    steps = [step for _, wanted in selection for step in wanted]
    lacking = {source.name: source for step in steps for source in step.sources if source.fetched is None}
    if lacking:
        from ruckus_aux.sources.download import download  # imports requests and rich

        download(plans[0].settings, lacking.values())
        plans = [evaluate(plan.settings) for plan in plans]
    for plan in plans:
        path = plan.settings.buildroot / SOURCES_LOCK
        if path != plan.settings.lock:
            write_lockfile(path, sources_of([plan]))
    return plans
