# SPDX-License-Identifier: GPL-3.0-or-later
"""MarkupSafe: text that is safe in HTML, for Jinja2 (LFS: MarkupSafe)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("markupsafe").pip(
    needs=("setuptools", "packaging"),
    # Without a compiler that works, it would be Python alone.
    after=lambda sh: sh.sh(f'ls "$OUT{sh.libdir}"/python3*/site-packages/markupsafe/_speedups.*.so'),
)
