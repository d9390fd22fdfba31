# SPDX-License-Identifier: GPL-3.0-or-later
"""ncurses (CLFS: Ncurses). tic of the same version compiles its database of terminals: one for the host."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.recipes.stages import HOST_CC

recipe = Recipe("ncurses")


@recipe.step("hostprep")
def hostprep(sh: Script) -> None:
    """tic, for the host"""
    sh.needs("file")  # configure asks it how programs are linked
    sh.unpack()
    sh.configure("--without-shared", "--without-debug", "--without-cxx", "--without-cxx-binding", "--without-ada")
    sh.make(directory="include")
    sh.make("tic", directory="progs")
    sh.sh(f"""
        mkdir -p "$OUT{sh.prefix}/bin"
        cp progs/tic "$OUT{sh.prefix}/bin"
    """)


def _links(sh: Script) -> None:
    """Bash and others look for -lncurses: the wide-character libraries are the only ones here."""
    sh.sh(f"""
        for name in ncurses form panel menu; do
            ln -s "lib${{name}}w.so" "$OUT{sh.libdir}/lib$name.so"
        done
        ln -s libncursesw.so "$OUT{sh.libdir}/libcurses.so"
    """)


recipe.autotools(
    "stage1",
    per_abi=True,
    needs=("hostprep/ncurses",),
    options=(
        "--with-shared",
        "--without-normal",  # no static libraries
        "--without-debug",
        "--without-ada",
        "--without-cxx",
        "--without-cxx-binding",
        "--without-manpages",
        "--without-tests",
        "--enable-widec",
        "--enable-overwrite",  # headers in include, not in include/ncursesw
        "--disable-stripping",  # with the host's strip
        "--enable-pc-files",
        "--with-pkg-config-libdir={libdir}/pkgconfig",
    ),
    env={"BUILD_CC": HOST_CC},
    after=_links,
)
