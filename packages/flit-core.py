# SPDX-License-Identifier: GPL-3.0-or-later
"""flit-core: builds Python packages that have no compiled parts (LFS: Flit-Core)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("flit-core").pip(before=lambda sh: sh.sh("cd flit_core"))
