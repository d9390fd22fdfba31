# SPDX-License-Identifier: GPL-3.0-or-later
"""util-linux (CLFS: Util-linux): libuuid, libblkid, libmount for the final system; programs in place of BusyBox."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("util-linux").autotools(
    "stage2",
    options=(
        "--disable-static",
        "--runstatedir=/run",
        # Owners and modes are for bootstrap-install, and nothing here has to be set-uid.
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
        "--disable-bash-completion",
        "--disable-pylibmount",
        "--without-python",
        "--without-systemd",
        "--without-udev",
        # Whatever of this the system has by then:
        "--without-cap-ng",
        "--without-libmagic",
        "--without-libz",
        "--without-readline",
        "--without-tinfo",
    ),
    env={"ADJTIME_PATH": "/var/lib/hwclock/adjtime"},
    replaces=("stage1/busybox",),
)
