# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person has to do for builders to be Xen's guests here: boot the hypervisor that a run has built.

Ruckus never touches a boot loader. It says what to type, for this machine: the kernel that runs now becomes dom0's,
with the same initrd and the same command line, because its system has the Xen tools. See GRUB's manual, "multiboot2"
and "module2", and syslinux' mboot.c32.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from ruckus_aux.host.mounts import Mount, holding, same_file
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.paths import BUILDER_ENV, HYPERVISOR, KERNEL

_BOOT = Path("/boot")
_UUIDS = Path("/dev/disk/by-uuid")
_INITRDS = ("initrd.img-{}", "initramfs-{}.img", "initrd-{}")  # Debian, Fedora, openSUSE


@dataclass(frozen=True)
class BootedHost:
    """How this machine was booted.

    release: of its kernel. initrd: its file in /boot, "" for none.
    words: of the kernel's command line, but for those that the boot loader itself has put there.
    folder: /boot, as a boot loader sees it: on the file system that holds it.
    uuid: of that file system, "" when it has none.
    """

    release: str
    initrd: str
    words: str
    folder: str
    uuid: str


def this_machine() -> BootedHost:
    """How this machine was booted, as far as its files tell."""
    release = os.uname().release
    initrd = next((name for name in (one.format(release) for one in _INITRDS) if (_BOOT / name).exists()), "")
    words = Path("/proc/cmdline").read_text(encoding="utf-8", errors="replace").split()
    kept = [word for word in words if not re.match(r"(BOOT_IMAGE|initrd)=", word)]
    mount = holding(_BOOT / KERNEL)
    return BootedHost(release, initrd, " ".join(kept), _seen_by_loader(mount), _uuid(mount))


def _seen_by_loader(mount: Mount | None) -> str:
    """The path of /boot on its own file system: "" is its top folder."""
    if mount is None:
        return str(_BOOT)
    path = Path(mount.root) / _BOOT.relative_to(mount.point)
    return "" if path == Path("/") else str(path)


def _uuid(mount: Mount | None) -> str:
    names = sorted(os.listdir(_UUIDS)) if mount and _UUIDS.is_dir() else []
    return next((name for name in names if mount and same_file(str(_UUIDS / name), mount.source)), "")


def handover(settings: Settings, machine: BootedHost, command: str) -> Iterator[str]:
    """Lines that say how to go on in Xen's guests.

    Args:
        settings: Of the build directory that has built the hypervisor.
        machine: How this machine was booted.
        command: What goes on building, once Xen runs.
    """
    name = f"xen-{settings.xen_version}-ruckus.gz"
    built, copy = settings.boot_files / HYPERVISOR, _BOOT / name
    yield f"To build on as Xen's guests, boot Xen {settings.xen_version}, which was built here. As root:"
    yield f"  cp {quote(str(built))} {copy}"
    yield "and one of these, for the boot loader of this machine:"
    yield from _indented(_for_grub(settings.xen_version, machine, name))
    yield from _indented(_for_syslinux(machine, name))
    if not (_BOOT / f"vmlinuz-{machine.release}").exists():
        yield f"(/boot has no vmlinuz-{machine.release}: use the kernel that this machine boots)"
    yield "Reboot, choose Xen, and go on with:"
    yield f"  . {quote(str(settings.common / BUILDER_ENV))}"
    yield f"  {command}"
    kernels = sorted(str(path) for path in settings.boot_files.parent.glob(f"*/{KERNEL}"))
    yield f"The guests' kernels: {' '.join(map(quote, kernels))}"


def _for_grub(version: str, machine: BootedHost, hypervisor: str) -> Iterator[str]:
    yield "# GRUB: at the end of /etc/grub.d/40_custom; then update-grub (or grub-mkconfig -o /boot/grub/grub.cfg)"
    yield f"menuentry 'Xen {version}, for Ruckus' {{"
    yield "    insmod part_gpt"
    yield "    insmod part_msdos"
    if machine.uuid:
        yield f"    search --no-floppy --fs-uuid --set=root {machine.uuid}"
    yield f"    multiboot2 {machine.folder}/{hypervisor}"
    # As GRUB's own 20_linux_xen: some versions of Xen take the first word for the file's name.
    yield f"    module2 {machine.folder}/vmlinuz-{machine.release} placeholder {machine.words}"
    if machine.initrd:
        yield f"    module2 --nounzip {machine.folder}/{machine.initrd}"
    yield "}"


def _for_syslinux(machine: BootedHost, hypervisor: str) -> Iterator[str]:
    modules = [hypervisor, f"vmlinuz-{machine.release} {machine.words}", machine.initrd]
    yield "# syslinux (extlinux, isolinux): in its configuration; mboot.c32 is a module of its own"
    yield "LABEL xen"
    yield "    KERNEL mboot.c32"
    yield f"    APPEND {' --- '.join(f'{machine.folder}/{module}' for module in modules if module)}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)
