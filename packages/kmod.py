# SPDX-License-Identifier: GPL-3.0-or-later
"""kmod: loads the kernel's modules (CLFS: Kmod)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("kmod").meson(
    options=("-Dmanpages=false",), needs=("openssl-{bits}", "xz-{bits}", "zlib-{bits}", "zstd-{bits}")
)
