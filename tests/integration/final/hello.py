# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs: one that uses the library, one that would if it knew of it, and a script."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("hello")


@recipe.step("final")
def final(sh: Script) -> None:
    """A program that needs the library, and says so"""
    sh.needs("libc", "specs", "greet")
    sh.write("$HOME/hello.c", '#include <greet.h>\nint main (void) { greet ("world"); return 0; }')
    sh.sh("""
        mkdir -p "$OUT/usr/bin" "$OUT/usr/share"
        gcc -g -O2 -o "$OUT/usr/bin/hello" "$HOME/hello.c" -lgreet
        "$OUT/usr/bin/hello" > "$OUT/usr/share/hello"
        ln "$OUT/usr/bin/hello" "$OUT/usr/bin/hi"
        chmod 555 "$OUT/usr/bin/hello"
        for folder in man1 de/man1 pt_BR.UTF-8/man1; do
            mkdir -p "$OUT/usr/share/man/$folder"
            echo .TH hello 1 > "$OUT/usr/share/man/$folder/hello.1"
        done
    """)


@recipe.step("final", name="silent")
def silent(sh: Script) -> None:
    """A program that takes the library where it is there, and doesn't say so"""
    sh.needs("libc", "specs")
    sh.write("$HOME/silent.c", '#include <stdio.h>\nint main (void) { return puts ("Hello") < 0; }')
    sh.sh("""
        mkdir -p "$OUT/usr/bin"
        cd "$HOME"
        gcc -Wl,--no-as-needed -o "$OUT/usr/bin/silent" silent.c -lgreet || gcc -o "$OUT/usr/bin/silent" silent.c
    """)


@recipe.step("final", name="script")
def script(sh: Script) -> None:
    """A script"""
    sh.write("$OUT/usr/bin/script", "#!/bin/sh\necho Hello")
    sh.sh('chmod 755 "$OUT/usr/bin/script"')


@recipe.step("final", name="release")
def release(sh: Script) -> None:
    """What depends on where it is built"""
    sh.sh('mkdir -p "$OUT/usr/share"; uname -r > "$OUT/usr/share/release"')


@recipe.step("final", name="kernel")
def kernel(sh: Script) -> None:
    """What only boots the system"""
    sh.freestanding()
    sh.write("$OUT/boot/kernel", "hello")


@recipe.step("final", name="of-kernel")
def of_kernel(sh: Script) -> None:
    """What is made of it"""
    sh.needs("kernel")
    sh.sh("""
        mkdir -p "$OUT/usr/share"
        cp /boot/kernel "$OUT/usr/share/of-kernel"
    """)
