# SPDX-License-Identifier: GPL-3.0-or-later
"""Put stamps right before a build, so that what make takes as done is done."""

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.settings.ownership import is_closed
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import Stamp, stamps, unreadable
from ruckus_aux.steps.merge import stamp_path, unmerge
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command


def tidy(plan: Plan, wanted: Sequence[Step], named: Collection[str] = ()) -> list[Path]:
    """Drop stamps that no longer tell the truth.

    A stamp goes when it can't be read, when the recipe of its step is gone and not only broken (with the files that it
    merged), when a file that it merged is missing, or was overwritten by a step that goes, and when its step is merged
    but no longer in the store, and was asked for by name, or is a dependency of something that must be built.

    Args:
        plan: All steps of the build directory.
        wanted: Those that are about to be made, in order.
        named: The names of those that were asked for by name, and not with all of a goal.

    Returns:
        The paths of the stamps that are gone.

    Raises:
        RuckusError: The build directory holds another architecture's system, or has it elsewhere.
    """
    settings = plan.settings
    store = Store(settings.cache)
    found = {stamp.path: stamp for stamp in stamps(settings, pending=True)}
    dropped = unreadable(settings)
    for path in dropped:
        path.unlink()
    user = os.geteuid()  # what is gone stays in a system that is root's, until bootstrap-install
    gone = [one for one in found.values() if not plan.knows(one.step) and not is_closed(one.root, user)]
    for stamp in found.values():
        _check_same_system(settings, stamp)
    for stamp in gone:
        unmerge(stamp, keep={name for other in found.values() if other is not stamp for name in other.files})
        dropped.append(stamp.path)
    for stamp in found.values():
        if stamp not in gone and not stamp.is_pending and (stamp.missing() or _is_uncovered(stamp, gone)):
            stamp.reopen()
            dropped.append(stamp.path)
    needed = {step for step in wanted if step.name in named}
    for step in reversed(wanted):
        path = stamp_path(step)
        if path in found and path not in dropped and step in needed and step.key not in store:
            found[path].reopen()
            dropped.append(path)
        if (path not in found or path in dropped) and step.key not in store:
            needed.update(step.needs)
    return dropped


def _is_uncovered(stamp: Stamp, gone: Iterable[Stamp]) -> bool:
    """Whether stamps that have gone had overwritten files of this one."""
    return any(stamp.step in other.replaces and not set(stamp.files).isdisjoint(other.files) for other in gone)


def _check_same_system(settings: Settings, stamp: Stamp) -> None:
    arch, root = stamp.step.arch, settings.root(stamp.step.stage)
    way_out = f"configure in another directory, or remove it first: {make_command(settings.builddir, 'clean')}"
    if arch not in ("", settings.arch.name):
        raise RuckusError(f"{settings.buildroot} holds a system for {arch}, not {settings.arch.name}", way_out)
    if stamp.root != root:
        raise RuckusError(f"{settings.buildroot} has its system at {stamp.root}, not {root}", way_out)
