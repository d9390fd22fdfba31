# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU awk: glibc does not build with another."""

from ruckus_aux.recipes.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("gawk")


@recipe.step("hostprep", cpu=25, memory=80)
def hostprep(sh: Script) -> None:
    """gawk, where the host has none"""
    sh.unpack()
    sh.configure(
        f"--prefix={sh.prefix_hostprep}",
        f"--build={BUILD_MACHINE}",
        f"--host={BUILD_MACHINE}",
        "--disable-extensions",
        "--disable-nls",
        "--disable-mpfr",
        "--without-readline",
    )
    sh.make("SUBDIRS=support . extras")
    sh.make('install DESTDIR="$OUT"', "SUBDIRS=support . extras")
