# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU findutils (CLFS: Findutils)."""

from ruckus_aux.recipes.recipe import DEJAGNU, Check, Recipe

recipe = Recipe("findutils").autotools(
    "stage1",
    "final",
    options=("--localstatedir=/var/lib/locate",),  # where updatedb keeps its database, as the FHS wants it
    check=Check(make=("check", DEJAGNU)),
)
