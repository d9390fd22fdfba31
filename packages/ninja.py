# SPDX-License-Identifier: GPL-3.0-or-later
"""Ninja: runs what meson has planned (LFS: Ninja)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("ninja")


@recipe.step("final")
def final(sh: Script) -> None:
    """ninja, which runs what meson has planned"""
    sh.toolchain()
    sh.unpack()
    sh.sh(f"""
        CXX='{sh.compilers["CXX"]}' CFLAGS='{sh.compilers["CXXFLAGS"]}' python3 configure.py --bootstrap
        install -D ninja "$OUT/usr/bin/ninja"
        install -D -m 644 misc/bash-completion "$OUT/usr/share/bash-completion/completions/ninja"
    """)
