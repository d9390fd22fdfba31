# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU patch (CLFS: Patch)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = (
    Recipe("patch")
    .autotools("stage1")
    .autotools("final", needs=("attr-{bits}",), after=lambda sh: sh.sh("grep '^#define USE_XATTR 1' config.h"))
)
