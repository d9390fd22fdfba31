# SPDX-License-Identifier: GPL-3.0-or-later
"""zlib, as a hostprep library."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("zlib")


@recipe.step("hostprep")
def hostprep(sh: Script) -> None:
    """the library"""
    sh.unpack()
    sh.configure("--static", f"--prefix={sh.prefix}", defaults=False)
    sh.make()
    sh.install()
