# SPDX-License-Identifier: GPL-3.0-or-later
"""libffi: calls of functions whose types are known only when the program runs (LFS: Libffi)."""

from ruckus_aux.recipes.recipe import DEJAGNU, Check, Recipe

recipe = Recipe("libffi").autotools(
    "final",
    per_abi=True,
    needs=("autoconf", "automake", "libtool"),  # Debian's tarball has no configure
    options=(
        "--disable-builddir",  # of its own below the one that there is
        "--disable-multi-os-directory",  # libraries are in --libdir
        "--disable-docs",
    ),
    before=lambda sh: sh.sh("[ -e configure ] || autoreconf --install"),
    check=Check(make=("check", f"AM_MAKEFLAGS={DEJAGNU}")),  # MAKEOVERRIDES= keeps all others from its tests
)
