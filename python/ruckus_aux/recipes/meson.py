# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that Meson configures."""

from ruckus_aux.recipes.script import Script


def meson_setup(sh: Script, *options: str) -> None:
    """Unpack, patch and configure a package in $BUILD; it takes no library that its options do not ask for.

    Args:
        sh: The step; it needs Meson from now on.
        options: Of `meson setup`, besides the stage's.
    """
    sh.toolchain()
    sh.needs("meson", "ninja", "pkgconf", "python", f"expat-{sh.abi.bits}")
    sh.unpack()
    sh.patch()
    words = (
        *(f"{name}='{sh.compilers[name]}'" for name in ("CC", "CFLAGS")),
        f'meson setup "$BUILD" --prefix={sh.prefix} --libdir={sh.libdir}',
    )
    standard = ("--sysconfdir=/etc", "--localstatedir=/var", "--buildtype=plain", "-Dauto_features=disabled")
    sh.sh(" \\\n    ".join([" ".join(words), *standard, *options]))
