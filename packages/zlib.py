# SPDX-License-Identifier: GPL-3.0-or-later
"""zlib: libelf is linked with it. Static, but to go into shared libraries; its configure is not autoconf's."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("zlib").autotools(
    "hostprep", defaults=False, options=("--static", "--prefix={prefix}"), env={"CFLAGS": "-O2 -fPIC"}
)
