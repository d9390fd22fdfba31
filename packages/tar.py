# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU tar (CLFS: Tar)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("tar").autotools("stage1")
