# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU MPFR: floating point with correct rounding, for the cross gcc; static, as gmp is."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("mpfr").autotools("hostprep", needs=("gmp",), options=("--with-gmp={prefix}", "--disable-shared"))
