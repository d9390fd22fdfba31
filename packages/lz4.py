# SPDX-License-Identifier: GPL-3.0-or-later
"""LZ4: fast compression."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import Abi

recipe = Recipe("lz4")


@recipe.step("final", per_abi=True)
def final(sh: Script, _: Abi) -> None:
    """lz4 and its library"""
    sh.toolchain()
    sh.unpack()
    compiler = f"CC={sh.compilers['CC']} {sh.compilers['CFLAGS']}"  # with -O3 of its own
    words = (compiler, f"PREFIX={sh.prefix}", f"libdir={sh.libdir}", "BUILD_STATIC=no")
    sh.make(*words)
    sh.install(*words)
    sh.main_abi_only()
