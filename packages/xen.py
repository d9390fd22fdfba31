# SPDX-License-Identifier: GPL-3.0-or-later
"""Xen: the hypervisor. The tools that speak to it are those of dom0's distribution, so their version is its version."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.recipes.stages import HOST_CC, HOST_CXX

recipe = Recipe("xen")


@recipe.step("stage1", when=lambda settings: bool(settings.xen_version))
def hypervisor(sh: Script) -> None:
    """The hypervisor, in /boot"""
    sh.freestanding()
    sh.tools("m4", "bison", "flex")  # for its Kconfig
    sh.needs("cross/binutils", "cross/gcc-static", "cross/linux-headers", f"cross/glibc-{sh.abi.bits}")
    sh.unpack(f"xen-{sh.settings.xen_version}")
    sh.patch()
    # Who built it, where and when would be in what it says of itself.
    sh.sh("""
        export XEN_WHOAMI=clfs XEN_DOMAIN=ruckus XEN_BUILD_HOST=ruckus XEN_BUILD_TIME=00:00:00
        export XEN_BUILD_DATE="$(date -d @$SOURCE_DATE_EPOCH)"
    """)
    words = [f"CROSS_COMPILE={sh.target}-", f"HOSTCC={HOST_CC}", f"HOSTCXX={HOST_CXX}"]
    sh.make(*words, "defconfig", directory="xen")
    sh.make(*words, "debug=n", directory="xen")
    sh.sh("""
        mkdir -p "$OUT/boot"
        cp xen/xen.gz "$OUT/boot/xen.gz"
    """)
