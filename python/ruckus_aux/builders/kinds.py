# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of builders, and what there is for one to make."""

from collections.abc import Callable

from ruckus_aux.artifacts.store import Store
from ruckus_aux.builders.machine import Builder, Start, new_start
from ruckus_aux.builders.qemu import Qemu
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.steps.kinds import workplace_of
from ruckus_aux.steps.merge import stamp_path
from ruckus_aux.steps.runner import run_step
from ruckus_aux.steps.work import Work
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command

BUILDER_KINDS: dict[str, Callable[[Plan], Builder]] = {"qemu": Qemu}  # by what --builder calls them


def builder_of(kind: str, plan: Plan) -> Builder:
    """The builder of a build directory.

    Args:
        kind: As --builder calls it.
        plan: All steps of the build directory.

    Raises:
        RuckusError: There is no such kind.
    """
    if kind not in BUILDER_KINDS:
        raise RuckusError(f"--builder={kind}: no such machine", f"choose one of: {', '.join(BUILDER_KINDS)}")
    return BUILDER_KINDS[kind](plan)


def steps_to_make(plan: Plan) -> list[Step]:
    """The native steps of a plan that a machine has to make, in order; what the store has of them is merged at once.

    Raises RuckusError when the system is not complete in which they are made.
    """
    steps = [step for step in plan.closure(plan.goal("stage2")) if step.installs and not stamp_path(step).exists()]
    lacking = [step.name for step in steps if step.stage.sees_host and step.stage.of_system]
    if lacking:
        raise RuckusError(
            f"{plan.settings.clfs}: {len(lacking)} steps of the system are missing, such as {lacking[0]}",
            f"run: {make_command(plan.settings.builddir, 'bootstrap')}",
        )
    store, left = Store(plan.settings.cache), list[Step]()
    for step in steps:
        if step.stage.sees_host:
            continue
        if step.key in store:
            run_step(Work(step, workplace_of(plan.settings, step.stage)))
        else:
            left.append(step)
    return left


def planned(kind: str, plan: Plan, vcpus: int, *, auto: bool) -> Start | None:
    """How a builder is to be started; None when there is nothing to make.

    Args:
        kind: The builder's.
        plan: All steps of its build directory.
        vcpus: Virtual processors.
        auto: Whether it builds at once.
    """
    steps = steps_to_make(plan)
    return new_start(kind, plan, steps, vcpus, auto=auto) if steps else None
