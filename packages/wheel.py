# SPDX-License-Identifier: GPL-3.0-or-later
"""wheel: the format that Python packages are built in (LFS: Wheel)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("wheel").pip(needs=("flit-core", "packaging"))
