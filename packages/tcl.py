# SPDX-License-Identifier: GPL-3.0-or-later
"""Tcl (CLFS: Tcl): for expect, which runs test suites, and for building SQLite."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("tcl")


_INSTALL = ("install-binaries", "install-libraries", "install-headers", "install-private-headers")


def _build(sh: Script, *install: str, options: tuple[str, ...] = ()) -> None:
    sh.unpack()
    sh.patch()
    sh.sh("SRC=$SRC/unix")
    sh.configure("--disable-rpath", *options)
    sh.make("binaries", "libraries")
    # What is built with it finds headers where they are installed, not where it was built.
    sh.sh(f"""
        sed -i "s,$BUILD,{sh.libdir},g; s,${{SRC%/unix}},{sh.prefix}/include,g" tclConfig.sh
    """)
    sh.install(*install)
    sh.sh(f'ln -s tclsh{sh.version().rpartition(".")[0]} "$OUT{sh.prefix}/bin/tclsh"')


@recipe.step("stage2")
def stage2(sh: Script) -> None:
    """tcl, built by the system itself"""
    _build(sh, *_INSTALL)


@recipe.step("final")
def final(sh: Script) -> None:
    """Tcl: tclsh, and its library"""
    sh.needs(f"zlib-{sh.abi.bits}")
    _build(sh, *_INSTALL, "install-msgs", "install-doc", options=("--mandir=/usr/share/man",))
    sh.sh('mv "$OUT/usr/share/man/man3/Thread.3" "$OUT/usr/share/man/man3/Tcl_Thread.3"  # perl has one (LFS)')
