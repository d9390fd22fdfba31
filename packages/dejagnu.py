# SPDX-License-Identifier: GPL-3.0-or-later
"""DejaGNU (CLFS: DejaGNU): the test suites of gcc and binutils run in it."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("dejagnu").autotools("stage2", needs=("tcl", "expect"))
