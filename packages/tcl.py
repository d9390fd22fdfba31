# SPDX-License-Identifier: GPL-3.0-or-later
"""Tcl (CLFS: Tcl): for expect, which runs test suites."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("tcl")


@recipe.step("stage2")
def stage2(sh: Script) -> None:
    """tcl, built by the system itself"""
    sh.unpack()
    sh.patch()
    sh.sh("SRC=$SRC/unix")
    sh.configure("--disable-rpath")
    sh.make("binaries", "libraries")
    # What is built with it finds headers where they are installed, not where it was built.
    sh.sh(f"""
        sed -i "s,$BUILD,{sh.libdir},g; s,${{SRC%/unix}},{sh.prefix}/include,g" tclConfig.sh
    """)
    sh.install("install-binaries", "install-libraries", "install-headers", "install-private-headers")
    sh.sh(f'ln -s tclsh{sh.version().rpartition(".")[0]} "$OUT{sh.prefix}/bin/tclsh"')
