# SPDX-License-Identifier: GPL-3.0-or-later
"""shadow: users, groups and their passwords (CLFS: Shadow)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

_SET_UID = ("chage", "chfn", "chsh", "expiry", "gpasswd", "newgidmap", "newgrp", "newuidmap", "passwd", "su")
_PATH = "/usr/local/bin:/usr/bin"
_PATH_OF_ROOT = f"/usr/local/sbin:{_PATH}:/usr/sbin"


def _prepare(sh: Script) -> None:
    """Set-uid programs; passwords by yescrypt, mail where the FHS has it, private homes, and PATH of /etc/profile."""
    sh.set_uid(*(f"/usr/bin/{program}" for program in _SET_UID))
    sh.replace("etc/login.defs", "#ENCRYPT_METHOD DES", "ENCRYPT_METHOD YESCRYPT")
    sh.replace("etc/login.defs", "/var/spool/mail", "/var/mail")
    sh.replace("etc/login.defs", "PATH=/sbin:/bin:/usr/sbin:/usr/bin", f"PATH={_PATH_OF_ROOT}")
    sh.replace("etc/login.defs", "PATH=/bin:/usr/bin", f"PATH={_PATH}")
    sh.replace("etc/login.defs", "#HOME_MODE", "HOME_MODE")


def _finish(sh: Script) -> None:
    """Manuals, but for those that man-pages has; and what useradd looks for."""
    sh.sh('nm -D "$OUT/usr/bin/newuidmap" | grep -w capset')  # it gives up the rights that it does not need
    sh.install("install-man", directory="man")
    sh.sh("""
        cd "$OUT"
        rm usr/share/man/man3/getspnam.3 usr/share/man/man5/passwd.5
        mkdir etc/default
        echo GROUP=999 > etc/default/useradd  # of those without a group of their own (LFS)
        touch etc/subuid etc/subgid  # newuidmap: useradd gives numbers where these are
    """)


recipe = Recipe("shadow").autotools(
    "final",
    needs=("libxcrypt-{bits}", "attr-{bits}", "acl-{bits}", "libcap-{bits}"),
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
    before=_prepare,
    after=_finish,
)
