# SPDX-License-Identifier: GPL-3.0-or-later
"""zlib: libelf is linked with it."""

from ruckus_aux.recipes.recipe import HOST_CC, Recipe, Script

recipe = Recipe("zlib")


@recipe.step("hostprep", cpu=4, memory=50)
def hostprep(sh: Script) -> None:
    """Zlib for the host, static, to go into shared libraries"""
    sh.unpack()
    sh.sh(f"CC='{HOST_CC}' CFLAGS='-O2 -fPIC' ./configure --static --prefix={sh.prefix_hostprep}")
    sh.make()
    sh.make('install DESTDIR="$OUT"')
