# SPDX-License-Identifier: GPL-3.0-or-later
"""util-linux (CLFS: Util-linux): libuuid, libblkid, libmount for the final system; programs in place of BusyBox."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import Abi

_OPTIONS = (
    "--disable-static",
    "--runstatedir=/run",
    # Owners and modes are for bootstrap-install.
    "--disable-makeinstall-chown",
    "--disable-makeinstall-setuid",
    # For users' passwords and logins the system has BusyBox, and later shadow:
    "--disable-chfn-chsh",
    "--disable-login",
    "--disable-nologin",
    "--disable-runuser",
    "--disable-setpriv",
    "--disable-su",
    "--disable-liblastlog2",  # needs SQLite
    # For what the system does not have:
    "--disable-asciidoc",
    "--disable-pylibmount",
    "--without-python",
    "--without-systemd",
    "--without-udev",
    # Whatever of this the system has by then:
    "--without-cap-ng",
    "--without-libmagic",
    "--without-libz",
)
_PLACES = {"ADJTIME_PATH": "/var/lib/hwclock/adjtime"}  # FHS

recipe = Recipe("util-linux").autotools(
    "stage2",
    options=(*_OPTIONS, "--disable-bash-completion", "--without-readline", "--without-tinfo"),
    env=_PLACES,
    replaces=("stage1/busybox",),
)

_LIBRARIES = ("libuuid", "libblkid", "libmount", "libsmartcols", "libfdisk")


@recipe.step("final", per_abi=True)
def final(sh: Script, abi: Abi) -> None:
    """Programs for disks, logins and processes, and their libraries"""
    sh.unpack()
    sh.in_source()
    if abi == sh.arch.main_abi:
        sh.needs(*(f"{library}-{abi.bits}" for library in ("ncurses", "readline", "libxcrypt")))
        own: tuple[str, ...] = ("--with-ncursesw", "--with-readline", "--without-tinfo", "--disable-uuidd")
        own += ("--enable-sulogin",)  # without being asked for, it is left out where crypt(3) is not found
        sh.set_uid("/usr/bin/mount", "/usr/bin/umount")
        sh.owner("root:tty", "/usr/bin/wall")
        sh.mode(0o2755, "/usr/bin/wall")
    else:
        own = ("--disable-all-programs", *(f"--enable-{library}" for library in _LIBRARIES))
    sh.configure("--bindir=/usr/bin", "--sbindir=/usr/sbin", *_OPTIONS, *own, env=_PLACES)
    sh.make()
    sh.install()
    sh.main_abi_only()
