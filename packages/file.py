# SPDX-License-Identifier: GPL-3.0-or-later
"""file (CLFS: File). A file of the same version compiles its table of magic numbers: one for the host."""

from ruckus_aux.recipes.recipe import Check, Recipe

_WITHOUT = ("--disable-libseccomp", "--disable-bzlib", "--disable-xzlib", "--disable-lzlib", "--disable-zstdlib")

recipe = (
    Recipe("file")
    .autotools("hostprep", options=("--disable-shared", "--disable-zlib", *_WITHOUT))
    .autotools("stage1", needs=("zlib-{bits}", "hostprep/file"), options=("--disable-static", *_WITHOUT))
    .autotools("final", per_abi=True, needs=("zlib-{bits}",), options=("--enable-zlib", *_WITHOUT), check=Check())
)
