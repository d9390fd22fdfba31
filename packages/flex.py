# SPDX-License-Identifier: GPL-3.0-or-later
"""flex: the scanner generator that the kernel's configuration and binutils need."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("flex").autotools("hostprep", tools=("m4", "bison"), options=("--disable-nls",))
