# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU dbm: a database of keys and values in a file (CLFS: GDBM)."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script


def _with_readline(sh: Script) -> None:
    if sh.abi == sh.arch.main_abi:  # only its program is linked with that
        sh.sh("grep '^#define WITH_READLINE 1' autoconf.h")


recipe = Recipe("gdbm").autotools(
    "final",
    per_abi=True,
    needs=("readline-{bits}", "ncurses-{bits}"),
    options=("--enable-libgdbm-compat", "--with-readline"),  # with the interfaces of dbm and ndbm
    after=_with_readline,
    check=Check(),
)
