# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Bison: the parser generator that glibc and the kernel's configuration need (CLFS: Bison)."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script


def _manual(sh: Script) -> None:
    """The manual is not in Debian's tarball. It has to be as old as what is made from it, which takes perl."""
    sh.sh("[ -e doc/bison.texi ] || touch -d @$SOURCE_DATE_EPOCH doc/bison.texi")


def _folders(sh: Script) -> None:
    """What examples are compiled into: beside the source, nothing makes them but dependency tracking."""
    sh.sh('(cd "$SRC" && find examples -type d) | xargs mkdir -p')


recipe = (
    Recipe("bison")
    .autotools("hostprep", tools=("m4",), before=lambda sh: sh.sh("[ -e doc/bison.texi ] || touch doc/bison.texi"))
    .autotools("stage2", before=_manual)
    .autotools(
        "final",
        # libtextstyle is gettext's, which needs bison; readline is for an example.
        cache={"ac_cv_libtextstyle": "no", "gl_cv_lib_readline": "no"},
        before=_manual,
        check=Check(before=_folders),
    )
)
