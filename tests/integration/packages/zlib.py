# SPDX-License-Identifier: GPL-3.0-or-later
"""zlib, as a hostprep library."""

from ruckus_aux.recipes.recipe import Recipe, Script

recipe = Recipe("zlib")


@recipe.step("hostprep", cpu=4, memory=50)
def hostprep(sh: Script) -> None:
    """the library"""
    sh.unpack()
    sh.sh(f"./configure --static --prefix={sh.prefix_hostprep}")
    sh.make()
    sh.make('install DESTDIR="$OUT"')
