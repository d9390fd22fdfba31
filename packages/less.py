# SPDX-License-Identifier: GPL-3.0-or-later
"""less: shows a file page by page (CLFS: Less)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("less").autotools("final", needs=("ncurses-{bits}",), options=("--with-regex=posix",))
