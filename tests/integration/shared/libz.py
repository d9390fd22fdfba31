# SPDX-License-Identifier: GPL-3.0-or-later
"""zlib once more, as the cross tools are built: from a shared source, with objects that architectures share."""

from ruckus_aux.recipes.recipe import Recipe, Script

recipe = Recipe("libz", source="zlib")


@recipe.step("cross", cpu=4, shared_cpu=2, memory=50, profiles=("tiny",))
def cross(sh: Script) -> None:
    """the library"""
    sh.share_objects("all")
    sh.shared_source()
    sh.edit("zlib.h")
    sh.configure("--static", f"--prefix={sh.prefix_cross}/z", env="CFLAGS=-O2")
    sh.make()
    sh.make('install DESTDIR="$OUT"')
