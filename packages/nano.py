# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU nano: a small editor."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("nano").autotools(
    "final",
    needs=("ncurses-{bits}", "groff", "pkgconf"),
    options=("--enable-utf8", "--disable-libmagic"),
)
