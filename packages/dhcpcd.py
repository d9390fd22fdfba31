# SPDX-License-Identifier: GPL-3.0-or-later
"""dhcpcd: asks networks for addresses. Its configure is not autoconf's."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("dhcpcd").autotools(
    "final",
    defaults=False,
    options=(
        "--prefix={prefix}",
        "--sysconfdir=/etc",
        "--libdir={libdir}",
        "--libexecdir=/usr/lib/dhcpcd",
        "--dbdir=/var/lib/dhcpcd",
        "--runstatedir=/run",
        "--privsepuser=dhcpcd",
        "--without-openssl",  # its own checksums
        "--without-udev",
    ),
    before=lambda sh: sh.sh("BUILD=$SRC"),  # it can't be built elsewhere
    after=lambda sh: sh.owner("dhcpcd", "/var/lib/dhcpcd"),
)
