# SPDX-License-Identifier: GPL-3.0-or-later
"""packaging: versions and names of Python packages (LFS: Packaging)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("packaging").pip(needs=("flit-core",))
