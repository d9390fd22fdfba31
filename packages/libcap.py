# SPDX-License-Identifier: GPL-3.0-or-later
"""libcap: capabilities, into which root's power is divided (CLFS: Libcap)."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import Abi

recipe = Recipe("libcap")


_WITHOUT = ("USE_GPERF=no", "PAM_CAP=no", "GOLANG=no")  # whatever of this is there


@recipe.check("final", Check(make=("test", "CC=gcc -m{bits}", *_WITHOUT)), per_abi=True)
def _build(sh: Script, abi: Abi) -> tuple[str, ...]:
    sh.toolchain()
    sh.unpack()
    words = (
        f"CC={sh.compilers['CC']}",
        f"COPTS={sh.compilers['CFLAGS']}",
        f"prefix={sh.prefix}",
        f"lib={abi.libdir}",
        *_WITHOUT,
    )
    sh.make(*words)
    return words


@recipe.step("final", per_abi=True)
def final(sh: Script, abi: Abi) -> None:
    """Library and programs for capabilities"""
    sh.install(*_build(sh, abi))
    sh.sh(f'rm "$OUT{sh.libdir}"/lib*.a')
    sh.main_abi_only()
