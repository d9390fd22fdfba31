# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU m4: the macro processor that bison, flex and autoconf run."""

from ruckus_aux.recipes.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("m4")


@recipe.step("hostprep", cpu=32, memory=80)
def hostprep(sh: Script) -> None:
    """m4, where the host has none"""
    sh.unpack()
    sh.configure(f"--prefix={sh.prefix_hostprep}", f"--build={BUILD_MACHINE}", f"--host={BUILD_MACHINE}")
    sh.make("MAKEINFO=true")
    sh.make('install DESTDIR="$OUT"', "MAKEINFO=true")
