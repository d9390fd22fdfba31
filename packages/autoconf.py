# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Autoconf: makes configure, for sources that come without (CLFS: Autoconf)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = (
    Recipe("autoconf")
    .autotools("hostprep", tools=("m4",))
    # In its source: the frozen files that it installs say where their macros come from.
    .autotools("final", before=Script.in_source)
)
