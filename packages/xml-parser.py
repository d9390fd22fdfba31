# SPDX-License-Identifier: GPL-3.0-or-later
"""XML::Parser: expat for perl (CLFS: XML::Parser)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("xml-parser")


@recipe.step("final")
def final(sh: Script) -> None:
    """XML::Parser, expat for perl"""
    sh.toolchain()
    sh.needs("perl", *(f"{library}-{sh.abi.bits}" for library in ("expat", "libxcrypt")))
    sh.unpack()
    sh.sh("perl Makefile.PL")
    sh.make()
    sh.install()
    sh.sh('find "$OUT" -name .packlist -delete')  # with the path of $OUT
