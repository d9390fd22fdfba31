# SPDX-License-Identifier: GPL-3.0-or-later
"""XZ Utils (CLFS: XZ Utils)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = (
    Recipe("xz")
    .autotools("stage1", per_abi=True, options=("--disable-static", "--disable-doc"))
    .autotools("final", per_abi=True, options=("gl_cv_posix_shell=/bin/sh",), check=Check())  # of its scripts
)
