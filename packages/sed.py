# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU sed (CLFS: Sed)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("sed").autotools("stage1")
