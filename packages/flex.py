# SPDX-License-Identifier: GPL-3.0-or-later
"""flex: the scanner generator that the kernel's configuration and binutils need (CLFS: Flex)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = (
    Recipe("flex")
    .autotools("hostprep", tools=("m4", "bison"), options=("--disable-nls",))
    .autotools(
        "stage1",
        tools=("m4", "bison"),
        options=("--disable-static",),
        # It runs m4 by the path that configure has found: the system's, not the host's, but for while it is built.
        cache={
            "ac_cv_path_M4": "{prefix}/bin/m4",
            "ac_cv_func_malloc_0_nonnull": "yes",
            "ac_cv_func_realloc_0_nonnull": "yes",
        },
        make=("M4=m4",),
    )
    .autotools("final", after=lambda sh: sh.sh('ln -s flex "$OUT/usr/bin/lex"'), check=Check())
)
