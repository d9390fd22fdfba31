# SPDX-License-Identifier: GPL-3.0-or-later
"""Write graph.mk, by which GNU make schedules the steps of one architecture, or of several together.

A step's target is its stamp, whose name holds the step's key: it exists or it does not, and timestamps play no part,
so every prerequisite is order-only. Prerequisites are listed with the longest remaining path first, because make
starts what it comes to first.

Between architectures there are edges of two more kinds. Of steps with the same key, one is built, and the others come
after it and find its artifact in the store. Of steps that share objects of the host's compiler, one fills ccache for
the next, unless there are so many processors that waiting for it would take longer than compiling again.
"""

import math
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.writing import write_whole
from ruckus_aux.recipes.plan import Broken, Plan, Step
from ruckus_aux.settings.journal import Journal
from ruckus_aux.settings.ownership import is_closed
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import costs
from ruckus_aux.steps.merge import stamp_path
from ruckus_aux.steps.schedule import Schedule, remaining, schedule
from ruckus_aux.words.hints import make_command
from ruckus_aux.words.stage import GOALS


@dataclass
class Target:
    """A step, and the stamps that make must have first.

    cost: CPU seconds that it will take. shared: when its objects are in ccache already.
    """

    step: Step
    stamp: str
    cost: float
    shared: float
    needs: list[str]


Selection = Sequence[tuple[Plan, Sequence[Step]]]  # plans with steps of theirs, each after what it needs


def _targets(settings: Settings, steps: Sequence[Step], fresh: bool) -> list[Target]:
    """The targets of steps. What is in the store costs nothing, and needs no unpacked source."""
    store, built = Store(settings.cache), Journal(settings.journal).built()
    targets: list[Target] = []
    for step in steps:
        stored = step.key in store and not fresh
        needs = [str(stamp_path(need)) for need in step.needs if need.installs or not stored]
        full, shared = costs.costs(step, built.get(step.name, []))
        targets.append(Target(step, str(stamp_path(step)), 0.0 if stored else full, shared, needs))
    needed = {stamp for target in targets for stamp in target.needs}
    for target in targets:
        if not target.step.installs and target.stamp not in needed:
            target.cost = 0.0
    return targets


def combined(selection: Selection, *, fresh: bool = False) -> list[Target]:
    """The targets of some steps of some plans, each after what it needs, with the edges between architectures.

    Args:
        selection: The plans, with the steps that are wanted.
        fresh: As if the store were empty.
    """
    targets = [target for plan, steps in selection for target in _targets(plan.settings, steps, fresh)]
    same: dict[str, Target] = {}
    similar: dict[tuple[str, str], Target] = {}
    for target in targets:
        if not target.cost:
            continue
        builder = same.setdefault(target.step.key, target)
        if builder is not target:
            target.needs.append(builder.stamp)
            target.cost = 0.0
        elif target.step.objects:
            family = target.step.objects, target.step.name.package
            if family in similar:
                _share_objects(targets, similar[family], target)
            similar[family] = target
    return targets


def _share_objects(targets: Sequence[Target], earlier: Target, target: Target) -> None:
    """Let a target wait for one that fills ccache for it, when the whole build does not take longer for that."""
    cpus = target.step.settings.cpucount
    without, cost = expected(targets, cpus).wall, target.cost
    target.needs.append(earlier.stamp)
    target.cost = target.shared
    if expected(targets, cpus).wall > without:
        target.needs.pop()
        target.cost = cost


def _needs(targets: Sequence[Target]) -> dict[str, list[str]]:
    """The prerequisites of each stamp, as far as they are to be made."""
    stamps = {target.stamp for target in targets}
    return {target.stamp: [need for need in target.needs if need in stamps] for target in targets}


def expected(targets: Sequence[Target], cpus: int, serial: Mapping[str, float] | None = None) -> Schedule:
    """What a build takes, and which stamps are on its critical path.

    Args:
        targets: All of them.
        cpus: How many jobs run at a time.
        serial: By STAGE/PACKAGE, the share of their CPU seconds that only one processor can work on.
    """
    known = serial or {}
    names = {target.stamp: target.step.name.within_arch for target in targets}
    shares = {stamp: known[name] for stamp, name in names.items() if name in known}
    return schedule(_needs(targets), {target.stamp: target.cost for target in targets}, cpus, shares)


def graph(selection: Selection, broken: Sequence[Broken] = ()) -> str:
    """The text of graph.mk.

    Args:
        selection: Steps of some plans; the goal `steps` stands for all of them.
        broken: Steps that it stands for, too, and that fail with their errors.
    """
    targets = combined(selection)
    left = remaining(_needs(targets), {target.stamp: target.cost for target in targets}) | {
        _failing(one): math.inf for one in broken
    }

    def first_the_longest(stamps: Iterable[str]) -> str:
        return " ".join(sorted(stamps, key=lambda stamp: (-left[stamp], stamp)))

    goals: dict[str, set[str]] = {"steps": {_failing(one) for one in broken}, **{goal: set() for goal in GOALS}}
    for plan, steps in selection:
        members = {goal: plan.split(plan.goal(goal) if plan.has(goal) else []) for goal in GOALS}
        for goal, (wanted, impossible) in [("steps", (steps, [])), *members.items()]:
            stamps_of_goal = {str(stamp_path(step)) for step in wanted if step.installs}
            goals[goal] |= stamps_of_goal.union(map(_failing, impossible)) & left.keys()
    names = dict.fromkeys([target.step.name for target in targets] + [one.name for one in broken])
    lines = ["# Written by Ruckus; changes are lost.", "MAKEFLAGS += -rR", "", f".PHONY: {' '.join([*goals, *names])}"]
    for goal, members_of_goal in goals.items():
        ready = f"echo '  {_ready(selection, members_of_goal)}'" if goal != "steps" else ":"
        lines += [f"{goal}: {first_the_longest(members_of_goal)}", f"\t@{ready}"]
    for target in targets:
        needs = first_the_longest(target.needs)
        lines += ["", f"{target.step.name}: {target.stamp}", f"{target.stamp}:{' | ' + needs if needs else ''}"]
        lines += [f"\t+@{target.step.settings.builddir / 'ruckus'} step {target.step.name}"]
    for one in broken:
        cause = f" | {_failing(replace(one, name=one.cause))}" if one.cause else ""
        lines += ["", f"{one.name}: {_failing(one)}", f"{_failing(one)}:{cause}"]
        lines += [f"\t+@{one.settings.builddir / 'ruckus'} step {one.name}"]
    return "\n".join(lines) + "\n"


def _ready(selection: Selection, members: Collection[str]) -> str:
    """What is said when all steps of a goal are made, whose stamps these are."""
    for settings in (plan.settings for plan, _ in selection):
        if is_closed(settings.clfs, os.geteuid()) and not all(map(os.path.exists, members)):
            merging = make_command(settings.builddir, "bootstrap-install")
            return f"STORED   $@; the system belongs to root, and is brought up to date by: sudo {merging}"
    return "READY    $@"


def _failing(broken: Broken) -> str:
    """The target of a step that can't be made: no such file will ever exist."""
    return f"{broken.settings.stamps / broken.name}.broken"


def write_graph(selection: Selection, path: Path, broken: Sequence[Broken] = ()) -> None:
    """Bring a graph.mk up to date; it is not touched if nothing changed.

    Args:
        selection: The plans, with the steps that are wanted.
        path: The file.
        broken: See graph.
    """
    text = graph(selection, broken)
    if not path.exists() or path.read_bytes() != text.encode(errors="surrogateescape"):
        write_whole(path, text)
