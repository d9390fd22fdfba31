# SPDX-License-Identifier: GPL-3.0-or-later
"""A library of one line, as hostprep's part."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("answer")


@recipe.step("hostprep")
def hostprep(sh: Script) -> None:
    """the library"""
    prefix = sh.prefix_hostprep
    sh.sh(f"""
        echo 'int answer(void) {{ return 42; }}' > answer.c
        gcc -O2 -c answer.c
        mkdir -p "$OUT{prefix}/lib"
        ar rcD "$OUT{prefix}/lib/libanswer.a" answer.o
    """)
