# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of builders."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ruckus_aux.builders.disks import Disks
from ruckus_aux.builders.machine import IMAGE, Builder, read_start
from ruckus_aux.builders.qemu import Qemu
from ruckus_aux.builders.ruckus_device import ruckus_device_of
from ruckus_aux.builders.where import Where, where_of, where_placed
from ruckus_aux.builders.xen import xen_of
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import load
from ruckus_aux.words.architecture import Architecture
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import BUILDER

BUILDER_KINDS = ("qemu", "xen")  # what --builder calls them


def builder_of(kind: str, plan: Plan, where: Where | None = None) -> Builder:
    """The builder of a build directory.

    Args:
        kind: As --builder calls it.
        plan: All steps of the build directory.
        where: A domain is to be started; None: on this machine. One that was started is where it is.

    Raises:
        RuckusError: There is no such kind, or there is a machine of another kind already.
    """
    if kind not in BUILDER_KINDS:
        raise RuckusError(f"--builder={kind}: no such machine", f"choose one of: {', '.join(BUILDER_KINDS)}")
    folder = plan.settings.buildroot / BUILDER
    start = read_start(folder)
    other = start and ("xen" if "dom0" in start.more else "qemu")
    if other and other != kind:
        raise RuckusError(
            f"{plan.settings.arch.name} has a builder of another kind already: {other}",
            f"bring home what it made: {invoke_command('builder-start', f'--builder={other}')}",
        )
    if kind == "qemu":
        return Qemu(plan, Disks(plan, folder))
    place, disks = where_of(start) if start else where or Where(), Disks(plan, folder, grows=True)
    return xen_of(plan.settings, place, disks, ruckus_device_of(plan.settings))


def builder_there(builddir: Path) -> Builder | None:
    """The builder that a build directory has, or whose disk is kept for the next start; None when there is none."""
    plan = evaluate(load(builddir))
    folder = plan.settings.buildroot / BUILDER
    start, where = read_start(folder), where_placed(folder)
    if start:
        return builder_of("xen" if "dom0" in start.more else "qemu", plan)
    if where:
        return builder_of("xen", plan, where)
    return builder_of("qemu", plan) if (folder / IMAGE).exists() else None


def builders_of(kind: str, archs: Sequence[Architecture], where: Where) -> Callable[[Plan], Builder]:
    """What gives each build directory its builder.

    Args:
        kind: As --builder calls it.
        archs: All that are built.
        where: Its dom0 may be names of machines, separated by commas, to which domains are dealt in turn.

    Raises:
        RuckusError: There would be a bridge, and nothing that could be connected to it.
    """
    if where.bridge and kind != "xen":
        raise RuckusError(f"--bridge={where.bridge} is for --builder=xen", f"leave it out: --builder={kind}")
    names, dom0s = [arch.name for arch in archs], where.dom0.split(",")

    def builder(plan: Plan) -> Builder:
        number = names.index(plan.settings.arch.name)
        return builder_of(kind, plan, replace(where, dom0=dom0s[number % len(dom0s)]))

    return builder
