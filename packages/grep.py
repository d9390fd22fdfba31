# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU grep (CLFS: Grep)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("grep").autotools("stage1")
