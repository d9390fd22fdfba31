# SPDX-License-Identifier: GPL-3.0-or-later
"""shadow: users, groups and their passwords (CLFS: Shadow)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

_SET_UID = ("chage", "chfn", "chsh", "expiry", "gpasswd", "newgidmap", "newgrp", "newuidmap", "passwd", "su")


def _settle(sh: Script) -> None:
    """Passwords by yescrypt, mail where the FHS has it, and no second folder of programs in PATH (LFS)."""
    sh.replace("etc/login.defs", "#ENCRYPT_METHOD DES", "ENCRYPT_METHOD YESCRYPT")
    sh.replace("etc/login.defs", "/var/spool/mail", "/var/mail")
    sh.replace("etc/login.defs", "PATH=/sbin:/bin:/usr/sbin:/usr/bin", "PATH=/usr/sbin:/usr/bin")
    sh.replace("etc/login.defs", "PATH=/bin:/usr/bin", "PATH=/usr/bin")


def _finish(sh: Script) -> None:
    """Set-uid programs; and what others have: groups (coreutils) and man-pages' own."""
    sh.mode(0o4755, *(f"/usr/bin/{program}" for program in _SET_UID))
    sh.sh("""
        rm "$OUT/usr/bin/groups"
        find "$OUT/usr/share/man" \\( -name groups.1 -o -name getspnam.3 -o -name passwd.5 \\) -delete
    """)


recipe = Recipe("shadow").autotools(
    "final",
    needs=("libxcrypt-{bits}", "attr-{bits}", "acl-{bits}"),
    options=(
        "--with-yescrypt",
        "--with-acl",
        "--with-attr",
        "--disable-logind",
        "--without-audit",
        "--without-btrfs",
        "--without-libbsd",
        "--without-libpam",
        "--without-selinux",
        "--without-nscd",
        "--without-sssd",
        "--without-tcb",
    ),
    cache={"shadow_cv_maildir": "/var/mail", "shadow_cv_mailfile": "none", "shadow_cv_logdir": "/var/log"},
    make=("exec_prefix=/usr",),  # by default, the root
    before=_settle,
    after=_finish,
)
