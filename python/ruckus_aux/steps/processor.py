# SPDX-License-Identifier: GPL-3.0-or-later
"""Look through a step's log for code that was made for one kind of processor.

A configure script may ask the processor that it runs on what to compile for. Then one key means other bytes on another
host, and programs that die of an illegal instruction on an older one.
"""

import mmap
import re
from pathlib import Path

from ruckus_aux.host import plain

_FLAG = re.compile(rb"\s(-m(?:arch|tune|cpu)=([^\s\"';]+))")
_COMPILER = re.compile(rb"(?:\+ |libtool: compile:\s+)?(?:\S*/)?([\w.-]+-|x)?(?:gcc|g\+\+|cc|c\+\+)\s")
_LONGEST = 1 << 16  # bytes of a line that are looked at for a compiler


def unasked(log: Path, script: str) -> list[str]:
    """The flags that named a processor to the host's compiler, without being named by the script.

    What the compiler of the system that is built is told is that system's business, but for "native".

    Args:
        log: A step's log. It has whole command lines, because of V=1 in the step's environment.
        script: What was run. A flag that is named there, if only in a comment, was asked for.

    Returns:
        The flags, each once.

    Raises:
        OSError: The log can't be read.
    """
    found: dict[bytes, None] = {}
    with plain.opened(log) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        for match in _FLAG.finditer(text):
            flag, processor = match.groups()
            if flag in found or flag.decode(errors="replace") in script:
                continue
            first = max(0, match.start() - _LONGEST)
            start = text.rfind(b"\n", first, match.start()) + 1
            compiler = _COMPILER.match(text, start, match.start() + 1)
            if start >= first and compiler and (not compiler[1] or processor == b"native"):
                found[flag] = None
    return [flag.decode(errors="replace") for flag in found]
