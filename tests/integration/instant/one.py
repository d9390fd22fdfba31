# SPDX-License-Identifier: GPL-3.0-or-later
"""A library, as far as tests of everything around a build go: made at once, from nothing."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("one")


@recipe.step("hostprep")
def hostprep(sh: Script) -> None:
    """a file"""
    sh.sh(f"""
        mkdir -p "$OUT{sh.prefix_hostprep}/lib"
        head -c 300000 /dev/zero | tr '\\0' x > "$OUT{sh.prefix_hostprep}/lib/one"
    """)
