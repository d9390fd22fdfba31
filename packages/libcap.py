# SPDX-License-Identifier: GPL-3.0-or-later
"""libcap: capabilities, into which root's power is divided (CLFS: Libcap)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import Abi

recipe = Recipe("libcap")


@recipe.step("final", per_abi=True)
def final(sh: Script, abi: Abi) -> None:
    """Library and programs for capabilities"""
    sh.toolchain()
    sh.unpack()
    words = (
        f"CC={sh.compilers['CC']}",
        f"COPTS={sh.compilers['CFLAGS']}",
        f"prefix={sh.prefix}",
        f"lib={abi.libdir}",
        # Whatever of this is there:
        "USE_GPERF=no",
        "PAM_CAP=no",
        "GOLANG=no",
    )
    sh.make(*words)
    sh.install(*words)
    sh.sh(f'rm "$OUT{sh.libdir}"/lib*.a')
    sh.main_abi_only()
