# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Automake: makes Makefile.in, for sources that come without (CLFS: Automake)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = (
    Recipe("automake").autotools("hostprep", needs=("autoconf",), tools=("m4",)).autotools("final", needs=("autoconf",))
)
