# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU binutils (CLFS: Cross Binutils)."""

from ruckus_aux.recipes.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("binutils")


@recipe.step("cross", cpu=117, shared_cpu=64, memory=147, disk=120, installed=49)
def cross(sh: Script) -> None:
    """Assembler and linker for the target"""
    sh.tools("m4", "bison", "flex")
    sh.share_objects("")
    sh.shared_source(disk=390)
    search = ":".join(f"{sh.prefix_tools}/{libdir}" for libdir in sh.arch.libdirs)
    # The sysroot is /: $CLFS's own path must not be in the tools, and PREFIX_TOOLS is below / in the sandbox
    # as well as behind the classic symbolic links.
    sh.configure(
        f"--prefix={sh.prefix_cross}",
        f"--build={BUILD_MACHINE}",
        f"--host={BUILD_MACHINE}",
        f"--target={sh.target}",
        "--with-sysroot=/",
        f"--with-lib-path={search}",
        "--enable-64-bit-bfd",
        "--enable-deterministic-archives",
        "--disable-nls",
        "--disable-werror",
        "--disable-gprofng",
        "--disable-gdb",
        "--disable-gdbserver",
        "--disable-sim",
        "--without-zstd",
        "--without-debuginfod",
        "--without-msgpack",
    )
    sh.make("MAKEINFO=true")
    sh.make('install MAKEINFO=true DESTDIR="$OUT"')
