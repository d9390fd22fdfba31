"""Write graph.mk, by which GNU make schedules the steps.

A step's target is its stamp, whose name holds the step's key: it exists or it does not, and timestamps play no part,
so every prerequisite is order-only. Prerequisites are listed with the longest remaining path first, because make
starts what it comes to first.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ruckus_aux.errors import RuckusError
from ruckus_aux.journal import Journal
from ruckus_aux.merge import Stamp, stamp_path, stamps, unmerge
from ruckus_aux.settings import Settings
from ruckus_aux.steps import Plan, Step, remaining
from ruckus_aux.store import Store

FILE_NAME = "graph.mk"


def graph(settings: Settings, plan: Plan) -> str:
    """The text of graph.mk for every step of the plan."""
    left = remaining(plan.steps, Journal(settings.journal).cost())

    def targets(steps: Iterable[Step]) -> str:
        ordered = sorted(steps, key=lambda step: (-left[step.name], step.name))
        return " ".join(str(stamp_path(settings, step.name, plan.key(step))) for step in ordered)

    ruckus = settings.builddir / "ruckus"
    goals = {"hostprep": plan.hostprep(), "bootstrap": plan.of_profile() if plan.has_profile else []}
    lines = ["# Written by `ruckus graph`; changes are lost.", "MAKEFLAGS += -rR", ""]
    lines += [f".PHONY: {' '.join([*goals, *plan.steps])}"]
    for goal, steps in goals.items():
        lines += [f"{goal}: {targets(steps)}", "\t@echo '  READY    $@'"]
    for step in plan.steps.values():
        stamp = targets([step])
        needs = targets(plan[name] for name in step.needs)
        lines += ["", f"{step.name}: {stamp}", f"{stamp}:{' | ' + needs if needs else ''}"]
        lines += [f"\t+@{ruckus} step {step.name}"]
    return "\n".join(lines) + "\n"


def write_graph(settings: Settings, plan: Plan) -> None:
    """Bring graph.mk up to date; it is not touched when nothing changed."""
    path = settings.buildroot / FILE_NAME
    text = graph(settings, plan)
    if not path.exists() or path.read_text() != text:
        partial = path.with_suffix(".part")
        partial.write_text(text)
        partial.rename(path)


def tidy(settings: Settings, plan: Plan, wanted: Sequence[Step]) -> list[Path]:
    """Drop stamps that no longer tell the truth; returns their paths.

    wanted: the steps that are about to be made, in order.
    A stamp goes when the recipe of its step is gone (with the files that it merged), when a file that it merged is
    missing, and when something must be built whose dependency is merged but no longer in the store.
    Raises RuckusError when the build directory holds another architecture's system, or has it elsewhere.
    """
    store = Store(settings.cache)
    found = {stamp.path: stamp for stamp in stamps(settings, pending=True)}
    dropped = []
    for stamp in found.values():
        _check_same_system(settings, stamp)
        if stamp.step not in plan.steps:
            unmerge(stamp, keep={name for other in found.values() if other is not stamp for name in other.files})
            dropped.append(stamp.path)
        elif stamp.path != stamp.pending and stamp.missing():
            stamp.path.rename(stamp.pending)
            dropped.append(stamp.path)
    needed: set[str] = set()
    for step in reversed(wanted):
        key = plan.key(step)
        path = stamp_path(settings, step.name, key)
        if path in found and path not in dropped and step.name in needed and key not in store:
            path.rename(found[path].pending)
            dropped.append(path)
        if (path not in found or path in dropped) and key not in store:
            needed.update(step.needs)
    return dropped


def _check_same_system(settings: Settings, stamp: Stamp) -> None:
    arch, _, rest = stamp.step.partition("/")
    stage = rest.partition("/")[0] if arch != "hostprep" else arch
    way_out = "configure in another directory, or remove it first: make clean"
    if arch not in ("hostprep", settings.arch.name):
        raise RuckusError(f"{settings.buildroot} holds a system for {arch}, not {settings.arch.name}", way_out)
    if stamp.root != settings.root(stage):
        raise RuckusError(f"{settings.buildroot} has its system at {stamp.root}, not {settings.root(stage)}", way_out)
