# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU sed (CLFS: Sed)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = (
    Recipe("sed")
    .autotools("stage1")
    .autotools(
        "final",
        needs=("acl-{bits}", "attr-{bits}"),  # it keeps a file's access control list
        options=("--enable-acl", "--without-selinux"),
        after=lambda sh: sh.sh("grep '^#define USE_ACL 1' config.h"),
        check=Check(),
    )
)
