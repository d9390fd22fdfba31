# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run would do with each step: build it, take it from the store, or leave it as it is."""

import os
from collections.abc import Iterator

from ruckus_aux.artifacts.store import Store
from ruckus_aux.steps.graph import Selection, Target, combined
from ruckus_aux.words.terminal import duration


def forecast(selection: Selection) -> Iterator[str]:
    """Lines for a person: for each architecture how many steps would be built, and which.

    What architectures have in common counts for the first of them; without its source, a step's key is unknown, and it
    counts as to be built.
    """
    targets = [target for target in combined(selection) if target.step.installs]
    sources = {source.name for target in targets for source in target.step.sources if source.fetched is None}
    if sources:
        yield f"{len(sources)} sources to download: {' '.join(sorted(sources))}"
    for plan, _ in selection:
        arch = plan.settings.arch.name
        ours = [
            target for target in targets if target.step.settings is plan.settings and not os.path.exists(target.stamp)
        ]
        done = sum(target.step.settings is plan.settings for target in targets) - len(ours)
        building = [target for target in ours if target.cost]
        stored = [target for target in ours if not target.cost and target.step.key in Store(plan.settings.cache)]
        shared = len(ours) - len(building) - len(stored)
        cpu = f", {duration(sum(target.cost for target in building))} of CPU" if building else ""
        yield (
            f"{arch}: {len(building)} steps to build{cpu}; {len(stored)} from the store, {shared} from another "
            f"architecture, {done} done"
        )
        yield from _named("build", building)
        yield from _named("from the store", stored)


def _named(what: str, targets: list[Target]) -> Iterator[str]:
    if targets:
        yield f"  {what}: {' '.join(target.step.name for target in targets)}"
