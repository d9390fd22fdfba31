# SPDX-License-Identifier: GPL-3.0-or-later
"""What a package gets in a stage by default; its recipe says only what differs."""

from dataclasses import dataclass, field

from ruckus_aux.words.architecture import Abi, Architecture
from ruckus_aux.words.stage import Stage

BUILD_MACHINE = "x86_64-cross-linux-gnu"
# The host's compilers, at a language that does not depend on their age: from gcc 15 on, C would be C23, which older
# sources are not written in. It stands before all flags, so a source that wants another standard gets that.
HOST_CC, HOST_CXX = "gcc -std=gnu17", "g++ -std=gnu++17"
WITHOUT_MANUALS = "MAKEINFO=true"  # for make: no stage of today keeps documentation, and hosts may lack makeinfo
_FLAGS = {"CFLAGS": "-O2", "CXXFLAGS": "-O2"}
# Messages in English; what is compiled once needs no list of what to compile again.
_FOR_TARGET = ("--disable-nls", "--disable-dependency-tracking")
# Programs of the cross binutils that configure looks for as $host-NAME, and would then find the host's.
_BINUTILS = ("ar", "nm", "objdump", "ranlib", "strip")


@dataclass(frozen=True)
class Defaults:
    """What a package gets.

    options: of configure. compilers: assignments before configure.
    needs: the steps whose programs, headers and libraries it is built with.
    own_options, own_variables: what else the stage's own packages get, and not one that is only configured as they are.
    """

    options: tuple[str, ...]
    compilers: dict[str, str]
    needs: tuple[str, ...] = ()
    own_options: tuple[str, ...] = ()
    own_variables: dict[str, str] = field(default_factory=dict)


def defaults(stage: Stage, prefix: str, arch: Architecture, abi: Abi, *, cxx: bool) -> Defaults:
    """What a package gets by default.

    Args:
        stage: The stage that it is built in, or as if it were.
        prefix: The stage's.
        arch: Of the system that is being built.
        abi: What it is built for, when it runs on the target.
        cxx: Whether it is C++, when it runs on the target: what is not is built while cross/gcc is.
    """
    target = arch.target
    options: tuple[str, ...] = (f"--prefix={prefix}", f"--build={BUILD_MACHINE}")
    if stage.runs_on == "build machine":
        options += (f"--host={BUILD_MACHINE}",)
        options += (f"--target={target}",) if stage.makes_for_target else ()
        return Defaults(options, {"CC": HOST_CC, "CXX": HOST_CXX, **_FLAGS})
    if not stage.sees_host:
        return Defaults(
            (f"--prefix={prefix}", f"--build={abi.triplet}", f"--libdir={prefix}/{abi.libdir}"),
            {"CC": f"gcc {abi.flag}", "CXX": f"g++ {abi.flag}", **_FLAGS},
            own_options=_FOR_TARGET,
        )
    options += (f"--host={abi.triplet}", f"--libdir={prefix}/{abi.libdir}")
    cc, cxx_command = f"{target}-gcc {abi.flag}", f"{target}-g++ {abi.flag}"
    toolchain = ("cross/binutils", "cross/gcc" if cxx else "cross/gcc-static", "cross/linux-headers")
    under_another_name = {} if abi.triplet == target else {name.upper(): f"{target}-{name}" for name in _BINUTILS}
    return Defaults(
        options,
        {"CC": cc, "CXX": cxx_command if cxx else "false", **_FLAGS},
        # Headers of glibc are the main ABI's.
        (*toolchain, *dict.fromkeys(f"cross/glibc-{each.bits}" for each in (abi, arch.main_abi))),
        _FOR_TARGET,
        # Programs that run while it is built are for the host. pkg-config knows the host's libraries and no others.
        {**under_another_name, "CC_FOR_BUILD": HOST_CC, "PKG_CONFIG": "false"},
    )
