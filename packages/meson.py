# SPDX-License-Identifier: GPL-3.0-or-later
"""Meson: plans the build of what is not configured by autotools (LFS: Meson)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("meson").pip(
    needs=("setuptools", "packaging"),
    after=lambda sh: sh.sh("""
        completions="$OUT/usr/share/bash-completion/completions"
        install -D -m 644 data/shell-completions/bash/meson "$completions/meson"
    """),
)
