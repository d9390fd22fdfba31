# SPDX-License-Identifier: GPL-3.0-or-later
"""`make check-system`: what must be true of a finished system, whoever built it and wherever.

All its files are there and hold no path of the build; every ELF file is for the machine that its folder is for, and
finds its libraries in the system; the cross compiler and the system's own make programs for every ABI that work; the
system builds packages by its own means, and boots.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from ruckus_aux.host.locks import held
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.isolation import fault
from ruckus_aux.systems.abis import Abis
from ruckus_aux.systems.compilers import check_compilers
from ruckus_aux.systems.finding import Finding, finding_of
from ruckus_aux.systems.merged import Merged
from ruckus_aux.systems.packages import check_packages
from ruckus_aux.systems.testbed import Testbed, cross_testbed, native_testbed
from ruckus_aux.systems.whole import check_built
from ruckus_aux.words.errors import Mistakes, RuckusError
from ruckus_aux.words.paths import HYPERVISOR, KERNEL
from ruckus_aux.words.step_name import StepName


def check(plan: Plan, boot: Callable[..., object]) -> Iterator[Finding]:
    """Check a finished system; what is wrong with one thing does not keep the others from being checked.

    Args:
        plan: of its build directory.
        boot: boots it, and with xen=True as dom0 of the hypervisor.

    Raises:
        RuckusError: it is not finished.
    """
    settings = plan.settings
    with held(settings.work_lock(StepName("check-system")), "the check of the system", settings.builddir):
        check_built(plan, by_todays_recipes=True)
        merged = Merged(settings)
        yield from merged.check()
        yield from Abis(settings, merged).check()
        if not settings.is_final:
            with cross_testbed(settings) as testbed:
                yield from check_compilers(testbed, "cross", settings.prefix_cross, f"{settings.arch.target}-")
        yield from _check_native(plan)
        yield from _check_boot(settings, boot)


def _check_native(plan: Plan) -> Iterator[Finding]:
    """What the system does by its own means, with nothing of the host but the kernel."""
    settings = plan.settings
    subject = "native programs"
    if not (settings.clfs / "bin" / "sh").is_symlink():
        yield Finding(subject, "the system has no /bin/sh", checked=False)
        return
    if settings.isolation == "none" and (reason := fault()):
        yield Finding(subject, f"this host has no sandbox: {reason}", checked=False)
        return
    faults = Mistakes()
    with ExitStack() as stack:
        with faults.collected():
            testbed = stack.enter_context(native_testbed(plan))
        if faults.errors:
            yield Finding(subject, "the system can't be entered", tuple(faults.errors))
            return
        yield finding_of(subject, "/bin/sh runs, and `uname -m` is the system's", partial(_check_shell, testbed))
        yield from check_compilers(testbed, "native", settings.prefix_tools)
        if Path(f"{settings.clfs}{settings.prefix_tools}/bin/gcc").is_file():
            yield from check_packages(testbed)
        else:
            yield Finding("native packages", "the system has no compiler to build them with", checked=False)


def _check_shell(testbed: Testbed) -> None:
    machine = testbed.settings.arch.machine
    with testbed.trial("shell", "uname -m") as (_, said):
        if said.strip() != machine:
            raise RuckusError(f"the system takes this machine for {said.strip()}", f"it is for {machine}")


def _check_boot(settings: Settings, boot: Callable[..., object]) -> Iterator[Finding]:
    if not (settings.clfs / "boot" / KERNEL).exists():
        yield Finding("boot", "the system has no kernel", checked=False)
        return
    yield finding_of("boot", "in QEMU", boot)
    if (settings.clfs / "boot" / HYPERVISOR).exists():
        yield finding_of("boot of Xen", "in QEMU, with the system as its dom0", partial(boot, xen=True))
