# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU coreutils (CLFS: Coreutils)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("coreutils").autotools(
    "stage1",
    options=("--enable-no-install-program=kill,uptime",),  # BusyBox has them, and in the final system other packages
)
