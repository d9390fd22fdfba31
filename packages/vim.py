# SPDX-License-Identifier: GPL-3.0-or-later
"""Vim (CLFS: Vim): the editor, on terminals."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script


def _prepare(sh: Script) -> None:
    sh.sh("""
        BUILD=$SRC
        echo '#define SYS_VIMRC_FILE "/etc/vimrc"' >> src/feature.h
    """)
    sh.replace("src/auto/configure", 'MANDEF="man"', 'MANDEF="man -s"')  # man-db's, which comes later


recipe = Recipe("vim").autotools(
    "final",
    needs=("ncurses-{bits}", "acl-{bits}", "attr-{bits}"),
    options=(
        "--with-features=huge",
        "--with-tlib=ncursesw",
        "--with-local-dir=no",
        "--with-compiledby=Ruckus",
        "--enable-acl",
        "--enable-gui=no",
        "--without-x",
        "--disable-canberra",
        "--disable-gpm",
        "--disable-libsodium",
        "--disable-selinux",
    ),
    before=_prepare,
    after=lambda sh: sh.sh("""
        ln -s vim "$OUT/usr/bin/vi"
        rm "$OUT"/usr/share/vim/vim*/tools/vim132  # for csh
        readelf -d "$OUT/usr/bin/vim" | grep -F '[libacl.so'
    """),
)
