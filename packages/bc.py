# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU bc: the kernel computes its time constants with it."""

from ruckus_aux.recipes.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("bc")


@recipe.step("hostprep", cpu=5, memory=60)
def hostprep(sh: Script) -> None:
    """bc, where the host has none"""
    sh.tools("bison", "flex")
    sh.unpack()
    sh.configure(f"--prefix={sh.prefix_hostprep}", f"--build={BUILD_MACHINE}", f"--host={BUILD_MACHINE}")
    sh.make("MAKEINFO=true")
    sh.make('install DESTDIR="$OUT"', "MAKEINFO=true")
