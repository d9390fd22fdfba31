# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU bc: the kernel computes its time constants with it."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("bc").autotools("hostprep", tools=("bison", "flex"))
