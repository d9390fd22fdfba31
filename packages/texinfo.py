# SPDX-License-Identifier: GPL-3.0-or-later
"""Texinfo (CLFS: Texinfo): makeinfo, for who wants the documentation of what is built next."""

from ruckus_aux.recipes.recipe import Recipe

recipe = (
    Recipe("texinfo")
    .autotools("stage2", needs=("perl",), options=("--disable-perl-xs",))
    .autotools(
        "final",
        needs=("perl", "libxcrypt-{bits}", "ncurses-{bits}"),
        options=("--enable-perl-xs",),
        make=("MAKEINFO=makeinfo",),
        after=lambda sh: sh.sh(f'ls "$OUT{sh.libdir}/texinfo/Parsetexi.so"'),
    )
)
