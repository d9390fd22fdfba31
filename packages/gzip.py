# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU gzip (CLFS: Gzip)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = Recipe("gzip").autotools("stage1", "final", check=Check())
