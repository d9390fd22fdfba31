# SPDX-License-Identifier: GPL-3.0-or-later
"""The architectures that Ruckus builds: names, triplets, ABIs and directories, and nothing else."""

from dataclasses import dataclass

from ruckus_aux.words.errors import RuckusError


@dataclass(frozen=True)
class Abi:
    """One of an architecture's ABIs, as gcc's -m32 and -m64 name them.

    bits: "32" or "64", as the CLFS book names its packages.
    triplet: what a package that is built for this ABI gets as --host.
    libdir: library directory below a prefix.
    loader: file name of glibc's dynamic linker in libdir.
    """

    bits: str
    triplet: str
    libdir: str
    loader: str

    @property
    def standard_libdir(self) -> str:
        """The folder of the root that programs expect their loader in, by the ABI's own definition (psABI)."""
        return "lib64" if self.bits == "64" else "lib"

    @property
    def flag(self) -> str:
        """The compiler option that selects this ABI."""
        return f"-m{self.bits}"


@dataclass(frozen=True)
class Architecture:
    """One kind of system.

    name: what --with-arch and --arch-list take.
    string: CLFS_ARCH_STRING, the suffix of the default prefixes.
    target: the cross toolchain's triplet.
    abis: every ABI that glibc is built for, the main one last, as in the CLFS book.
    kernel: the kernel's ARCH.
    machine: what `uname -m` prints on the booted system.
    gcc_options: what gcc's configure needs to know about this architecture.
    """

    name: str
    string: str
    target: str
    abis: tuple[Abi, ...]
    kernel: str
    machine: str
    gcc_options: tuple[str, ...]

    @property
    def main_abi(self) -> Abi:
        """The ABI that programs are built for unless they ask for another."""
        return self.abis[-1]

    @property
    def libdirs(self) -> tuple[str, ...]:
        """Library directories below a prefix, the main ABI's first."""
        return tuple(abi.libdir for abi in reversed(self.abis))


_I686 = "i686-ruckus-linux-gnu"
_X86_64 = "x86_64-ruckus-linux-gnu"
# Able to generate code for x86_64, too, because then it is compiled like x86_64's own: see packages/gcc/patches.
_I686_GCC = ("--disable-multilib", "--enable-targets=all", "--with-arch-32=i686")
_M32 = Abi("32", _I686, "lib", "ld-linux.so.2")

ARCHITECTURES: dict[str, Architecture] = {
    arch.name: arch
    for arch in (
        Architecture("i686", "x86", _I686, (_M32,), "i386", "i686", _I686_GCC),
        Architecture(
            "x86_64",
            "x86_64",
            _X86_64,
            (_M32, Abi("64", _X86_64, "lib64", "ld-linux-x86-64.so.2")),
            "x86_64",
            "x86_64",
            ("--enable-multilib", "--with-multilib-list=m32,m64"),
        ),
        Architecture(
            "x86_64-64",
            "x86_64-64",
            _X86_64,
            (Abi("64", _X86_64, "lib", "ld-linux-x86-64.so.2"),),
            "x86_64",
            "x86_64",
            ("--disable-multilib",),
        ),
    )
}


def merged_root(arch: Architecture) -> dict[str, str]:
    """The folders of the final system's root that are links to folders in /usr, with the names of these.

    See LFS: Creating Directories; https://systemd.io/THE_CASE_FOR_THE_USR_MERGE
    """
    libraries = {abi.standard_libdir: abi.libdir for abi in arch.abis}
    return {"bin": "bin", "sbin": "sbin", "lib": "lib", **libraries}


def architecture(name: str, multilib: bool = True) -> Architecture:
    """Look up an architecture.

    Args:
        name: What --with-arch takes.
        multilib: False is configure's --disable-multilib, which makes x86_64 the pure 64-bit x86_64-64.

    Raises:
        RuckusError: There is no such architecture.
    """
    if name == "x86_64" and not multilib:
        name = "x86_64-64"
    if name not in ARCHITECTURES:
        raise RuckusError(f"unknown architecture '{name}'", f"choose one of: {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]
