# SPDX-License-Identifier: GPL-3.0-or-later
"""dhcpcd: asks networks for addresses. Its configure is not autoconf's."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

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
        "--disable-seccomp",  # under a kernel with such filters, it ended without a word and an address
        "--without-openssl",  # its own checksums
        "--without-udev",
        "--with-hooks=",  # more than its own: for servers of time, which it looks for
    ),
    before=Script.in_source,
    after=lambda sh: sh.owner("dhcpcd", "/var/lib/dhcpcd"),
)
