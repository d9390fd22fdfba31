# SPDX-License-Identifier: GPL-3.0-or-later
"""kmod: loads the kernel's modules (CLFS: Kmod)."""

from ruckus_aux.recipes.recipe import Recipe

_LIBRARIES = ("openssl", "xz", "zlib", "zstd")

recipe = Recipe("kmod").meson(
    per_abi=True,
    options=("-Dmanpages=false", *(f"-D{library}=enabled" for library in _LIBRARIES)),
    needs=[f"{library}-{{bits}}" for library in _LIBRARIES],
)
