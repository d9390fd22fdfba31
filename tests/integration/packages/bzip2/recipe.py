# SPDX-License-Identifier: GPL-3.0-or-later
"""bzip2, with a patch that is written against the CLFS book's prefixes."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("bzip2")


@recipe.step("cross")
def cross(sh: Script) -> None:
    """the program and its library"""
    sh.unpack()
    sh.patch()
    sh.make("bzip2", "bzip2recover", "libbz2.a")
    sh.make("install", f"PREFIX=$OUT{sh.prefix}")
    # Its links hold the whole of PREFIX.
    sh.sh(f'find "$OUT{sh.prefix}/bin" -type l -exec rm {{}} +')
