# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU gettext (CLFS: Gettext): the programs that packages with translations are built with."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("gettext")


@recipe.step("stage2")
def stage2(sh: Script) -> None:
    """msgfmt, msgmerge and xgettext, built by the system itself"""
    sh.unpack()
    sh.configure(
        "--disable-shared",  # libraries that nothing else is linked with
        # Languages and editors that the system does not have:
        "--disable-java",
        "--disable-csharp",
        "--disable-libasprintf",
        "--disable-openmp",
        "--without-emacs",
        "--without-git",
        # Formats of autopoint's archive, which is not installed:
        "--without-bzip2",
        "--without-xz",
    )
    sh.make()
    sh.sh(f"""
        mkdir -p "$OUT{sh.prefix}/bin"
        cp gettext-tools/src/msgfmt gettext-tools/src/msgmerge gettext-tools/src/xgettext "$OUT{sh.prefix}/bin"
    """)


recipe.autotools(
    "final",
    needs=("bison", "ncurses-{bits}"),  # bison says where its own translations are
    options=(
        "--disable-acl",
        "--disable-xattr",
        "--disable-java",
        "--disable-csharp",
        "--disable-openmp",
        "--without-emacs",
        "--without-included-gettext",
        "--with-included-libunistring",
        "--with-included-libxml",
        # Autopoint's archive, whose format is what it will need to unpack it:
        "--without-git",
        "--without-bzip2",
        "--with-xz",
    ),
)
