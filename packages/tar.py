# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU tar (CLFS: Tar)."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script


def _install_manuals(sh: Script) -> None:
    """Debian's tarball has them, but not the makefile that installs them; and what configure would do without."""
    sh.sh("""
        grep '^#define HAVE_POSIX_ACLS' config.h
        grep '^#define HAVE_XATTRS' config.h
        install -D -m 644 "$SRC/doc/tar.1" "$OUT/usr/share/man/man1/tar.1"
        install -D -m 644 "$SRC/doc/rmt.8" "$OUT/usr/share/man/man8/rmt.8"
    """)


recipe = (
    Recipe("tar")
    .autotools("stage1")
    .autotools(
        "final",
        needs=("acl-{bits}", "attr-{bits}"),
        options=("--with-posix-acls", "--with-xattrs", "--without-selinux"),
        env={"RSH": "/usr/bin/ssh"},
        after=_install_manuals,
        check=Check(),
    )
)
