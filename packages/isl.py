# SPDX-License-Identifier: GPL-3.0-or-later
"""isl: integer sets, for the loop optimizations of the cross gcc."""

from ruckus_aux.recipes.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("isl")


@recipe.step("hostprep", cpu=46, memory=337)
def hostprep(sh: Script) -> None:
    """Isl for the host, static"""
    sh.needs("hostprep/gmp")
    sh.unpack()
    # isl's configure compiles for the processor that it runs on, and does not mind CFLAGS.
    sh.configure(
        f"--prefix={sh.prefix_hostprep}",
        f"--build={BUILD_MACHINE}",
        f"--host={BUILD_MACHINE}",
        f"--with-gmp-prefix={sh.prefix_hostprep}",
        "--disable-shared",
        "--without-gcc-arch",
    )
    sh.make("CFLAGS=-O2")
    sh.make('install DESTDIR="$OUT"', "CFLAGS=-O2")
    sh.sh(f'rm -f "$OUT{sh.prefix_hostprep}"/lib/*-gdb.py')
