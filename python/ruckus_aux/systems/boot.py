# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot the finished system in QEMU, from a disk image of $CLFS, and read from its serial console that it is up.

With Xen, it is the control domain (dom0) of the hypervisor that was built.
"""

import gzip
import math
import os
import re
import shutil
import time
from pathlib import Path

from ruckus_aux.host.locks import held
from ruckus_aux.host.trees import remove
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.systems.image import make_image
from ruckus_aux.systems.qemu import (
    KERNEL_LINE,
    SILENCE,
    MachineEnd,
    accelerators,
    no_qemu,
    qemu_disk,
    qemu_machine,
    quoted_for_qemu,
    watch_machine,
)
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command
from ruckus_aux.words.paths import BOOTED, BOOTED_FINAL, HYPERVISOR, KERNEL
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import printable

MEMORY = 512  # MiB, as QEMU counts
_BESIDE_XEN = 512  # MiB more: the hypervisor's
# Without bootscrub=0, Xen touches all memory, and QEMU takes it from the host.
_XEN = f"console=com1 com1=115200,8n1 dom0_mem={MEMORY}M,max:{MEMORY}M bootscrub=0 spec-ctrl=no"
UP = "ruckus: system is up"
_FAILED = re.compile(r"\brc: (\S+ \w+ failed: status \d+)")  # what /etc/rc.d/rc says of a script, and goes on


def qemu(
    settings: Settings, image: Path, accelerator: str, append: str, *, hypervisor: Path | None = None
) -> list[str]:
    """The QEMU command line for a boot.

    Args:
        settings: Of the build directory.
        image: The disk image.
        accelerator: "kvm" or "tcg".
        append: For the kernel's command line.
        hypervisor: Xen's, unpacked, when the system is to be its dom0.
    """
    memory = MEMORY + (_BESIDE_XEN if hypervisor else 0)
    words = [*qemu_machine(accelerator, memory, xen=hypervisor is not None), *qemu_disk(image)]
    kernel, line = settings.clfs / "boot" / KERNEL, f"{KERNEL_LINE} {append}".strip()
    if hypervisor is None:
        return [*words, "-kernel", str(kernel), "-append", f"console=ttyS0 {line}"]
    module = quoted_for_qemu(f"{kernel} console=hvc0 {line}")  # the first of a multiboot kernel's modules is dom0's
    return [*words, "-kernel", str(hypervisor), "-append", _XEN, "-initrd", module]


def check_console(settings: Settings, end: MachineEnd, console: Path, *, xen: bool = False) -> None:
    """Make sure that the machine and the system that were built came up, all well, and were powered off.

    Args:
        settings: Of the build directory.
        end: How the machine came to its end.
        console: The file of what came over the console.
        xen: Whether it is the dom0 of the hypervisor that was built.

    Raises:
        RuckusError: They did not; or scripts of the boot failed.
    """
    text = end.said
    facts = dict(re.findall(r"ruckus: (machine|CLFS_ARCH_STRING) (\S+)", text))
    expected = {"machine": settings.arch.machine, "CLFS_ARCH_STRING": settings.arch.string}
    if xen:
        facts |= dict(re.findall(r"\(XEN\) (Xen version) (\d+\.\d+)", text))
        expected["Xen version"] = settings.xen_version
    came_up = UP in text and facts == expected
    faults = [] if came_up else [f"the system did not come up as {expected}"]
    faults += [f"boot script {failure}" for failure in dict.fromkeys(_FAILED.findall(text))]
    faults += ["the kernel panicked"] if "Kernel panic" in text else []
    faults += ["the machine did not power off"] if came_up and not end.by_itself else []
    if faults:
        tail = "\n".join(text.strip().splitlines()[-15:])
        raise RuckusError("; ".join(faults), f"its console is in {console}, and ends with:\n{tail}")


def _unpacked_hypervisor(settings: Settings, path: Path) -> Path:
    """The hypervisor as QEMU loads it; RuckusError when the system has none."""
    packed = settings.clfs / "boot" / HYPERVISOR
    if settings.is_final:
        raise RuckusError(f"{settings.clfs}: the final system has no hypervisor", "leave out --system=final, or --xen")
    if not packed.exists():
        raise RuckusError(
            f"{packed}: no hypervisor there", "configure --with-profile=clfs for a 64-bit system, and make bootstrap"
        )
    with gzip.open(packed) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return path


def boot(plan: Plan, *, interactive: bool = False, xen: bool = False) -> str:
    """Boot the system; one at a time does so in a build directory.

    Args:
        plan: all steps of its build directory.
        interactive: leave the serial console to the user, on this terminal, until the machine is powered off.
        xen: boot the hypervisor, and the system as its dom0.

    Returns:
        The console's text.

    Raises:
        RuckusError: there is no system yet, or something went wrong with its boot, with the end of its console.
    """
    settings = plan.settings
    if not (settings.clfs / "boot" / KERNEL).exists():
        raise RuckusError(
            f"{settings.clfs}: no kernel there yet",
            f"run: {make_command(settings.builddir, settings.goal)}",
        )
    with held(settings.work_lock(StepName("boot")), "the boot", settings.builddir):
        return _boot(plan, interactive=interactive, xen=xen)


def _boot(plan: Plan, *, interactive: bool, xen: bool) -> str:
    settings = plan.settings
    image, console = settings.work("boot") / "disk.ext4", settings.work("boot") / "console.log"
    image.parent.mkdir(parents=True, exist_ok=True)
    hypervisor = _unpacked_hypervisor(settings, image.with_name("xen")) if xen else None
    make_image(plan, image)
    if interactive:
        command = [*qemu(settings, image, accelerators()[-1], "", hypervisor=hypervisor), "-serial", "mon:stdio"]
        print("leave with Ctrl-A X, or `poweroff` inside", flush=True)
        if os.spawnvp(os.P_WAIT, command[0], command) == 127:
            raise no_qemu()
        return ""
    for accelerator in accelerators():
        started = time.monotonic()
        words = qemu(settings, image, accelerator, "ruckus.boot=check", hypervisor=hypervisor)
        end = watch_machine(words, console, silence=SILENCE if accelerator == "kvm" else math.inf)
        seconds = time.monotonic() - started
        if UP in end.said:
            break
    check_console(settings, end, console, xen=xen)
    how = f"as dom0 of Xen, with {accelerator}" if xen else f"with {accelerator}"
    print(f"  BOOTED   {settings.arch.name}, {how} in {seconds:.1f} s from power-on to power-off:")
    for line in end.said.replace("\r", "").splitlines():
        if line.startswith(("ruckus: ", "(XEN) Xen version")):
            print(f"  {printable(line)}")
    remove(image)
    if hypervisor:
        remove(hypervisor)
    return end.said


def boot_once(plan: Plan) -> None:
    """Boot the system unless exactly this one has been booted before; raises RuckusError as `boot` does."""
    settings = plan.settings
    merged = [stamp.path for stamp in stamps(settings) if stamp.root == settings.clfs]
    held = sorted(str(path.relative_to(settings.stamps)) for path in merged)
    mark = settings.buildroot / (BOOTED_FINAL if settings.is_final else BOOTED)
    if mark.exists() and mark.read_text(errors="replace").splitlines() == held:
        print(f"  BOOTED   {settings.arch.name}, before; nothing in it has changed")
        return
    boot(plan)
    mark.write_text("\n".join(held))
