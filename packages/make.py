# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU make (CLFS: Make)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("make").autotools(
    "stage1",
    options=("--without-guile",),
    # Debian's tarball has no doc/, but configure wants its Makefile.
    before=lambda sh: sh.sh(
        '[ -e doc/Makefile.in ] || { mkdir -p doc; echo "all install check clean:" > doc/Makefile.in; }'
    ),
)
