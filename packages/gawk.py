# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU awk: glibc does not build with another (CLFS: Gawk)."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script


def _without_manual(sh: Script) -> None:
    """Debian's tarball lacks its manuals' sources, which make wants to be older than what is made of them."""
    sh.sh("""
        for manual in gawk gawkinet gawkworkflow pm-gawk; do
            [ -e doc/$manual.texi ] || touch -t 200001010000 doc/$manual.texi doc/$manual.info
        done
        [ -e doc/gawktexi.in ] || touch -t 200001010000 doc/gawktexi.in doc/sidebar.awk
    """)


def _name_failures(sh: Script) -> None:
    """Let its tests say which of them fail."""
    results = "{ echo PASS: all others; ls _* 2>/dev/null | sed 's/^_/FAIL: /'; } > gawk.sum"
    sh.replace("test/Makefile", "@COUNT=", f"@{results}; COUNT=")


def _check(sh: Script) -> None:
    """What configure would do without in silence; and no empty manuals."""
    sh.sh("""
        grep '^#define HAVE_MPFR 1' config.h
        grep '^#define HAVE_LIBREADLINE 1' config.h
        find "$OUT/usr/share/info" -type f -empty -delete
    """)


recipe = (
    Recipe("gawk")
    .autotools(
        "hostprep",
        "stage1",
        options=("--disable-extensions", "--disable-nls", "--disable-mpfr", "--without-readline"),
        make=("SUBDIRS=support . extras",),  # its manual and tests need more tools
    )
    .autotools(
        "final",
        needs=("readline-{bits}", "ncurses-{bits}"),
        options=("--with-readline", "--with-mpfr"),
        before=_without_manual,
        after=_check,
        check=Check(
            needs=("locales", "base"),  # which has /etc/hosts
            before=_name_failures,
            expected={"timeout": "it wants parts of a second to be that long, which they are not on a busy machine"},
        ),
    )
)
