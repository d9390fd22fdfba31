# SPDX-License-Identifier: GPL-3.0-or-later
"""64-bit time in the 32-bit files of a final system.

A C library of 32 bits has each function that times go through twice: time(), and __time64() for what is compiled for
64-bit time. So what a file calls tells which it was compiled for.
"""

import re
from collections.abc import Collection

from ruckus_aux.host.elf import read_elf_files
from ruckus_aux.recipes.stages import TIME_64
from ruckus_aux.systems.finding import Finding
from ruckus_aux.systems.merged import Merged
from ruckus_aux.words.errors import RuckusError

_FOR_64 = re.compile(r"__\w*64\w*@@GLIBC_2\.(3[4-9]|[4-9]\d)")  # 2.34 was the first that has them
# What has none of its own name, without underscores: where time has 64 bits, timelocal is __mktime64 and ntp_adjtime is
# ___adjtimex64; ftime is for 32 bits only; and the others are what stat and its like called until 2.33.
_FOR_32 = {"timelocal", "ntp_adjtime", "ftime", "xstat", "fxstat", "lxstat", "fxstatat"}


def check_time(merged: Merged, libc: str, names: Collection[str]) -> Finding:
    """Find the files that have 32-bit time.

    Args:
        merged: The system.
        libc: Its C library of 32 bits.
        names: All of its files of 32 bits that are linked.
    """
    subject = "64-bit time"
    if libc not in names:
        return Finding(subject, f"the system has no {libc}", checked=False)
    paths = {merged.path(name): name for name in names}
    files = {paths[file.path]: file for file in read_elf_files(list(paths), symbols=True)}
    for_32 = _for_32_bit_time(files[libc].exported)
    faults: list[RuckusError] = []
    for name, file in files.items():
        called = sorted(file.imported & for_32)
        if called and merged.steps[name] != merged.steps[libc]:  # whose own parts know what they do
            what = f"has 32-bit time: it calls {', '.join(called)}"
            faults.append(merged.fault(name, what, f"compile it with {TIME_64}"))
    return Finding(subject, f"{len(files)} files of 32 bits", tuple(faults))


def _for_32_bit_time(exported: Collection[str]) -> set[str]:
    """Of what a C library has, the functions that have 32-bit time: it also has them, or others, for 64 bits."""
    for_64 = {name for name in exported if _FOR_64.fullmatch(name)}
    names = _FOR_32.union(map(_plain, for_64))
    return {name.partition("@")[0] for name in exported if name not in for_64 and _plain(name) in names}


def _plain(name: str) -> str:
    """What variants of a function have in common: stat, of __stat64_time64@@GLIBC_2.34 and stat64@@GLIBC_2.33."""
    return re.sub(r"^_+|(_time)?64|@.*", "", name)
