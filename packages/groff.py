# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU troff: formats manual pages (CLFS: Groff)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("groff").autotools(
    "final",
    options=("--without-x", "--without-uchardet"),
    cache={"ac_cv_prog_LPR": "", "ac_cv_prog_LP": ""},  # BusyBox's, which would print
    env={"PAGE": "A4"},
)
