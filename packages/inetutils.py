# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Inetutils (CLFS: Inetutils): hostname, ifconfig, ping, telnet, ftp, and the logger of the system."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script


def _prepare(sh: Script) -> None:
    sh.in_source()
    sh.set_uid("/usr/bin/ping", "/usr/bin/ping6", "/usr/bin/traceroute")  # raw sockets
    # gcc 14 refuses to declare tgetent as if it were from before C89.
    sh.replace("telnet/telnet.c", "#ifdef HAVE_TERMCAP_TGETENT", "#if 1")


def _finish(sh: Script) -> None:
    sh.sh('mv "$OUT/usr/bin/ifconfig" "$OUT/usr/sbin"')
    sh.sh("""
        readelf -d "$OUT/usr/bin/ftp" | grep -F '[libreadline.so'
        readelf -d "$OUT/usr/bin/telnet" | grep -F '[libncursesw.so'
    """)


recipe = Recipe("inetutils").autotools(
    "final",
    needs=("ncurses-{bits}", "readline-{bits}"),
    options=(
        "--libexecdir=/usr/sbin",  # of syslogd
        "--disable-servers",
        "--enable-syslogd",
        # util-linux has logger; the others want servers of their kind.
        *(f"--disable-{name}" for name in ("logger", "rcp", "rexec", "rlogin", "rsh", "talk", "tftp", "whois")),
        *(f"--without-{name}" for name in ("idn", "krb5", "pam", "shishi", "wrap")),
    ),
    cache={"ac_cv_lib_crypt_crypt": "no"},  # of servers
    make=("SUIDMODE=",),
    before=_prepare,
    after=_finish,
)
