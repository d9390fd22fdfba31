# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU coreutils (CLFS: Coreutils)."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script

_OPTIONS = ("--enable-no-install-program=kill,uptime",)  # BusyBox has them, and in the final system other packages


def _finish(sh: Script) -> None:
    """What configure would do without in silence; and chroot, which is root's (FHS)."""
    sh.sh("""
        for macro in USE_ACL USE_XATTR HAVE_CAP HAVE_LIBGMP; do
            grep "^#define $macro 1" lib/config.h
        done
        mkdir -p "$OUT/usr/sbin" "$OUT/usr/share/man/man8"
        mv "$OUT/usr/bin/chroot" "$OUT/usr/sbin"
        mv "$OUT/usr/share/man/man1/chroot.1" "$OUT/usr/share/man/man8/chroot.8"
        sed -i '/^.TH/s/"1"/"8"/' "$OUT/usr/share/man/man8/chroot.8"
    """)


recipe = (
    Recipe("coreutils")
    .autotools("stage1", options=_OPTIONS)
    .autotools(
        "final",
        needs=("acl-{bits}", "attr-{bits}", "libcap-{bits}"),
        options=(*_OPTIONS, "--with-libgmp", "--without-openssl", "--without-selinux"),
        after=_finish,
        check=Check(critical=True, needs=("locales",)),
    )
)
