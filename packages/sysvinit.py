# SPDX-License-Identifier: GPL-3.0-or-later
"""sysvinit (CLFS: Sysvinit): init, halt and shutdown."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("sysvinit")

# Not last, mesg, sulogin, utmpdump and wall, which are util-linux's, nor logsave, which is e2fsprogs'.
_SBIN = ("bootlogd", "fstab-decode", "halt", "init", "killall5", "runlevel", "shutdown")
_LINKS = ("poweroff", "reboot", "telinit")


@recipe.step("final")
def final(sh: Script) -> None:
    """init, and what ends it"""
    sh.toolchain()
    sh.unpack()
    compilers = (f"{name}={sh.compilers[name]}" for name in ("CC", "CFLAGS"))
    words = (
        *compilers,
        f"SBIN={' '.join(_SBIN)}",
        "USRBIN=readbootlog",
        "MAN1=readbootlog.1",
        f"MAN8={' '.join(f'{name}.8' for name in sorted((*_SBIN, *_LINKS)))}",
        "base_bindir=/usr/bin",
        "base_sbindir=/usr/sbin",
        "bindir=/usr/bin",
        "includedir=/usr/include",
    )
    sh.make(*words)
    sh.install(*words, root="ROOT")
    sh.sh('rm "$OUT/usr/bin/pidof" "$OUT/usr/bin/lastb"')  # procps', and a link to util-linux's last
