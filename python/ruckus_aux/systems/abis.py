# SPDX-License-Identifier: GPL-3.0-or-later
"""Every ELF file of a finished system: it is for the machine that its folder is for, and finds what it needs there.

The cross toolchain's own programs are this machine's: they need its C library, and nothing else outside of $CLFS.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ruckus_aux.host.elf import MACHINES, ElfFile, Machine, read_elf_files
from ruckus_aux.host.folders import within
from ruckus_aux.settings.settings import Settings
from ruckus_aux.systems.finding import Finding
from ruckus_aux.systems.merged import Merged
from ruckus_aux.systems.times import check_time
from ruckus_aux.words.architecture import Abi
from ruckus_aux.words.errors import RuckusError

_GRUB = "/usr/lib/grub/i386-pc"  # what a BIOS starts, on systems without an ABI of 32 bits, too
# What of the host a program of the cross toolchain may be linked with: its C library.
_C_LIBRARY = ("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1")
_LOADER = "ld-linux"  # how the names of all dynamic linkers begin


def loader(settings: Settings, abi: Abi) -> str:
    """What starts a program of an ABI, in the system.

    Args:
        settings: Of a build directory.
        abi: One of its architecture's.
    """
    folder = f"/{abi.standard_libdir}" if settings.is_final else f"{settings.prefix_tools}/{abi.libdir}"
    return f"{folder}/{abi.loader}"


class Abis:
    """What is expected of a system's ELF files."""

    def __init__(self, settings: Settings, merged: Merged) -> None:
        self.settings = settings
        self.arch = settings.arch
        self.tools = settings.prefix_tools
        self.cross = settings.prefix_cross
        self.merged = merged
        self.by_machine = {MACHINES[abi.bits]: abi for abi in self.arch.abis}

    def check(self) -> list[Finding]:
        """Look at all ELF files, and archives of them."""
        paths = {self.merged.path(name): name for name in self.merged.linked}
        files = {paths[file.path]: file for file in read_elf_files(list(paths))}
        host = next(read_elf_files([Path(os.path.realpath(sys.executable))]))
        faults: list[RuckusError] = []
        for name, file in files.items():
            if file.damage:
                faults.append(self.merged.fault(name, f"is damaged: {file.damage}", "it has to be built again"))
            else:
                faults += self._faults_of_hosts(name, file, host) if self._is_hosts(name) else self._faults(name, files)
        members = sum(file.members for file in files.values())
        bits = " and ".join(abi.bits for abi in self.arch.abis)
        detail = f"{len(files)} with {members} members, for {bits} bits and for this machine"
        found = [Finding("ELF files", detail, tuple(faults))]
        narrow = self.by_machine.get(MACHINES["32"])
        if narrow and self.settings.is_final:
            of_32_bits = [name for name, file in files.items() if file.members == 1 and MACHINES["32"] in file.machines]
            found.append(check_time(self.merged, f"{self.tools}/{narrow.libdir}/libc.so.6", of_32_bits))
        return found

    def _is_hosts(self, name: str) -> bool:
        """Whether a file is a program or plugin of the cross toolchain, and not what that links into others."""
        for_target = [f"{self.cross}/{self.arch.target}/{libdir}" for libdir in self.arch.libdirs]
        compilers = f"{self.cross}/lib/gcc"
        linked_in = within(name, compilers) and f"{os.sep}plugin{os.sep}" not in name
        return within(name, self.cross) and not linked_in and not any(within(name, folder) for folder in for_target)

    def _machines(self, name: str) -> set[Machine]:
        """Those that a file may be for: in folders that are searched for libraries and programs, one only."""
        folder = os.path.dirname(name)
        if self.settings.is_final and folder == _GRUB:
            return {MACHINES["32"]}
        for machine, abi in self.by_machine.items():
            of_abi = [f"{self.tools}/{abi.libdir}{below}" for below in ("", "/gconv", "/audit")]
            if folder in (*of_abi, f"{self.cross}/{self.arch.target}/{abi.libdir}"):
                return {machine}
        if folder in (f"{self.tools}/bin", f"{self.tools}/sbin"):
            return {MACHINES[self.arch.main_abi.bits]}
        return set(self.by_machine)

    def _faults(self, name: str, files: Mapping[str, ElfFile]) -> Iterator[RuckusError]:
        file, allowed = files[name], self._machines(name)
        for machine in sorted(file.machines - allowed):
            wanted = " or ".join(map(str, sorted(allowed)))
            flags = " or ".join(f"-m{one.bits}" for one in sorted(allowed))
            yield self.merged.fault(name, f"is for {machine}, and has to be for {wanted}", f"build it with {flags}")
        if len(file.machines) != 1 or file.machine not in self.by_machine:
            return
        abi = self.by_machine[file.machine]
        loader_of_abi = loader(self.settings, abi)
        if file.interpreter not in ("", loader_of_abi):
            what = f"is started by {file.interpreter}, and has to be by {loader_of_abi}"
            compiler = "final" if self.settings.is_final else "cross"
            yield self.merged.fault(name, what, f"link it with the {compiler} compiler")
        directories = file.directories(name)
        prefixes = (self.tools, self.cross) if within(name, self.cross) else (self.tools,)
        for directory in directories:
            if not any(within(directory, prefix) for prefix in prefixes):
                what = f"looks for libraries in {directory}"
                yield self.merged.fault(name, what, "link it without this run path")
        directories.append(f"{self.tools}/{abi.libdir}")
        for library in file.needed:
            ends = [self.merged.follow(f"{directory}/{library}") for directory in directories]
            if not any(end in files and files[end].machines == file.machines for end in ends):
                what = f"needs {library}, and none for {file.machine} is in {', '.join(directories)}"
                yield self.merged.fault(name, what, "build that library for this ABI, or link without it")

    def _faults_of_hosts(self, name: str, file: ElfFile, host: ElfFile) -> Iterator[RuckusError]:
        if file.machines != host.machines:
            what = f"is for {', '.join(map(str, sorted(file.machines)))}, and has to run here: {host.machine}"
            yield self.merged.fault(name, what, "build it with the host's compiler")
        if file.interpreter not in ("", host.interpreter):
            what = f"is started by {file.interpreter}, and has to be by {host.interpreter}"
            yield self.merged.fault(name, what, "link it with the host's compiler")
        for library in file.needed:
            if library not in _C_LIBRARY and not library.startswith(_LOADER):
                what = f"needs {library}, which is not the host's C library"
                yield self.merged.fault(name, what, "link that library into it (static)")
        for directory in file.directories(name):
            if not within(directory, self.cross):
                yield self.merged.fault(name, f"looks for libraries in {directory}", "link it without this run path")
