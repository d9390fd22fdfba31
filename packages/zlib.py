# SPDX-License-Identifier: GPL-3.0-or-later
"""zlib (CLFS: Zlib); for the host, libelf is linked with it. Its configure is not autoconf's."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script

recipe = (
    Recipe("zlib")
    # Static, but to go into shared libraries.
    .autotools("hostprep", defaults=False, options=("--static", "--prefix={prefix}"), env={"CFLAGS": "-O2 -fPIC"})
    .autotools(
        "stage1",
        per_abi=True,
        defaults=False,
        options=("--prefix={prefix}", "--libdir={libdir}"),
        env={"CHOST": "{target}"},  # what it calls --host
        after=lambda sh: sh.sh(f'rm "$OUT{sh.libdir}/libz.a"'),
    )
    .autotools(
        "final",
        per_abi=True,
        needs=("adjusting",),
        defaults=False,
        options=("--prefix={prefix}", "--libdir={libdir}"),
        after=lambda sh: sh.sh(f'rm "$OUT{sh.libdir}/libz.a"'),
        check=Check(),
    )
)


@recipe.step("stage2", name="zlib-check")
def check(sh: Script) -> None:
    """Test suite of zlib, run by the system itself"""
    sh.tests_only()
    sh.unpack()
    sh.configure(defaults=False)
    sh.make("check")
