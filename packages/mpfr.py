# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU MPFR: floating point with correct rounding, for the cross gcc."""

from ruckus_aux.recipes.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("mpfr")


@recipe.step("hostprep", cpu=32, memory=80)
def hostprep(sh: Script) -> None:
    """Mpfr for the host, static"""
    sh.needs("hostprep/gmp")
    sh.unpack()
    sh.configure(
        f"--prefix={sh.prefix_hostprep}",
        f"--build={BUILD_MACHINE}",
        f"--host={BUILD_MACHINE}",
        f"--with-gmp={sh.prefix_hostprep}",
        "--disable-shared",
    )
    sh.make()
    sh.make('install DESTDIR="$OUT"')
