# SPDX-License-Identifier: GPL-3.0-or-later
"""ELF files as readelf(1) describes them: what they are for, and what they need to run."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ruckus_aux.host.commands import run

MAGIC, ARCHIVE = b"\x7fELF", b"!<arch>\n"
_BATCH = 200  # files on one command line
_LINE = re.compile(
    r"^File: (?P<file>.*)$"
    r"|^  Class: +(?:ELF)?(?P<bits>.*)$"
    r"|^  Machine: +(?P<machine>.*)$"
    r"|\[Requesting program interpreter: (?P<interpreter>.*)\]$"
    r"|\(NEEDED\) .*\[(?P<needed>.*)\]$"
    r"|\((?:RPATH|RUNPATH)\) .*\[(?P<path>.*)\]$"
    r"|^ +\d+: (?:\S+ +){5}(?:UND (?P<imported>[^@\s]+)|\d+ (?P<exported>\S+))",
    re.MULTILINE,
)


class Machine(NamedTuple):
    """What runs a file, in readelf's words: such as Intel 80386, and 32."""

    name: str
    bits: str

    def __str__(self) -> str:
        return f"{self.name}, {self.bits} bits"


MACHINES = {
    "32": Machine("Intel 80386", "32"),
    "64": Machine("Advanced Micro Devices X86-64", "64"),
}  # by an ABI's bits


@dataclass
class ElfFile:
    """An ELF file, or an archive of them.

    damage: what readelf complains of; then it knows nothing else.
    machines: the file's, or those of an archive's members.
    members: how many it has.
    interpreter: what starts it; "" when it is no program, or a static one.
    needed: the names of its shared libraries.
    search: its RPATH or RUNPATH, as written.
    imported: functions and variables that it takes from shared libraries.
    exported: those that it has for others, as NAME@@VERSION.
    """

    path: Path
    damage: str = ""
    machines: set[Machine] = field(default_factory=set)
    members: int = 0
    interpreter: str = ""
    needed: list[str] = field(default_factory=list)
    search: list[str] = field(default_factory=list)
    imported: set[str] = field(default_factory=set)
    exported: set[str] = field(default_factory=set)

    @property
    def machine(self) -> Machine:
        """The one that it is for; of an archive, one of them."""
        return next(iter(self.machines))

    def directories(self, name: str) -> list[str]:
        """Where it looks for libraries itself, when it is called by a name: with its own folder for $ORIGIN."""
        folder = os.path.dirname(name)
        written = (re.sub(r"\$(ORIGIN\b|\{ORIGIN\})", lambda _: folder, directory) for directory in self.search)
        return [os.path.normpath(directory) for directory in written]


def is_elf(path: Path) -> bool:
    """Whether a path is an ELF file, and no link to one."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read_elf_files(paths: Sequence[Path], *, symbols: bool = False) -> Iterator[ElfFile]:
    """What readelf says of ELF files, and archives of them; of an empty archive, nothing.

    Args:
        paths: The files.
        symbols: Whether to read what they import and export, too, which takes long for large libraries.
    """
    options = ["--file-header", "--program-headers", "--dynamic", *(["--dyn-syms"] if symbols else [])]
    for start in range(0, len(paths), _BATCH):
        yield from _read(paths[start : start + _BATCH], options)


def _read(paths: Sequence[Path], options: Sequence[str]) -> Iterator[ElfFile]:
    status, output = run(["readelf", "--wide", *options, *paths], env={"LC_ALL": "C"}, check=False)
    complaint = re.search(r"readelf: Error: (.*)", output)  # where a file is cut off, with the exit status 0
    if status == 0 and not complaint:
        yield from _parse(output, {str(path): ElfFile(path) for path in paths})
    elif len(paths) > 1:
        middle = len(paths) // 2
        yield from _read(paths[:middle], options)
        yield from _read(paths[middle:], options)
    else:
        yield ElfFile(paths[0], damage=complaint[1] if complaint else output.strip())


def _parse(output: str, files: dict[str, ElfFile]) -> Iterator[ElfFile]:
    """Fill in files with what readelf said of them."""
    now, bits = next(iter(files.values())), ""  # readelf does not name a single file
    for match in _LINE.finditer(output):
        kind, text = match.lastgroup, match[match.lastgroup or 0]
        if kind == "file":
            now = files.get(text) or files[text.rpartition("(")[0]]
        elif kind == "bits":
            bits = text
            now.members += 1
        elif kind == "machine":
            now.machines.add(Machine(text, bits))
        elif kind == "interpreter":
            now.interpreter = text
        elif kind == "needed":
            now.needed.append(text)
        elif kind == "path":
            now.search += text.split(":")
        elif kind == "imported":
            now.imported.add(text)
        elif kind == "exported":
            now.exported.add(text)
    yield from (file for file in files.values() if file.machines)
