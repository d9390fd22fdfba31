# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU make (CLFS: Make)."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script


def _without_manual(sh: Script) -> None:
    """Debian's tarball has no doc/, but configure wants its Makefile, and make install its man page."""
    sh.sh("""
        [ -e doc/Makefile.in ] || {
            mkdir -p doc
            echo "all install check clean:" > doc/Makefile.in
            touch doc/make.1
        }
    """)


recipe = (
    Recipe("make")
    .autotools("stage1", options=("--without-guile",), before=_without_manual)
    .autotools(
        "final",
        options=("--without-guile",),
        before=_without_manual,
        after=lambda sh: sh.sh('find "$OUT/usr/share/man" -type f -empty -delete'),
        check=Check(expected={"features/output-sync": "a second is not long enough for it on a busy machine"}),
    )
)
