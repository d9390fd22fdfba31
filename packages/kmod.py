# SPDX-License-Identifier: GPL-3.0-or-later
"""kmod: loads the kernel's modules (CLFS: Kmod)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("kmod")


@recipe.step("final")
def final(sh: Script) -> None:
    """Programs and a library for the kernel's modules"""
    sh.toolchain()
    sh.needs("meson", "ninja", "pkgconf", "python")
    sh.needs(*(f"{library}-{sh.abi.bits}" for library in ("expat", "openssl", "xz", "zlib", "zstd")))
    sh.unpack()
    sh.sh(f"""
        CC='{sh.compilers["CC"]}' CFLAGS='{sh.compilers["CFLAGS"]}' meson setup "$BUILD" --prefix={sh.prefix} \\
            --libdir={sh.abi.libdir} --sysconfdir=/etc --buildtype=plain -Dmanpages=false
        ninja -C "$BUILD" -j 1
        DESTDIR="$OUT" ninja -C "$BUILD" install
    """)
