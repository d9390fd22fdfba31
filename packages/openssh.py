# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSH: remote logins. The machine's keys are made when it starts for the first time."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("openssh")


@recipe.step("final")
def final(sh: Script) -> None:
    """ssh, sftp, scp, and the server"""
    sh.needs(*(f"{library}-{sh.abi.bits}" for library in ("openssl", "zlib", "libxcrypt")))
    sh.unpack()
    sh.in_source()
    sh.set_uid("/usr/libexec/ssh-keysign")  # it reads the machine's keys
    sh.configure(
        "--sysconfdir=/etc/ssh",
        "--with-privsep-user=sshd",  # who answers before a login,
        "--with-privsep-path=/var/lib/sshd",  # and sees nothing else
        "--with-sandbox=seccomp_filter",
        "--with-pid-dir=/run",
        "--with-lastlog=/var/log/lastlog",
        "--with-default-path=/usr/local/bin:/usr/bin",  # as /etc/profile sets them
        "--with-superuser-path=/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin",
        "--with-mantype=doc",
        "--disable-strip",
        *(f"--without-{name}" for name in ("kerberos5", "ldns", "libedit", "pam", "security-key-builtin", "selinux")),
    )
    sh.make()
    sh.install("install-nokeys")
