# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that needs it."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("two")


@recipe.step("stage1")
def stage1(sh: Script) -> None:
    """a copy of the file"""
    sh.needs("hostprep/one")
    sh.sh(f"""
        mkdir -p "$OUT{sh.prefix_tools}/bin"
        cp {sh.prefix_hostprep}/lib/one "$OUT{sh.prefix_tools}/bin/two"
    """)
