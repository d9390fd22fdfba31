# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU patch (CLFS: Patch)."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = (
    Recipe("patch")
    .autotools("stage1")
    .autotools(
        "final",
        needs=("attr-{bits}",),
        cache={"ac_cv_path_ED": "ed"},  # of whoever calls it
        after=lambda sh: sh.sh("grep '^#define USE_XATTR 1' config.h"),
        check=Check(
            expected=dict.fromkeys(
                ("tests/crlf-handling", "tests/ed-style", "tests/need-filename"),
                "the ed that there is for now is BusyBox's, which does not know `ed -`",
            )
        ),
    )
)
