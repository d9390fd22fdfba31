# SPDX-License-Identifier: GPL-3.0-or-later
"""PSmisc: killall, fuser, pstree (CLFS: Psmisc)."""

from ruckus_aux.recipes.recipe import DEJAGNU, Check, Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("psmisc").autotools(
    "final",
    needs=("ncurses-{bits}",),
    options=("--disable-selinux", "--disable-apparmor"),
    before=Script.in_source,  # it looks for its translated manuals from there
    check=Check(make=("check", DEJAGNU)),
)
