# SPDX-License-Identifier: GPL-3.0-or-later
"""The Linux man-pages: of the kernel's and the C library's interfaces (CLFS: Man-pages)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("man-pages")


@recipe.step("final")
def final(sh: Script) -> None:
    """Manual of the kernel's and the C library's interfaces"""
    sh.unpack()
    # Its makefiles do no more, in half a minute. crypt's are libxcrypt's.
    sh.sh("""
        mkdir -p "$OUT/usr/share/man"
        cp -R man/man* "$OUT/usr/share/man"
        rm "$OUT"/usr/share/man/man3/crypt*
    """)
