# SPDX-License-Identifier: GPL-3.0-or-later
"""bzip2 (CLFS: Bzip2)."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import Abi

recipe = Recipe("bzip2")


@recipe.step("stage1", per_abi=True)
def stage1(sh: Script, abi: Abi) -> None:
    """bzip2 and its shared library"""
    _build(sh, f"CC={sh.target}-gcc {abi.flag}", f"AR={sh.target}-ar", f"RANLIB={sh.target}-ranlib")
    _install(sh)
    sh.sh(f'rm -r "$OUT{sh.prefix}/man" "$OUT{sh.prefix}/lib"')
    _with_shared_library(sh)


@recipe.check("final", Check(), per_abi=True)
def _build_final(sh: Script, _: Abi) -> None:
    _build(sh, f"CC={sh.compilers['CC']} {sh.compilers['CFLAGS']}")  # it has CFLAGS of its own


@recipe.step("final", per_abi=True)
def final(sh: Script, abi: Abi) -> None:
    """bzip2 and its shared library"""
    _build_final(sh, abi)
    _install(sh)
    sh.sh(f"""
        mkdir "$OUT{sh.prefix}/share"
        mv "$OUT{sh.prefix}/man" "$OUT{sh.prefix}/share"
        rm -r "$OUT{sh.prefix}/lib"
    """)
    _with_shared_library(sh)


def _build(sh: Script, *words: str) -> None:
    sh.toolchain()
    sh.unpack()
    sh.make(*words, "-f", "Makefile-libbz2_so")
    sh.make("clean")  # of objects that are not static programs'
    sh.make(*words, "bzip2", "bzip2recover", "libbz2.a")


def _install(sh: Script) -> None:
    sh.replace("Makefile", "ln -s -f $(PREFIX)/bin/", "ln -s -f ")  # links without $OUT
    sh.make("install", f"PREFIX=$OUT{sh.prefix}")


def _with_shared_library(sh: Script) -> None:
    sh.sh(f"""
        mkdir -p "$OUT{sh.libdir}"
        cp -a libbz2.so.* "$OUT{sh.libdir}"
        ln -s libbz2.so.{sh.version()} "$OUT{sh.libdir}/libbz2.so"
        cp bzip2-shared "$OUT{sh.prefix}/bin/bzip2"
        ln -sf bzip2 "$OUT{sh.prefix}/bin/bunzip2"
        ln -sf bzip2 "$OUT{sh.prefix}/bin/bzcat"
    """)
    sh.main_abi_only()
