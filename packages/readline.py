# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Readline: editing of command lines (CLFS: Readline)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("readline").autotools(
    "final",
    per_abi=True,
    needs=("ncurses-{bits}",),
    options=("--with-curses",),
    cache={"bash_cv_wcwidth_broken": "no"},  # it finds out with a locale
    make=("SHLIB_LIBS=-lncursesw",),
    # Libraries are found where they are, without a path in them (LFS).
    before=lambda sh: sh.replace("support/shobj-conf", "-Wl,-rpath,$(libdir) ", ""),
)
