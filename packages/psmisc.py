# SPDX-License-Identifier: GPL-3.0-or-later
"""PSmisc: killall, fuser, pstree (CLFS: Psmisc)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("psmisc").autotools(
    "final", needs=("ncurses-{bits}",), options=("--disable-selinux", "--disable-apparmor")
)
