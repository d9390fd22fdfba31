# SPDX-License-Identifier: GPL-3.0-or-later
"""Write graph.mk, by which GNU make schedules the steps of one architecture, or of several together.

A step's target is its stamp, whose name holds the step's key: it exists or it does not, and timestamps play no part,
so every prerequisite is order-only. Prerequisites are listed with the longest remaining path first, because make
starts what it comes to first.

Between architectures there are edges of two more kinds. Of steps with the same key, one is built, and the others come
after it and find its artifact in the store. Of steps that share objects of the host's compiler, one fills ccache for
the next, unless there are so many processors that waiting for it would take longer than compiling again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.writing import write_whole
from ruckus_aux.recipes.plan import Plan, Step, remaining
from ruckus_aux.settings.journal import Journal
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import costs
from ruckus_aux.steps.merge import Stamp, stamp_path, stamps, unmerge, unreadable
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command
from ruckus_aux.words.stage import stage_of

PARALLEL = 6  # processors that a step keeps busy on average, when it has them all: configure and links use one


@dataclass
class Target:
    """A step of one plan, and the stamps that make must have first.

    cost: CPU seconds that it will take. shared: when its objects are in ccache already.
    """

    plan: Plan
    step: Step
    stamp: str
    key: str
    cost: float
    shared: float
    needs: list[str]


Selection = Sequence[tuple[Plan, Sequence[Step]]]  # plans with steps of theirs, each after what it needs


def _targets(plan: Plan, steps: Sequence[Step], fresh: bool) -> dict[str, Target]:
    """Targets by the steps' names. What is in the store costs nothing, and needs no unpacked source."""
    settings = plan.settings
    store, built = Store(settings.cache), Journal(settings.journal).built()
    targets: dict[str, Target] = {}
    for step in steps:
        key = plan.key(step)
        stored = key in store and not fresh
        needs = [targets[name].stamp for name in step.needs if plan[name].installs or not stored]
        stamp = str(stamp_path(settings, step.name, key))
        full, shared = costs.costs(step, built.get(step.name, []))
        targets[step.name] = Target(plan, step, stamp, key, 0.0 if stored else full, shared, needs)
    needed = {stamp for target in targets.values() for stamp in target.needs}
    for target in targets.values():
        if not target.step.installs and target.stamp not in needed:
            target.cost = 0.0
    return targets


def combined(selection: Selection, *, fresh: bool = False) -> list[Target]:
    """The targets of some steps of some plans, each after what it needs, with the edges between architectures.

    fresh: as if the store were empty.
    """
    targets = [target for plan, steps in selection for target in _targets(plan, steps, fresh).values()]
    same: dict[str, Target] = {}
    similar: dict[tuple[str, str], Target] = {}
    for target in targets:
        if not target.cost:
            continue
        builder = same.setdefault(target.key, target)
        if builder is not target:
            target.needs.append(builder.stamp)
            target.cost = 0.0
        elif target.step.objects:
            family = target.step.objects, target.step.name.rpartition("/")[2]
            if family in similar:
                _share_objects(targets, similar[family], target)
            similar[family] = target
    return targets


def _share_objects(targets: Sequence[Target], earlier: Target, target: Target) -> None:
    """Let a target wait for one that fills ccache for it, when the whole build does not take longer for that."""
    cpus = target.plan.settings.cpucount
    without, cost = shortest(targets, cpus), target.cost
    target.needs.append(earlier.stamp)
    target.cost = target.shared
    if shortest(targets, cpus) > without:
        target.needs.pop()
        target.cost = cost


def _left(targets: Sequence[Target]) -> dict[str, float]:
    """For each stamp, the CPU seconds of the longest path from there to the end."""
    there = {target.stamp for target in targets}
    needs = {target.stamp: [need for need in target.needs if need in there] for target in targets}
    return remaining(needs, {target.stamp: target.cost for target in targets})


def shortest(targets: Sequence[Target], cpus: int) -> float:
    """Seconds that a build takes at least: its longest path, or its CPU seconds on all processors."""
    longest = max(_left(targets).values(), default=0.0) / min(cpus, PARALLEL)
    return max(longest, sum(target.cost for target in targets) / cpus)


def graph(selection: Selection) -> str:
    """The text of graph.mk for some steps of some plans; its goal `steps` stands for all of them."""
    targets = combined(selection)
    left = _left(targets)

    def first_the_longest(stamps: Iterable[str]) -> str:
        return " ".join(sorted(stamps, key=lambda stamp: (-left[stamp], stamp)))

    goals: dict[str, set[str]] = {"steps": set(), "hostprep": set(), "bootstrap": set()}
    for plan, steps in selection:
        members = {
            "steps": steps,
            "hostprep": plan.hostprep(),
            "bootstrap": plan.of_profile() if plan.has_profile else [],
        }
        for goal, wanted in members.items():
            stamps_of_goal = (stamp_path(plan.settings, step.name, plan.key(step)) for step in wanted if step.installs)
            goals[goal] |= {str(stamp) for stamp in stamps_of_goal} & left.keys()
    names = dict.fromkeys(target.step.name for target in targets)
    lines = ["# Written by Ruckus; changes are lost.", "MAKEFLAGS += -rR", "", f".PHONY: {' '.join([*goals, *names])}"]
    for goal, members_of_goal in goals.items():
        ready = "echo '  READY    $@'" if goal != "steps" else ":"
        lines += [f"{goal}: {first_the_longest(members_of_goal)}", f"\t@{ready}"]
    for target in targets:
        needs = first_the_longest(target.needs)
        lines += ["", f"{target.step.name}: {target.stamp}", f"{target.stamp}:{' | ' + needs if needs else ''}"]
        lines += [f"\t+@{target.plan.settings.builddir / 'ruckus'} step {target.step.name}"]
    return "\n".join(lines) + "\n"


def write_graph(selection: Selection, path: Path) -> None:
    """Bring a graph.mk up to date; it is not touched when nothing changed."""
    text = graph(selection)
    if not path.exists() or path.read_bytes() != text.encode(errors="surrogateescape"):
        write_whole(path, text)


def tidy(settings: Settings, plan: Plan, wanted: Sequence[Step]) -> list[Path]:
    """Drop stamps that no longer tell the truth; returns their paths.

    wanted: the steps that are about to be made, in order.
    A stamp goes when it can't be read, when the recipe of its step is gone (with the files that it merged), when a file
    that it merged is missing, and when something must be built whose dependency is merged but no longer in the store.
    Raises RuckusError when the build directory holds another architecture's system, or has it elsewhere.
    """
    store = Store(settings.cache)
    found = {stamp.path: stamp for stamp in stamps(settings, pending=True)}
    dropped = unreadable(settings)
    for path in dropped:
        path.unlink()
    for stamp in found.values():
        _check_same_system(settings, stamp)
        if stamp.step not in plan.steps:
            unmerge(stamp, keep={name for other in found.values() if other is not stamp for name in other.files})
            dropped.append(stamp.path)
        elif not stamp.is_pending and stamp.missing():
            stamp.reopen()
            dropped.append(stamp.path)
    needed: set[str] = set()
    for step in reversed(wanted):
        key = plan.key(step)
        path = stamp_path(settings, step.name, key)
        if path in found and path not in dropped and step.name in needed and key not in store:
            found[path].reopen()
            dropped.append(path)
        if (path not in found or path in dropped) and key not in store:
            needed.update(step.needs)
    return dropped


def _check_same_system(settings: Settings, stamp: Stamp) -> None:
    arch, stage = stamp.step.partition("/")[0], stage_of(stamp.step)
    way_out = f"configure in another directory, or remove it first: {make_command(settings.builddir, 'clean')}"
    if stage.of_system and arch != settings.arch.name:
        raise RuckusError(f"{settings.buildroot} holds a system for {arch}, not {settings.arch.name}", way_out)
    if stamp.root != settings.root(stage):
        raise RuckusError(f"{settings.buildroot} has its system at {stamp.root}, not {settings.root(stage)}", way_out)
