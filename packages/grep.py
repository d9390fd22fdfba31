# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU grep (CLFS: Grep)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = (
    Recipe("grep")
    .autotools("stage1")
    .autotools(
        "final",
        options=("--disable-perl-regexp",),
        # No warning of egrep and fgrep, which test suites take for an error (LFS).
        before=lambda sh: sh.replace("src/egrep.sh", "echo ", "# echo "),
        check=Check(),
    )
)
