# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU gperf: makes perfect hash functions (CLFS: Gperf)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = Recipe("gperf").autotools("final", check=Check())
