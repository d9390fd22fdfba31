# SPDX-License-Identifier: GPL-3.0-or-later
"""zlib once more, as the cross tools are built: from a shared source, with objects that architectures share."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("libz", source="zlib")


@recipe.step("cross")
def cross(sh: Script) -> None:
    """the library"""
    sh.share_objects("all")
    sh.shared_source()
    sh.configure("--static", f"--prefix={sh.prefix}/z", defaults=False)
    sh.make()
    sh.install()
