# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU MP: arbitrary precision arithmetic, for gcc (CLFS: GMP)."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import Abi


def _without_manual(sh: Script) -> None:
    # Debian's tarball has no doc/, but configure wants its Makefile.
    sh.sh('[ -e doc/Makefile.in ] || { mkdir -p doc; echo "all install check clean:" > doc/Makefile.in; }')


# With its triplets, gmp does not tune itself to the processor that builds it.
recipe = (
    Recipe("gmp")
    # Static: the cross tools need no library of ours to run.
    .autotools("hostprep", tools=("m4",), options=("--disable-shared", "--enable-cxx"), before=_without_manual)
    .autotools("stage1", tools=("m4",), options=("--disable-static",), before=_without_manual)
)


def _own_headers(sh: Script, abi: Abi) -> list[str]:
    """Where another ABI than the main one has its headers: gmp.h depends on the size of a word (LFS multilib)."""
    return [] if abi == sh.arch.main_abi else [f"include/m{abi.bits}/gmp"]


@recipe.check("final", Check(critical=True), per_abi=True)
def _build(sh: Script, abi: Abi) -> None:
    sh.needs("adjusting")
    sh.unpack()
    _without_manual(sh)
    sh.configure("--enable-cxx", *(f"--includedir={sh.prefix}/{folder}" for folder in _own_headers(sh, abi)))
    sh.make()


@recipe.step("final", per_abi=True)
def final(sh: Script, abi: Abi) -> None:
    """Library for arithmetic, also for C++"""
    _build(sh, abi)
    sh.install(*(f"includeexecdir={sh.prefix}/{folder}" for folder in _own_headers(sh, abi)))
    sh.main_abi_only(*(f"{folder}/*" for folder in _own_headers(sh, abi)))
