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
    sh.needs("meson", "ninja", "pkgconf", "python", f"expat-{sh.arch.main_abi.bits}")  # Python reads XML
    sh.unpack()
    sh.patch()
    variables = {name: sh.compilers[name] for name in ("CC", "CFLAGS")}
    if sh.abi != sh.arch.main_abi:
        variables["PKG_CONFIG"] = f"{sh.abi.triplet}-pkg-config"
    words = (
        *(f"{name}='{value}'" for name, value in variables.items()),
        f'meson setup "$BUILD" --prefix={sh.prefix} --libdir={sh.libdir}',
    )
    standard = ("--sysconfdir=/etc", "--localstatedir=/var", "--buildtype=plain", "-Dauto_features=disabled")
    sh.sh(" \\\n    ".join([" ".join(words), *standard, *options]))
