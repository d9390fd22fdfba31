# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU diffutils (CLFS: Diffutils)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = Recipe("diffutils").autotools("stage1", "final", check=Check())
