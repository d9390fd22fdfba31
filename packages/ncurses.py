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


_NAMES = "ncurses form panel menu"


def _links(sh: Script) -> None:
    """Bash and others look for -lncurses: the wide-character libraries are the only ones here."""
    sh.sh(f"""
        for name in {_NAMES}; do
            ln -s "lib${{name}}w.so" "$OUT{sh.libdir}/lib$name.so"
        done
        ln -s libncursesw.so "$OUT{sh.libdir}/libcurses.so"
    """)


def _final_links(sh: Script) -> None:
    """The same for pkg-config; and headers that declare wide characters to everybody (LFS)."""
    _links(sh)
    sh.sh(f"""
        for name in {_NAMES}; do
            ln -s "${{name}}w.pc" "$OUT{sh.libdir}/pkgconfig/$name.pc"
        done
    """)
    if sh.abi == sh.arch.main_abi:
        sh.sh('sed -i "s,$SRC/,,g" "$OUT/usr/include/curses.h" "$OUT/usr/share/man/man5/terminfo.5"')  # in comments
        sh.replace("$OUT/usr/include/curses.h", "#if defined(_XOPEN_SOURCE_EXTENDED)", "#if 1")


_OPTIONS = (
    "--with-shared",
    "--without-normal",  # no static libraries
    "--without-debug",
    "--without-ada",
)
_LAYOUT = (
    "--without-tests",
    "--enable-widec",
    "--enable-overwrite",  # headers in include, not in include/ncursesw
    "--disable-stripping",  # with the host's strip
    "--enable-pc-files",
    "--with-pkg-config-libdir={libdir}/pkgconfig",
)

recipe.autotools(
    "stage1",
    per_abi=True,
    needs=("hostprep/ncurses",),
    options=(*_OPTIONS, "--without-cxx", "--without-cxx-binding", "--without-manpages", *_LAYOUT),
    env={"BUILD_CC": HOST_CC},
    after=_links,
).autotools(
    "final",
    per_abi=True,
    options=(
        *_OPTIONS,
        "--with-cxx-shared",
        "--with-manpage-format=normal",  # and not gzipped, where the build system's are
        "--mandir=/usr/share/man",
        *_LAYOUT,
    ),
    cache={"cf_cv_ld_searchpath": "{libdir} /usr/lib"},  # and /usr/local/lib, once that is there
    after=_final_links,
)
