# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks about builders: machines in which systems build natively, on their own."""

from typing import TYPE_CHECKING

from invoke import Context

from ruckus_aux.tasks.common import ARCH_HELP, BRIDGE_HELP, DOM0_HELP, folder_of, task

if TYPE_CHECKING:
    from ruckus_aux.builders.machine import Builder
    from ruckus_aux.recipes.plan import Plan
    from ruckus_aux.runs.crew import Crew

_DIR_HELP = "the folder of the build (default: build in the current directory)"
_KIND_HELP = "what kind of machine: qemu (default), xen"
_HANG_HELP = "report a builder that does nothing and says nothing for so many minutes (default: 30)"
_ONE_HELP = "the architecture (default: x86_64)"
_HELP = {"arch_list": ARCH_HELP, "build_dir": _DIR_HELP, "builder": _KIND_HELP}


def _plans(build_dir: str, arch_list: str) -> "list[Plan]":
    from ruckus_aux.runs.crew import plans_of
    from ruckus_aux.runs.request import arch_list as parse

    return plans_of(folder_of(build_dir), parse(arch_list))


def _crew(
    build_dir: str, arch_list: str, builder: str, auto: bool | None, hang_after: str, dom0: str = "", bridge: str = ""
) -> "Crew":
    from ruckus_aux.builders.kinds import builders_of
    from ruckus_aux.builders.where import Where
    from ruckus_aux.runs.crew import Crew, patience_of
    from ruckus_aux.storage.layout import layout

    plans = _plans(build_dir, arch_list)
    processors = max(plan.settings.cpucount for plan in plans)
    at_once = all(plan.settings.stage2_auto for plan in plans) if auto is None else auto
    archs = [plan.settings.arch for plan in plans]
    builder_of = builders_of(builder, archs, Where(dom0, layout(folder_of(build_dir)).group, bridge))
    return Crew(plans, builder_of, processors, auto=at_once, patience=patience_of(hang_after))


def _one(build_dir: str, arch: str, builder: str) -> "Builder":
    from ruckus_aux.builders.kinds import builder_of

    return builder_of(builder, _plans(build_dir, arch)[0])


@task(
    help={
        **_HELP,
        "auto": "build at once, and power off at the end (default, if so configured: --enable-stage2-auto); otherwise, "
        "the machine waits for somebody who logs in",
        "wait": "--no-wait: return when the machines run, as it does without --auto",
        "hang_after": _HANG_HELP,
        "dom0": DOM0_HELP,
        "bridge": BRIDGE_HELP,
    }
)
def builder_start(
    c: Context,
    arch_list: str = "x86_64",
    build_dir: str = "build",
    builder: str = "qemu",
    auto: bool = False,
    wait: bool = True,
    hang_after: str = "",
    dom0: str = "",
    bridge: str = "",
) -> int:
    """Let systems build stage2 and the final system in machines of their own, and bring home what they make.

    What the profile has of them: the final system in a machine that has stage2, which is the second one.
    A machine that runs already is waited for; one that has ended is brought home, and continues if it broke. Ctrl-C
    leaves machines running, and the same command, or builder-follow, waits for them again. Exit status 1 when not all
    was made.
    """
    crew = _crew(build_dir, arch_list, builder, auto or None, hang_after, dom0, bridge)
    crew.start_and_wait(lambda line: print(line, flush=True), wait=wait and not crew.waits_for_somebody)
    if crew.waits_for_somebody and not crew.reasons:
        print(crew.waits_for_somebody)
    return 1 if crew.reasons else 0


@task(help={**_HELP, "hang_after": _HANG_HELP})
def builder_follow(
    c: Context, arch_list: str = "x86_64", build_dir: str = "build", builder: str = "qemu", hang_after: str = ""
) -> int:
    """Wait for machines that run, and bring home what they make.

    Exit status 1 when not all was made.
    """
    crew = _crew(build_dir, arch_list, builder, None, hang_after)
    crew.follow(lambda line: print(line, flush=True))
    return 1 if crew.reasons else 0


@task(help=_HELP)
def builder_status(c: Context, arch_list: str = "x86_64", build_dir: str = "build", builder: str = "qemu") -> None:
    """Say what is true of each builder now."""
    from ruckus_aux.builders.kinds import builder_of
    from ruckus_aux.runs.crew import status_of

    for plan in _plans(build_dir, arch_list):
        print("\n".join(status_of(builder_of(builder, plan), plan)))


@task(help=_HELP)
def builder_stop(c: Context, arch_list: str = "x86_64", build_dir: str = "build", builder: str = "qemu") -> None:
    """Switch machines off; builder-start continues with what is on their disks."""
    from ruckus_aux.builders.kinds import builder_of
    from ruckus_aux.runs.crew import status_of

    for plan in _plans(build_dir, arch_list):
        machine = builder_of(builder, plan)
        machine.stop()
        print("\n".join(status_of(machine, plan)))


@task(help={"arch": _ONE_HELP, "build_dir": _DIR_HELP, "builder": _KIND_HELP})
def builder_shell(c: Context, arch: str = "x86_64", build_dir: str = "build", builder: str = "qemu") -> int:
    """Log in to a running machine, also while it builds.

    Over ssh, if it has a network and a server; otherwise on QEMU's serial console, which is left with Ctrl-].
    """
    return _one(build_dir, arch, builder).shell()


@task(help={"arch": _ONE_HELP, "build_dir": _DIR_HELP, "builder": _KIND_HELP})
def builder_console(c: Context, arch: str = "x86_64", build_dir: str = "build", builder: str = "qemu") -> int:
    """Show a machine's console, and what comes over it until the machine ends."""
    return _one(build_dir, arch, builder).watch_console()
