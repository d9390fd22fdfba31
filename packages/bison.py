# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Bison: the parser generator that glibc and the kernel's configuration need."""

from ruckus_aux.recipes.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("bison")


@recipe.step("hostprep", cpu=40, memory=80)
def hostprep(sh: Script) -> None:
    """bison, where the host has none"""
    sh.tools("m4")
    sh.unpack()
    sh.sh("[ -e doc/bison.texi ] || touch doc/bison.texi")  # not in Debian's tarball
    sh.configure(f"--prefix={sh.prefix_hostprep}", f"--build={BUILD_MACHINE}", f"--host={BUILD_MACHINE}")
    sh.make("MAKEINFO=true")
    sh.make('install DESTDIR="$OUT"', "MAKEINFO=true")
