# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU MP: arbitrary precision arithmetic, for the cross gcc. Static: the cross tools need no library of ours to run."""

from ruckus_aux.recipes.recipe import Recipe

# With its triplets, gmp does not tune itself to the processor that builds it.
recipe = Recipe("gmp").autotools(
    "hostprep",
    tools=("m4",),
    options=("--disable-shared", "--enable-cxx"),
    # Debian's tarball has no doc/, but configure wants its Makefile.
    before=lambda sh: sh.sh(
        '[ -e doc/Makefile.in ] || { mkdir -p doc; echo "all install check clean:" > doc/Makefile.in; }'
    ),
)
