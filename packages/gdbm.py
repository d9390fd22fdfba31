# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU dbm: a database of keys and values in a file (CLFS: GDBM)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = Recipe("gdbm").autotools(
    "final",
    needs=("readline-{bits}", "ncurses-{bits}"),
    options=("--enable-libgdbm-compat", "--with-readline"),  # with the interfaces of dbm and ndbm
    after=lambda sh: sh.sh("grep '^#define WITH_READLINE 1' autoconf.h"),
    check=Check(),
)
