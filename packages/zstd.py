# SPDX-License-Identifier: GPL-3.0-or-later
"""Zstandard: compression."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import Abi

recipe = Recipe("zstd")


@recipe.step("final", per_abi=True)
def final(sh: Script, abi: Abi) -> None:
    """zstd, which also reads and writes what gzip, xz and lz4 do, and its library"""
    sh.toolchain()
    sh.unpack()
    words = [
        f"CC={sh.compilers['CC']} {sh.compilers['CFLAGS']} -ffile-prefix-map=$SRC=.",  # with -O3 of its own
        f"PREFIX={sh.prefix}",
        f"LIBDIR={sh.libdir}",
    ]
    folder = "lib"
    if abi == sh.arch.main_abi:
        sh.needs(*(f"{package}-{abi.bits}" for package in ("zlib", "xz", "lz4")))
        words += ["HAVE_ZLIB=1", "HAVE_LZMA=1", "HAVE_LZ4=1"]
        folder = ""
    sh.make(*words, directory=folder)
    sh.install(*words, directory=folder)
    sh.sh(f'rm "$OUT{sh.libdir}/libzstd.a"')
    sh.main_abi_only()
