# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU MPC: complex numbers with correct rounding, for gcc (CLFS: MPC); static for the cross gcc, as gmp is."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = (
    Recipe("mpc")
    .autotools(
        "hostprep",
        needs=("gmp", "mpfr"),
        options=("--with-gmp={prefix}", "--with-mpfr={prefix}", "--disable-shared"),
    )
    .autotools("stage1", needs=("gmp", "mpfr"), options=("--disable-static",))
    .autotools("final", needs=("adjusting", "gmp-{bits}", "mpfr"), check=Check(critical=True))
)
