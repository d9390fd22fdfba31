# SPDX-License-Identifier: GPL-3.0-or-later
"""isl: integer sets, for the loop optimizations of the cross gcc; static, as gmp is."""

from ruckus_aux.recipes.recipe import Recipe

# Its configure compiles for the processor that it runs on, and does not mind CFLAGS.
recipe = Recipe("isl").autotools(
    "hostprep",
    needs=("gmp",),
    options=("--with-gmp-prefix={prefix}", "--disable-shared", "--without-gcc-arch"),
    make=("CFLAGS=-O2",),
    after=lambda sh: sh.sh(f'rm -f "$OUT{sh.prefix}"/lib/*-gdb.py'),
)
