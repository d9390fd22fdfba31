# SPDX-License-Identifier: GPL-3.0-or-later
"""What a package gets in a stage by default; its recipe says only what differs."""

from dataclasses import dataclass

from ruckus_aux.words.architecture import Abi, Architecture
from ruckus_aux.words.stage import Stage

BUILD_MACHINE = "x86_64-cross-linux-gnu"
# The host's compilers, at a language that does not depend on their age: from gcc 15 on, C would be C23, which older
# sources are not written in. It stands before all flags, so a source that wants another standard gets that.
HOST_CC, HOST_CXX = "gcc -std=gnu17", "g++ -std=gnu++17"
WITHOUT_MANUALS = "MAKEINFO=true"  # for make: no stage of today keeps documentation, and hosts may lack makeinfo
_FLAGS = {"CFLAGS": "-O2", "CXXFLAGS": "-O2"}


@dataclass(frozen=True)
class Defaults:
    """What a package gets.

    options: of configure. compilers: assignments before configure.
    needs: the steps whose programs, headers and libraries it is built with.
    """

    options: tuple[str, ...]
    compilers: dict[str, str]
    needs: tuple[str, ...] = ()


def defaults(stage: Stage, prefix: str, arch: Architecture, abi: Abi) -> Defaults:
    """What a package gets by default.

    Args:
        stage: The stage that it is built in, or as if it were.
        prefix: The stage's.
        arch: Of the system that is being built.
        abi: What it is built for, when it runs on the target.
    """
    target = arch.target
    options: tuple[str, ...] = (f"--prefix={prefix}", f"--build={BUILD_MACHINE}")
    if stage.runs_on == "build machine":
        options += (f"--host={BUILD_MACHINE}",)
        options += (f"--target={target}",) if stage.makes_for_target else ()
        return Defaults(options, {"CC": HOST_CC, "CXX": HOST_CXX, **_FLAGS})
    options += (f"--host={abi.triplet}", f"--libdir={prefix}/{abi.libdir}")
    compilers = {"CC": f"{target}-gcc {abi.flag}", "CXX": f"{target}-g++ {abi.flag}", **_FLAGS}
    toolchain = ("cross/binutils", "cross/gcc", "cross/linux-headers", f"cross/glibc-{abi.bits}")
    return Defaults(options, compilers, toolchain)
