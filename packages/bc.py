# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU bc: the kernel computes its time constants with it (CLFS: BC)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script


def _without_ed(sh: Script) -> None:
    """What makes a C array of the code of its mathematical library wants ed, which is not in the system."""
    sh.write(
        "bc/fix-libmath_h",
        r"""
#!/bin/sh
sed -e '1s/^/{"/' -e '2,$s/^/"/' -e 's/$/",/' -e '$d' libmath.h | sed '$s/,$/,0}/' > libmath.new
mv libmath.new libmath.h
""",
    )


recipe = (
    Recipe("bc")
    .autotools("hostprep", tools=("bison", "flex"))
    .autotools(
        "final",
        needs=("readline-{bits}", "ncurses-{bits}"),
        options=("--with-readline",),
        env={"LEXLIB": ""},  # flex's, where there is one
        make=("MAKEINFO=makeinfo",),  # it throws away the manuals that it comes with
        before=_without_ed,
        after=lambda sh: sh.sh("grep '^#define READLINE 1' config.h"),
    )
)
