# SPDX-License-Identifier: GPL-3.0-or-later
"""Expect (CLFS: Expect): for DejaGNU."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script


def _link(sh: Script) -> None:
    """Its library is where it looks for scripts, and not where the loader looks."""
    name = f"expect{sh.version()}"
    sh.sh(f"""
        ln -s {name}/lib{name}.so "$OUT{sh.libdir}"
        LD_LIBRARY_PATH="$OUT{sh.libdir}" "$OUT{sh.prefix}/bin/expect" -c "spawn true; expect eof"
    """)


recipe = Recipe("expect").autotools(
    "stage2",
    needs=("tcl",),
    options=(
        "--enable-shared",
        "--disable-rpath",
        "--with-tcl={libdir}",
        "--with-tclinclude={prefix}/include",
        "--mandir={prefix}/share/man",
    ),
    # It is older than C99: its configure calls functions that it does not declare.
    env={"CFLAGS": "-O2 -std=gnu89 -fpermissive"},
    make=("SCRIPTS=",),  # examples (CLFS: none), of which BusyBox has one, too: mkpasswd
    after=_link,
)
