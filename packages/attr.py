# SPDX-License-Identifier: GPL-3.0-or-later
"""attr: extended attributes of files (CLFS: Attr)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = Recipe("attr").autotools("final", per_abi=True, check=Check())
