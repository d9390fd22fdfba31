# SPDX-License-Identifier: GPL-3.0-or-later
"""isl: integer sets, for gcc's loop optimizations (CLFS: ISL); static for the cross gcc, as gmp is."""

from ruckus_aux.recipes.recipe import Recipe

# Its configure compiles for the processor that it runs on, and does not mind CFLAGS.
_PROCESSOR = "--without-gcc-arch"
recipe = (
    Recipe("isl")
    .autotools(
        "hostprep",
        needs=("gmp",),
        options=("--with-gmp-prefix={prefix}", "--disable-shared", _PROCESSOR),
        make=("CFLAGS=-O2",),
        after=lambda sh: sh.sh(f'rm -f "$OUT{sh.prefix}"/lib/*-gdb.py'),
    )
    .autotools(
        "stage1",
        needs=("gmp",),
        options=("--disable-static", _PROCESSOR),
        make=("CFLAGS=-O2",),
        after=lambda sh: sh.sh(f'rm -f "$OUT{sh.libdir}"/*-gdb.py'),
    )
    .autotools(
        "final",
        needs=("adjusting", "gmp-{bits}"),
        options=(_PROCESSOR,),
        make=("CFLAGS=-O2",),
        after=lambda sh: sh.sh(f'rm -f "$OUT{sh.libdir}"/*-gdb.py'),
    )
)
