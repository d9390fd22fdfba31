# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

from pytest_subprocess import FakeProcess

from ruckus_aux.host.elf import MACHINES, read_elf_files

ONE = """\
  Class:                             ELF64
  Machine:                           Advanced Micro Devices X86-64
      [Requesting program interpreter: /tools/lib64/ld-linux-x86-64.so.2]
 0x0000000000000001 (NEEDED)             Shared library: [libz.so.1]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
 0x000000000000001d (RUNPATH)            Library runpath: [/hostprep/lib:$ORIGIN/../lib:]
"""
ARCHIVE = """
File: /x/libold(1).a(old.o)
  Class:                             ELF32
  Machine:                           Intel 80386

File: /x/libold(1).a(new.o)
  Class:                             ELF64
  Machine:                           Advanced Micro Devices X86-64
"""


def test_a_single_file_is_not_named(fp: FakeProcess) -> None:
    fp.register(["readelf", fp.any()], stdout=ONE)
    (file,) = read_elf_files([Path("/x/one")])
    assert (file.machines, file.members) == ({MACHINES["64"]}, 1)
    assert file.interpreter == "/tools/lib64/ld-linux-x86-64.so.2"
    assert file.needed == ["libz.so.1", "libc.so.6"]
    assert file.directories("/tools/bin/one") == ["/hostprep/lib", "/tools/lib", "."]


def test_the_members_of_an_archive_are_its(fp: FakeProcess) -> None:
    fp.register(["readelf", fp.any()], stdout=f"\nFile: /x/one\n{ONE}{ARCHIVE}")
    one, archive = read_elf_files([Path("/x/one"), Path("/x/libold(1).a")])
    assert one.needed == ["libz.so.1", "libc.so.6"]
    assert (archive.machines, archive.members, archive.needed) == (set(MACHINES.values()), 2, [])


SYMBOLS = """
Symbol table '.dynsym' contains 4 entries:
   Num:    Value  Size Type    Bind   Vis      Ndx Name
     0: 00000000     0 NOTYPE  LOCAL  DEFAULT  UND 
     1: 00000000     0 FUNC    GLOBAL DEFAULT  UND time@GLIBC_2.0 (2)
     2: 00000000     0 NOTYPE  WEAK   DEFAULT  UND __gmon_start__
    10: 000f3a10    28 FUNC    GLOBAL DEFAULT   15 __time64@@GLIBC_2.34
"""  # noqa: W291


def test_what_a_file_imports_and_exports(fp: FakeProcess) -> None:
    command = fp.register(["readelf", fp.any()], stdout=f"{ONE}{SYMBOLS}")
    (file,) = read_elf_files([Path("/x/one")], symbols=True)
    assert "--dyn-syms" in command.calls[0].args
    assert (file.imported, file.exported) == ({"time", "__gmon_start__"}, {"__time64@@GLIBC_2.34"})
