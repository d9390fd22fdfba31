# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU m4: the macro processor that bison, flex and autoconf run (CLFS: M4)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = Recipe("m4").autotools("hostprep", "stage1", "final", check=Check())
