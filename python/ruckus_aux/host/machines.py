# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose programs this processor and this kernel run, tried with the smallest program that there is: elf(5)."""

import errno
import os
import struct
from functools import cache

from ruckus_aux.host.commands import run

# By what `uname -m` calls them: class and number of the machine in ELF files, and the instructions that end a process.
_MACHINES = {
    "x86_64": ("64", 62, "b83c000000 31ff 0f05"),  # mov $60, %eax; xor %edi, %edi; syscall
    "i686": ("32", 3, "b801000000 31db cd80"),  # mov $1, %eax; xor %ebx, %ebx; int $0x80
}
_HEADERS = {"64": ("<16sHHIQQQIHHHHHH", "<IIQQQQQQ"), "32": ("<16sHHIIIIIHHHHHH", "<IIIIIIII")}
_ADDRESS = 0x400000


def _program(machine: str) -> bytes:
    """A program that does nothing."""
    width, number, instructions = _MACHINES[machine]
    file, segment = _HEADERS[width]
    code, start = bytes.fromhex(instructions), struct.calcsize(file) + struct.calcsize(segment)
    magic = bytes((0x7F, *b"ELF", 2 if width == "64" else 1, 1, 1))
    sizes = struct.calcsize(file), struct.calcsize(segment), 1, 0, 0, 0
    header = struct.pack(file, magic, 2, number, 1, _ADDRESS + start, struct.calcsize(file), 0, 0, *sizes)
    length, flags = start + len(code), 5  # read, execute
    words = (_ADDRESS, _ADDRESS, length, length)
    loaded = (1, flags, 0, *words, 0x1000) if width == "64" else (1, 0, *words, flags, 0x1000)
    return header + struct.pack(segment, *loaded) + code


@cache
def runs_programs_of(machine: str) -> bool:
    """Whether a machine's programs run here; they do, unless the kernel says that it knows no such programs."""
    with open(os.memfd_create("program"), "wb") as written:
        written.write(_program(machine))
        written.flush()
        file = os.open(f"/proc/self/fd/{written.fileno()}", os.O_RDONLY)
    try:  # nobody may have it open for writing now
        run([f"/proc/self/fd/{file}"], descriptors=(file,), check=False)
    except OSError as error:
        return error.errno != errno.ENOEXEC
    finally:
        os.close(file)
    return True
