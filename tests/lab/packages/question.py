# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that is linked with it, for each architecture."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("question")


@recipe.step("stage1")
def stage1(sh: Script) -> None:
    """the program"""
    sh.needs("hostprep/answer")
    prefix = sh.prefix_tools
    sh.sh(f"""
        echo 'int answer(void); int main(void) {{ return answer() != 42; }}' > question.c
        mkdir -p "$OUT{prefix}/bin"
        gcc -O2 question.c -L{sh.prefix_hostprep}/lib -lanswer -o "$OUT{prefix}/bin/question"
    """)
