# SPDX-License-Identifier: GPL-3.0-or-later
"""pkgconf: tells packages how to compile and link with what is installed (CLFS: Pkg-config-lite)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script


def _names(sh: Script) -> None:
    """pkg-config, and TRIPLET-pkg-config for the libraries of another ABI (LFS multilib)."""
    sh.sh('ln -s pkgconf "$OUT/usr/bin/pkg-config"')
    for abi in sh.arch.abis[:-1]:
        folders = f"/usr/{abi.libdir}/pkgconfig:/usr/share/pkgconfig"
        sh.write(
            f"$OUT/usr/share/pkgconfig/personality.d/{abi.triplet}.personality",
            f"""
Triplet: {abi.triplet}
SysrootDir: /
DefaultSearchPaths: {folders}
SystemIncludePaths: /usr/include
SystemLibraryPaths: /usr/{abi.libdir}
""",
        )
        sh.sh(f'ln -s pkgconf "$OUT/usr/bin/{abi.triplet}-pkg-config"')


recipe = Recipe("pkgconf").autotools(
    "final",
    options=(
        "--with-system-includedir=/usr/include",
        "--with-system-libdir={libdir}",
    ),
    after=_names,
)
