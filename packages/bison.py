# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Bison: the parser generator that glibc and the kernel's configuration need."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("bison").autotools(
    "hostprep",
    tools=("m4",),
    before=lambda sh: sh.sh("[ -e doc/bison.texi ] || touch doc/bison.texi"),  # not in Debian's tarball
)
