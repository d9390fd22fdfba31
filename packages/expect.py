# SPDX-License-Identifier: GPL-3.0-or-later
"""Expect (CLFS: Expect): for DejaGNU."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("expect").autotools(
    "stage2",
    needs=("tcl",),
    options=(
        "--enable-shared",
        "--disable-rpath",
        "--with-tcl={libdir}",
        "--with-tclinclude={prefix}/include",
        "--mandir={prefix}/share/man",
    ),
    # It is older than C99: its configure calls functions that it does not declare.
    env={"CFLAGS": "-O2 -std=gnu89 -fpermissive"},
)
