# SPDX-License-Identifier: GPL-3.0-or-later
"""64-bit time of a system's 32-bit files, which an assembler and a linker have made."""

import subprocess
from pathlib import Path

import pytest
from integration.real import run
from integration.test_check_system import configured
from unit.samples import installed

from ruckus_aux.settings.settings import Settings
from ruckus_aux.systems.abis import Abis
from ruckus_aux.systems.merged import Merged
from ruckus_aux.systems.times import check_time

LIBC = "/usr/lib/libc.so.6"
OWN = "/usr/lib/libresolv.so.2"
# By version, some of what glibc has.
EXPORTED = {
    "GLIBC_2.0": "time getpid __open stat localtime_r timelocal ftime __xstat",
    "GLIBC_2.2": "open64 __open64 pread64 __pread64 ntp_adjtime __xstat64",
    "GLIBC_2.33": "stat64",
    "GLIBC_2.34": "__time64 __stat64_time64 __localtime64_r",
    "GLIBC_2.37": "__ppoll64_chk",
}


def linked(folder: Path, name: str, source: str, *options: str) -> None:
    file, object_file = Path(f"{folder}{name}"), folder.parent / "object"
    file.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["as", "--32", "-o", object_file], input=source, text=True, check=True)
    run("ld", "-m", "elf_i386", "-shared", *options, "-o", file, object_file, cwd=folder)


@pytest.fixture
def system(tmp_path: Path) -> Settings:
    """A final system with nothing but a C library."""
    libc = tmp_path / "libc"
    libc.mkdir()
    versions = "".join(f"{version} {{ {'; '.join(names.split())}; }};\n" for version, names in EXPORTED.items())
    (tmp_path / "versions").write_text(versions)
    names = " ".join(EXPORTED.values()).split()
    source = "".join(f"    .globl {name}\n{name}: ret\n" for name in names)
    linked(libc, LIBC, source, f"--version-script={tmp_path}/versions", "-soname=libc.so.6")
    linked(libc, OWN, "call localtime_r\n", f"{libc}{LIBC}")
    settings = configured(tmp_path).of_final()
    installed(settings, "x86_64/final/glibc-32", libc)
    return settings


def found(settings: Settings, called: str) -> list[str]:
    """What is wrong with a system that has a library, too, which calls functions."""
    folder = settings.clfs.parent / "library"
    folder.mkdir()
    source = "".join(f"call {name}\n" for name in called.split())
    linked(folder, "/usr/lib/libnew.so", source, f"{settings.clfs}{LIBC}")
    installed(settings, "x86_64/final/new", folder)
    merged = Merged(settings)
    merged.check()
    (finding,) = (one for one in Abis(settings, merged).check() if one.subject == "64-bit time")
    assert finding.detail == "3 files of 32 bits"
    assert all("show x86_64/final/new" in fault.hint for fault in finding.faults)
    return [fault.message for fault in finding.faults]


def test_a_library_with_64_bit_time(system: Settings) -> None:
    assert found(system, "__time64 __stat64_time64 __localtime64_r __ppoll64_chk open64 __open pread64 getpid") == []


def test_a_library_with_32_bit_time(system: Settings) -> None:
    (fault,) = found(system, "__time64 time stat64 getpid localtime_r")
    assert fault == f"{system.clfs}/usr/lib/libnew.so has 32-bit time: it calls localtime_r, stat64, time"


def test_functions_that_no_other_of_their_name_replaces(system: Settings) -> None:
    (fault,) = found(system, "timelocal ntp_adjtime ftime __xstat __xstat64 getpid")
    assert fault.endswith(" has 32-bit time: it calls __xstat, __xstat64, ftime, ntp_adjtime, timelocal")


def test_a_system_without_such_a_c_library(system: Settings) -> None:
    finding = check_time(Merged(system), "/usr/lib/libother.so.6", [LIBC])
    assert (finding.result, finding.detail) == ("skipped", "the system has no /usr/lib/libother.so.6")
