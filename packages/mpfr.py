# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU MPFR: floating point with correct rounding, for gcc (CLFS: MPFR); static for the cross gcc, as gmp is."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = (
    Recipe("mpfr")
    .autotools("hostprep", needs=("gmp",), options=("--with-gmp={prefix}", "--disable-shared"))
    .autotools("stage1", needs=("gmp",), options=("--disable-static",))
    .autotools(
        "final",
        needs=("adjusting", "gmp-{bits}"),
        options=("--disable-decimal-float",),  # which the temporary compiler does not have
        check=Check(critical=True),
    )
)
