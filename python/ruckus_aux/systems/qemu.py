# SPDX-License-Identifier: GPL-3.0-or-later
"""QEMU, as everything here calls it: which accelerator works on this machine, and what a machine consists of."""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import sarge

from ruckus_aux.words.errors import RuckusError

# For a kernel whose root is the first disk. Emulated on a busy machine, its timer may be late; no reason to give up.
KERNEL_LINE = "root=/dev/vda rw panic=-1 no_timer_check"
_PROGRAM = "qemu-system-x86_64"
SILENCE = 20.0  # seconds without any output after which KVM is taken not to work here
_PATIENCE = 300.0  # seconds from power-on to power-off; emulation on a busy machine is slow
_POLL = 0.1


class MachineEnd(NamedTuple):
    """How a machine that was watched came to its end.

    said: what came over its serial console, and QEMU's own complaints.
    by_itself: whether QEMU ended by itself and without an error: the machine was powered off, or wanted to boot again.
    """

    said: str
    by_itself: bool


def no_qemu() -> RuckusError:
    """What is said when QEMU is not installed."""
    return RuckusError(f"{_PROGRAM}: command not found", "apt-get install qemu-system-x86")


def qemu_machine(accelerator: str, memory: int, processors: int = 1, *, xen: bool = False) -> list[str]:
    """The beginning of a QEMU command line: a machine without any devices, which ends instead of rebooting.

    Args:
        accelerator: "kvm" or "tcg".
        memory: MiB, as QEMU counts.
        processors: How many it has.
        xen: Whether Xen runs on it.
    """
    # With SMAP, dom0 crashes under emulation; with XSAVE, programs do when Xen changes between processors.
    cpu = "host" if accelerator == "kvm" else f"max,-smap{',-xsave' if xen else ''}"
    words = [_PROGRAM, "-accel", accelerator, "-cpu", cpu, "-m", str(memory)]
    words += ["-smp", str(processors)] if processors > 1 else []
    return [*words, "-no-reboot", "-nodefaults", "-display", "none"]


def qemu_disk(image: Path) -> list[str]:
    """Words for a disk, /dev/vda or the next; image: a raw file."""
    return ["-drive", f"file={quoted_for_qemu(image)},format=raw,if=virtio"]


def quoted_for_qemu(value: object) -> str:
    """A value within an option of several."""
    return str(value).replace(",", ",,")


def accelerators() -> list[str]:
    """What may work here, the best first."""
    return ["kvm", "tcg"] if os.access("/dev/kvm", os.R_OK | os.W_OK) else ["tcg"]


def working_accelerator(kernel: Path, console: Path) -> str:
    """The best accelerator that works here, tried with a kernel, which may find no root file system.

    Whether there is /dev/kvm says little: in a virtual machine, QEMU may end at once, or its guest may stand still.

    Args:
        kernel: The kernel.
        console: A file for what it says.
    """
    for accelerator in accelerators()[:-1]:
        words = [*qemu_machine(accelerator, 256), "-kernel", str(kernel), "-append", f"console=ttyS0 {KERNEL_LINE}"]
        watch_machine(words, console, patience=SILENCE, is_enough=lambda: console.stat().st_size > 0)
        if console.stat().st_size:
            return accelerator
    return accelerators()[-1]


def watch_machine(
    command: list[str],
    console: Path,
    *,
    silence: float = math.inf,
    patience: float = _PATIENCE,
    is_enough: Callable[[], bool] = lambda: False,
) -> MachineEnd:
    """Run QEMU until the machine powers off.

    Args:
        command: Its words.
        console: The file of what comes over the serial console, which begins empty.
        silence: Seconds after which it is ended when nothing has come.
        patience: Seconds after which it is ended in any case.
        is_enough: It is ended when this holds.

    Returns:
        What it has said, and whether it powered off.

    Raises:
        RuckusError: QEMU is not installed.
    """
    console.write_bytes(b"")
    job = sarge.Command([*command, "-serial", f"file:{console}"], stdout=sarge.Capture(), stderr=sarge.Capture())
    try:
        job.run(async_=True)
    except ValueError as error:
        raise no_qemu() from error
    started = time.monotonic()
    try:
        while job.poll() is None:
            elapsed = time.monotonic() - started
            silent = elapsed > silence and console.stat().st_size == 0
            if silent or elapsed > patience or is_enough():
                break
            time.sleep(_POLL)
    finally:
        if job.poll() is None:
            job.kill()
            job.wait()
    errors: str = job.stderr.bytes.decode(errors="replace")
    return MachineEnd(console.read_text(errors="replace") + errors, by_itself=job.poll() == 0)
