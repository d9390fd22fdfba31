# SPDX-License-Identifier: GPL-3.0-or-later
"""kbd (CLFS: Kbd): fonts and keyboards of the console. Debian's tarball has no configure."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script


def _prepare(sh: Script) -> None:
    sh.in_source()
    sh.replace("configure.ac", "x86_64*) RESIZECONS_PROGS=yes", "x86_64*) RESIZECONS_PROGS=no ")  # of svgalib
    sh.replace("configure.ac", "i?86*)   RESIZECONS_PROGS=yes", "i?86*)   RESIZECONS_PROGS=no ")
    sh.sh("[ -e configure ] || autoreconf -fi")


recipe = Recipe("kbd").autotools(
    "final",
    needs=("autoconf", "automake", "libtool", "pkgconf", "gettext", "ncurses-{bits}"),  # the last is for gettext
    options=(
        "--disable-vlock",  # wants PAM
        "--disable-tests",
        "--disable-compress",
    ),
    before=_prepare,
)
