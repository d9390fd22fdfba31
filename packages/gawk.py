# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU awk: glibc does not build with another (CLFS: Gawk)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("gawk").autotools(
    "hostprep",
    "stage1",
    options=("--disable-extensions", "--disable-nls", "--disable-mpfr", "--without-readline"),
    make=("SUBDIRS=support . extras",),  # its manual and tests need more tools
)
