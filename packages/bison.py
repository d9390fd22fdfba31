# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Bison: the parser generator that glibc and the kernel's configuration need (CLFS: Bison)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script


def _without_manual(sh: Script) -> None:
    sh.sh("[ -e doc/bison.texi ] || touch doc/bison.texi")  # not in Debian's tarball


recipe = (
    Recipe("bison")
    .autotools("hostprep", tools=("m4",), before=_without_manual)
    .autotools("stage2", before=_without_manual)
)
