# SPDX-License-Identifier: GPL-3.0-or-later
"""libpipeline: runs pipelines of programs, for man-db (CLFS: Libpipeline)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = Recipe("libpipeline").autotools("final", check=Check())
