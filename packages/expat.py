# SPDX-License-Identifier: GPL-3.0-or-later
"""Expat: an XML parser (CLFS: Expat)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = Recipe("expat").autotools(
    "final",
    per_abi=True,
    needs=("autoconf", "automake", "libtool"),  # the source is a tag's, without configure
    options=("--without-docbook", "--without-examples", "--without-tests"),
    before=lambda sh: sh.sh('SRC=$SRC/expat\ncd "$SRC"\nautoreconf --install'),
    check=Check(critical=True, options=("--with-tests",)),
)
