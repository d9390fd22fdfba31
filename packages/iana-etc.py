# SPDX-License-Identifier: GPL-3.0-or-later
"""IANA's tables of services and protocols (CLFS: Iana-Etc), which Debian's netbase has."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("iana-etc", source="netbase")


@recipe.step("final")
def final(sh: Script) -> None:
    """/etc/services and /etc/protocols"""
    sh.unpack()
    sh.sh("""
        mkdir "$OUT/etc"
        cp etc/protocols etc/services "$OUT/etc"
    """)
