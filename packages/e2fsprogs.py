# SPDX-License-Identifier: GPL-3.0-or-later
"""e2fsprogs (CLFS: E2fsprogs): makes and checks file systems, first of all those of builders."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.recipes.stages import HOST_CC

_WITHOUT = (
    "--disable-fsck",
    "--disable-uuidd",
    "--disable-e2initrd-helper",  # for Debian's initrd
    # For systems with udev, systemd and cron:
    "--with-udev-rules-dir=no",
    "--with-systemd-unit-dir=no",
    "--with-crond-dir=no",
)

recipe = (
    Recipe("e2fsprogs")
    .autotools(
        "stage1",
        # No shared libraries (--enable-elf-shlibs): libuuid and libblkid are util-linux's, which stage2 builds.
        options=_WITHOUT,
        env={"BUILD_CC": HOST_CC},
        # Programs only. blkid, findfs and uuidgen are util-linux's, too, and until then BusyBox's.
        after=lambda sh: sh.sh(f"""
            rm -r "$OUT{sh.libdir}"
            cd "$OUT{sh.prefix}"
            rm -r include share bin/compile_et bin/mk_cmds bin/uuidgen sbin/blkid sbin/findfs
        """),
    )
    .autotools(
        "final",
        needs=("util-linux-{bits}", "acl-{bits}", "attr-{bits}", "file-{bits}", "pkgconf"),
        before=Script.in_source,
        options=(
            *_WITHOUT,
            "--enable-elf-shlibs",
            # util-linux has them:
            "--disable-libblkid",
            "--disable-libuuid",
            "--disable-fuse2fs",
            "--without-libarchive",
        ),
        after=lambda sh: sh.sh(f"""
            grep '^#define HAVE_SYS_ACL_H 1' lib/config.h
            grep '^#define HAVE_MAGIC_H 1' lib/config.h  # mke2fs says what it is about to overwrite
            rm "$OUT{sh.libdir}"/lib*.a
        """),
    )
)
