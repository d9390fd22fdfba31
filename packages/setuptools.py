# SPDX-License-Identifier: GPL-3.0-or-later
"""setuptools: builds Python packages (LFS: Setuptools)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("setuptools").pip(needs=("packaging",))
