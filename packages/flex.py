# SPDX-License-Identifier: GPL-3.0-or-later
"""flex: the scanner generator that the kernel's configuration and binutils need."""

from ruckus_aux.recipes.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("flex")


@recipe.step("hostprep", cpu=20, memory=80)
def hostprep(sh: Script) -> None:
    """flex, where the host has none"""
    sh.tools("m4", "bison")
    sh.unpack()
    sh.configure(
        f"--prefix={sh.prefix_hostprep}", f"--build={BUILD_MACHINE}", f"--host={BUILD_MACHINE}", "--disable-nls"
    )
    sh.make("MAKEINFO=true")
    sh.make('install DESTDIR="$OUT"', "MAKEINFO=true")
