# SPDX-License-Identifier: GPL-3.0-or-later
"""minigzip, a program in zlib's source that needs the library."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("minigzip", source="zlib")


@recipe.step("stage1")
def stage1(sh: Script) -> None:
    """the program"""
    sh.needs("hostprep/zlib")
    sh.unpack()
    sh.sh(f"""
        mkdir -p "$OUT{sh.prefix_tools}/bin"
        cat > Makefile <<'END'
        minigzip: test/minigzip.c
        \tgcc -O2 -I{sh.prefix_hostprep}/include -c $<
        \tgcc minigzip.o -L{sh.prefix_hostprep}/lib -lz -o $@
        END
    """)
    sh.make("minigzip")
    sh.sh(f'cp minigzip "$OUT{sh.prefix_tools}/bin"')
