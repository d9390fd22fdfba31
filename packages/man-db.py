# SPDX-License-Identifier: GPL-3.0-or-later
"""man-db: man, and its database of manuals (CLFS: Man)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("man-db").autotools(
    "final",
    needs=("libpipeline", "gdbm-{bits}", "zlib-{bits}", "zstd-{bits}", "groff", "less", "pkgconf"),
    before=Script.in_source,
    options=(
        "--disable-setuid",
        "--disable-cache-owner",  # root makes it, and no user adds to it
        "--disable-manual",  # its own, in several formats
        "--with-db=gdbm",
        "--with-pager=less",
        "--with-systemdtmpfilesdir=no",
        "--with-systemdsystemunitdir=no",
        "--without-libseccomp",
    ),
)
