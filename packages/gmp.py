# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU MP: arbitrary precision arithmetic, for the cross gcc."""

from ruckus_aux.recipes.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("gmp")


@recipe.step("hostprep", cpu=52, memory=80)
def hostprep(sh: Script) -> None:
    """Gmp for the host, static, so that the cross tools need no library of ours at run time"""
    sh.tools("m4")
    sh.unpack()
    # Debian's tarball has no doc/, but configure wants its Makefile.
    sh.sh('[ -e doc/Makefile.in ] || { mkdir -p doc; echo "all install check clean:" > doc/Makefile.in; }')
    # Without explicit --build and --host, gmp tunes itself to the processor that builds it.
    sh.configure(
        f"--prefix={sh.prefix_hostprep}",
        f"--build={BUILD_MACHINE}",
        f"--host={BUILD_MACHINE}",
        "--disable-shared",
        "--enable-cxx",
    )
    sh.make()
    sh.make('install DESTDIR="$OUT"')
