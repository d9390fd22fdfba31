# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU MP: arbitrary precision arithmetic, for gcc (CLFS: GMP)."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script


def _without_manual(sh: Script) -> None:
    # Debian's tarball has no doc/, but configure wants its Makefile.
    sh.sh('[ -e doc/Makefile.in ] || { mkdir -p doc; echo "all install check clean:" > doc/Makefile.in; }')


# With its triplets, gmp does not tune itself to the processor that builds it.
recipe = (
    Recipe("gmp")
    # Static: the cross tools need no library of ours to run.
    .autotools("hostprep", tools=("m4",), options=("--disable-shared", "--enable-cxx"), before=_without_manual)
    .autotools("stage1", tools=("m4",), options=("--disable-static",), before=_without_manual)
    .autotools(
        "final", needs=("adjusting",), options=("--enable-cxx",), before=_without_manual, check=Check(critical=True)
    )
)
