# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU binutils (CLFS: Cross Binutils, Binutils)."""

from ruckus_aux.recipes.recipe import DEJAGNU, Check, Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("binutils")

_OPTIONS = (
    "--enable-64-bit-bfd",  # also i686's tools read 64-bit files, so that all targets compile nearly the same
    "--enable-deterministic-archives",  # ar and ranlib write no times and owners
    "--disable-nls",  # messages in English
    "--disable-werror",  # warnings of newer compilers are no errors
    "--disable-gprofng",
    # In the same source tree, when it is not a release's:
    "--disable-gdb",
    "--disable-gdbserver",
    "--disable-sim",
    # Whatever of this the host has, the tools are to be the same:
    "--without-zstd",
    "--without-debuginfod",
    "--without-msgpack",
)
_WITHOUT = ("gas/testsuite", "ld/testsuite")  # of the source: half of it


def _search(sh: Script) -> str:
    """Where ld looks for libraries: nowhere but in PREFIX_TOOLS."""
    return "--with-lib-path=" + ":".join(f"{sh.prefix_tools}/{libdir}" for libdir in sh.arch.libdirs)


@recipe.step("cross")
def cross(sh: Script) -> None:
    """Assembler and linker for the target"""
    sh.tools("m4", "bison", "flex")
    sh.share_objects("")
    sh.shared_source(without=_WITHOUT)
    sh.layout_only("--with-lib-path=")  # a freestanding program has no libraries
    # $CLFS's own path must not be in the tools, and PREFIX_TOOLS is below / in the sandbox as well as behind the
    # classic symbolic links.
    sh.configure("--with-sysroot=/", _search(sh), *_OPTIONS)
    sh.make()
    sh.install()


@recipe.step("stage1")
def native(sh: Script) -> None:
    """Assembler and linker of the temporary system"""
    sh.tools("m4", "bison", "flex")
    sh.needs(f"zlib-{sh.abi.bits}")
    sh.shared_source(without=_WITHOUT)
    sh.configure(
        f"--target={sh.target}",  # as --host: otherwise configure takes the host's tools for the target's
        "--enable-shared",  # libbfd, which most of its programs are linked with
        "--disable-static",
        "--with-system-zlib",
        _search(sh),
        *_OPTIONS,
    )
    sh.make()
    sh.install()
    sh.without_manuals()


def _build(sh: Script, without: tuple[str, ...] = ()) -> None:
    sh.needs(f"zlib-{sh.abi.bits}")
    sh.unpack(without=without)
    sh.configure(
        f"--target={sh.target}",
        "--enable-shared",
        "--enable-plugins",  # for link-time optimization
        "--enable-new-dtags",  # RUNPATH, not RPATH
        "--enable-default-hash-style=gnu",
        "--with-system-zlib",
        "--with-lib-path=" + ":".join(f"/usr/local/{libdir}:/usr/{libdir}" for libdir in sh.arch.libdirs),
        *(option for option in _OPTIONS if option != "--disable-nls"),
    )
    sh.make("tooldir=/usr", "LEXLIB=")  # its scanners need nothing of libfl, which ar would be linked with


@recipe.step("final")
def final(sh: Script) -> None:
    """Assembler and linker of the final system"""
    sh.needs("adjusting")
    sh.layout_only("--libdir=", "--with-lib-path=")
    _build(sh, _WITHOUT)
    sh.install("tooldir=/usr")


@recipe.check("final", Check(critical=True, make=("check", "tooldir=/usr", DEJAGNU)))
def check(sh: Script) -> None:
    """Its source whole, compiled by the final compiler, whose libraries the new linker finds"""
    _build(sh)
    sh.sh("unset SOURCE_DATE_EPOCH")  # of which ar would take all files to be
