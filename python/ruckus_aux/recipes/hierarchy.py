# SPDX-License-Identifier: GPL-3.0-or-later
"""The final system before any package is in it: the folders and files that packages/base makes.

The places are those of the FHS.
"""

from pathlib import PurePath

DIRECTORIES = (
    *("boot", "dev", "home", "media", "mnt", "proc", "run", "srv", "sys"),
    *("etc/ld.so.conf.d", "etc/opt", "etc/profile.d", "etc/skel", "etc/sysctl.d", "opt"),
    *("usr/include", "usr/lib/sysctl.d", "usr/share/info", "usr/src"),
    *(f"usr/local/{name}" for name in ("bin", "etc", "games", "include", "lib", "sbin", "share/man", "src")),
    *(f"var/{name}" for name in ("cache", "lib/hwclock", "lib/misc", "lib/sshd")),
    *(f"var/{name}" for name in ("local", "log", "mail", "opt", "spool")),
)
PRIVATE, COMMON = ("root",), ("tmp", "var/tmp")  # folders of other modes
LINKS = {"var/run": "../run", "var/lock": "../run/lock", "etc/mtab": "../proc/self/mounts"}
ETC = (
    *("fstab", "group", "inittab", "inputrc", "issue", "nsswitch.conf", "os-release", "passwd", "profile", "shells"),
    "syslog.conf",
)
_CONFIGURED = (
    "gshadow",
    "hostname",
    "hosts",
    "locale.conf",
    "localtime",
    "ruckus-release",
    "shadow",
    "subgid",
    "subuid",
)

# What has to be a folder, and what can't be one.
_LOWEST = (*DIRECTORIES, *PRIVATE, *COMMON, "boot/grub", "etc/rc.d/boot.d", "etc/rc.d/service.d", "usr/bin", "usr/sbin")
ROOT_FOLDERS = {str(path) for name in _LOWEST for path in (PurePath(name), *PurePath(name).parents[:-1])}
ROOT_FILES = {*LINKS, *(f"etc/{name}" for name in (*ETC, *_CONFIGURED)), "boot/grub/grub.cfg"}
