# SPDX-License-Identifier: GPL-3.0-or-later
"""A shared library."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("greet")


@recipe.step("final")
def final(sh: Script) -> None:
    """A library"""
    sh.needs("libc", "specs")
    sh.write("$HOME/greet.h", "void greet (const char *whom);")
    sh.write("$HOME/greet.c", '#include <stdio.h>\nvoid greet (const char *whom) { printf ("Hello, %s!\\n", whom); }')
    sh.sh(f"""
        mkdir -p "$OUT{sh.libdir}" "$OUT/usr/include"
        gcc -g -O2 -shared -fPIC -Wl,-soname,libgreet.so.1 -o "$OUT{sh.libdir}/libgreet.so.1" "$HOME/greet.c"
        ln -s libgreet.so.1 "$OUT{sh.libdir}/libgreet.so"
        cp "$HOME/greet.h" "$OUT/usr/include"
    """)
