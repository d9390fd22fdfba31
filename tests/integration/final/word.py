# SPDX-License-Identifier: GPL-3.0-or-later
"""A library for every ABI; it needs no C library, which this host may have for one only."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import Abi

recipe = Recipe("word")


@recipe.step("final", per_abi=True)
def final(sh: Script, abi: Abi) -> None:
    """A library"""
    sh.needs("libc", "specs")
    sh.write("$HOME/word.c", "int word (void) { return sizeof (long); }")
    sh.sh(f"""
        mkdir -p "$OUT{sh.libdir}" "$OUT/usr/include" "$OUT/usr/bin"
        gcc {abi.flag} -O2 -shared -fPIC -nostdlib -Wl,-soname,libword.so.1 -o "$HOME/word" "$HOME/word.c"
        cp "$HOME/word" "$OUT{sh.libdir}/libword.so.1"
        cp "$HOME/word" "$OUT/usr/bin"
        echo 'int word (void);' > "$OUT/usr/include/word.h"
    """)
    if abi == sh.arch.main_abi:  # as GRUB has it, on systems without an ABI of 32 bits, too
        sh.sh("""
            mkdir -p "$OUT/usr/lib/grub/i386-pc"
            gcc -m32 -O2 -c -o "$OUT/usr/lib/grub/i386-pc/bios.mod" "$HOME/word.c"
        """)
    sh.main_abi_only()
