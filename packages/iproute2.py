# SPDX-License-Identifier: GPL-3.0-or-later
"""iproute2 (CLFS: IPRoute2): ip, ss, tc and bridge. Its makefile runs configure, which is not autoconf's."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("iproute2")


@recipe.step("final")
def final(sh: Script) -> None:
    """Programs for networks"""
    sh.toolchain()
    sh.unpack()
    # Without libraries that it would ask pkg-config for: libbpf, libcap, libelf, libmnl, SELinux, TI-RPC.
    words = (
        f"CC={sh.compilers['CC']}",
        f"CCOPTS={sh.compilers['CFLAGS']}",
        "PKG_CONFIG=false",
        "SBINDIR=/usr/sbin",
        "NETNS_RUN_DIR=/run/netns",
    )
    sh.make(*words)
    sh.install(*words)
    sh.sh("""
        rm -r "$OUT/var" "$OUT/usr/share/man/man8/arpd.8"  # there is no arpd, which wants Berkeley DB
    """)
