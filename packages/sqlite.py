# SPDX-License-Identifier: GPL-3.0-or-later
"""SQLite (BLFS: SQLite): databases in files, for Python."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("sqlite", source="sqlite3").autotools(
    "final",
    needs=("ncurses-{bits}", "readline-{bits}", "tcl", "zlib-{bits}"),
    options=(
        "--disable-tcl",  # for Tcl's programs
        "--enable-fts4",
        "--enable-fts5",
        "--with-readline-inc=-I/usr/include/readline",
        "--with-readline-lib=-lreadline -lncursesw",
    ),
)
